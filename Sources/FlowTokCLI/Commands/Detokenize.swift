import ArgumentParser
import Files
import FlowTok
import Images
import Networks

/// `flowtok detokenize`.
struct Detokenize: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Turn tokens into a picture.",
            discussion: """
                Tokens belong to the model that made them, and another one refuses them. The decoders of FlowTiTok and \
                TA-TiTok are guided by a caption: of a tokenizer alone, --prompt needs CLIP, and without CLIP zeros guide. \
                FlexTok's is a flow from noise (--seed) in --steps steps, and decodes any prefix of its tokens (--tokens).

                EXAMPLES
                  flowtok detokenize fox.safetensors -o fox-again.png
                  flowtok detokenize fox.json --model tokenizer_titok_l32_imagenet
                  flowtok detokenize fox.json --model flextok_d18_d28_dfn --tokens 16 --steps 20 --seed 7
                  flowtok detokenize fox.json --model tatitok_bl128_vq.bin --clip clip --prompt "a red fox"
                """)
    }

    @Argument(
        help: ArgumentHelp("A file that flowtok tokenize wrote with the same model, or - for standard input.", valueName: "tokens"),
        completion: .file(extensions: ["safetensors", "json"]))
    var file: String

    @Option(
        name: .shortAndLong,
        help: "The picture to write, .png, .jpg or .webp, in place of one that is there, or - for standard output (default: NAME-decoded.png, a new file).",
        completion: .file())
    var output: String?

    @Option(parsing: .unconditional, help: "Decode the first so many tokens alone, where the model decodes any number (default: all).")
    var tokens: Int?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object: file, output, width, height.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Decoder")
    var decoding: DecodingOptions

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        model.protect()
        ProtectedFiles.add(caption.clip.clip + [file])
        guard file == "-" || InputFile.isThere(file) else { throw Failure(.missing, "\(file): no such file") }
        guard !InputFile.isFolder(file) else { throw Failure(.data, "\(file): is a folder, expected a file of tokens") }
        var taken: Set<String> = []
        var output =
            self.output.map { overwriting.named($0) }
            ?? OutputFile(like: InputFile.stem(file == "-" ? "standard-input" : file) + "-decoded.png", taken: &taken)
        try OutputPath.checkFormat(output.path)
        try output.prepare()
        let input = try SpooledInput(file)
        defer { withExtendedLifetime(input) {} }
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        Console.warnWhenDone { tokenizer.warnings }
        let options = try decoding.options(for: tokenizer)
        if let tokens { try TokenCounts([tokens]).check(for: tokenizer) }
        let channels = tokenizer.codeChannels
        let found = try input.named {
            try TokenFile.read(
                from: $0, by: tokenizer.identity, codebookSize: tokenizer.tokenizer.tokens.codebookSize, channels: channels)
        }
        let progress = DecodingProgress(total: 1, on: ProgressLine(enabled: !quiet, onlyOnTerminal: true))
        let picture: Image
        do {
            picture = try tokenizer.decode(
                tokens.map { found.prefix($0, channels: channels) } ?? found, caption: caption.prompt, options: options,
                progress: progress.step)
            try progress.finishPicture()
        } catch let error as ImageTokenizerError {
            // The tokens are at fault, and the user wants to know which.
            throw Failure(.data, "\(file): \(error)")
        }
        try output.write(picture)
        if json {
            try Console.print(json: Line(file: file, output: output.path, width: picture.width, height: picture.height))
        } else if !quiet {
            Console.print("\(output.path): \(picture.width)×\(picture.height) pixels")
        }
    }

    /// What `--json` prints.
    private struct Line: Encodable {
        let file: String
        let output: String
        let width: Int
        let height: Int
    }
}
