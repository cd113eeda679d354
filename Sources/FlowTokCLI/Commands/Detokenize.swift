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
                TA-TiTok are guided by a caption: of a tokenizer alone, --prompt needs CLIP, and without CLIP zeros guide.

                EXAMPLES
                  flowtok detokenize fox.safetensors -o fox-again.png
                  flowtok detokenize fox.json --model tokenizer_titok_l32_imagenet
                  flowtok detokenize fox.json --model tatitok_bl128_vq.bin --clip clip --prompt "a red fox"
                """)
    }

    @Argument(
        help: ArgumentHelp("A file that flowtok tokenize wrote with the same model, or - for standard input.", valueName: "tokens"),
        completion: .file(extensions: ["safetensors", "json"]))
    var tokens: String

    @Option(
        name: .shortAndLong,
        help: "The picture to write, .png, .jpg or .webp, in place of one that is there, or - for standard output (default: NAME-decoded.png, a new file).",
        completion: .file())
    var output: String?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        model.protect()
        ProtectedFiles.add(caption.clip.clip + [tokens])
        guard tokens == "-" || InputFile.isThere(tokens) else { throw Failure(.missing, "\(tokens): no such file") }
        guard !InputFile.isFolder(tokens) else { throw Failure(.data, "\(tokens): is a folder, expected a file of tokens") }
        var taken: Set<String> = []
        var output =
            self.output.map { overwriting.named($0) }
            ?? OutputFile(like: InputFile.stem(tokens == "-" ? "standard-input" : tokens) + "-decoded.png", taken: &taken)
        try OutputPath.checkFormat(output.path)
        try output.prepare()
        let input = try SpooledInput(tokens)
        defer { withExtendedLifetime(input) {} }
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        Console.warnWhenDone { tokenizer.warnings }
        let found = try TokenFile.read(
            from: input.path, by: tokenizer.identity, codebookSize: tokenizer.tokenizer.tokens.codebookSize,
            channels: tokenizer.codeChannels)
        let picture: Image
        do {
            picture = try tokenizer.decode(found, caption: caption.prompt)
        } catch let error as ImageTokenizerError {
            // The tokens are at fault, and the user wants to know which.
            throw Failure(.data, "\(tokens): \(error)")
        }
        try output.write(picture)
        if !quiet { Console.print("\(output.path): \(picture.width)×\(picture.height) pixels") }
    }
}
