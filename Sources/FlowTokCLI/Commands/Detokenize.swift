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
        help: ArgumentHelp("A file that flowtok tokenize wrote with the same model.", valueName: "tokens"),
        completion: .file(extensions: ["safetensors", "json"]))
    var file: String

    @Option(name: .shortAndLong, help: "The picture to write, .png, .jpg or .webp (default: NAME-decoded.png).", completion: .file())
    var output: String?

    @Option(parsing: .unconditional, help: "Decode the first so many tokens alone, where the model decodes any number (default: all).")
    var tokens: Int?

    @OptionGroup(title: "Decoder")
    var decoding: DecodingOptions

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let output = output ?? InputFile.stem(file) + "-decoded.png"
        guard InputFile.isThere(file) else { throw Failure(.missing, "\(file): no such file") }
        guard !InputFile.isFolder(file) else { throw Failure(.data, "\(file): is a folder, expected a file of tokens") }
        try OutputPath.checkFormat(output)
        try OutputPath.check(file: output)
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        let options = try decoding.options(for: tokenizer)
        if let tokens { try TokenCounts([tokens]).check(for: tokenizer) }
        let channels = tokenizer.codeChannels
        let found = try TokenFile.read(
            from: file, by: tokenizer.identity, codebookSize: tokenizer.tokenizer.tokens.codebookSize, channels: channels)
        let progress = DecodingProgress(total: 1)
        let picture: Image
        do {
            picture = try tokenizer.decode(
                tokens.map { found.prefix($0, channels: channels) } ?? found, caption: caption.prompt, options: options,
                progress: progress.step)
            try progress.finishPicture()
        } catch let error as ImageTokenizerError {
            if case .unfitWeights = error { throw error }
            // The tokens are at fault, and the user wants to know which.
            throw Failure(.data, "\(file): \(error)")
        }
        Console.warn(tokenizer.warnings)
        try picture.write(to: output)
        Console.print("\(output): \(picture.width)×\(picture.height) pixels")
    }
}
