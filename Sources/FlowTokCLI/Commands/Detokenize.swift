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
        help: ArgumentHelp("A file that flowtok tokenize wrote with the same model.", valueName: "tokens"),
        completion: .file(extensions: ["safetensors", "json"]))
    var tokens: String

    @Option(name: .shortAndLong, help: "The picture to write, .png, .jpg or .webp (default: NAME-decoded.png).", completion: .file())
    var output: String?

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let output = output ?? InputFile.stem(tokens) + "-decoded.png"
        guard InputFile.isThere(tokens) else { throw Failure(.missing, "\(tokens): no such file") }
        guard !InputFile.isFolder(tokens) else { throw Failure(.data, "\(tokens): is a folder, expected a file of tokens") }
        try OutputPath.checkFormat(output)
        try OutputPath.check(file: output)
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        defer { Console.warn(tokenizer.warnings) }
        let found = try TokenFile.read(
            from: tokens, by: tokenizer.identity, codebookSize: tokenizer.tokenizer.tokens.codebookSize,
            channels: tokenizer.codeChannels)
        let picture: Image
        do {
            picture = try tokenizer.decode(found, caption: caption.prompt)
        } catch let error as ImageTokenizerError {
            // The tokens are at fault, and the user wants to know which.
            throw Failure(.data, "\(tokens): \(error)")
        }
        try picture.write(to: output)
        Console.print("\(output): \(picture.width)×\(picture.height) pixels")
    }
}
