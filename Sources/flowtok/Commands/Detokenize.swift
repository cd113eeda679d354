import ArgumentParser
import FlowTok
import Images

/// `flowtok detokenize`.
struct Detokenize: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Turn tokens into a picture.",
            discussion: """
                EXAMPLES
                  flowtok detokenize fox.safetensors -o fox-again.png
                """)
    }

    @Argument(
        help: ArgumentHelp("A file that flowtok tokenize wrote with the same model.", valueName: "tokens"),
        completion: .file(extensions: ["safetensors"]))
    var tokens: String

    @Option(name: .shortAndLong, help: "The PNG to write (default: NAME-decoded.png).", completion: .file())
    var output: String?

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let output = output ?? InputFile.stem(tokens) + "-decoded.png"
        guard InputFile.isThere(tokens) else { throw Failure(.missing, "\(tokens): no such file") }
        try OutputPath.checkIsPNG(output)
        try OutputPath.check(file: output)
        let flowtok = try model.open()
        let latents = try TokenFile.read(from: tokens, model: flowtok.configuration.name)
        let picture = try flowtok.imageTokenizer.decode(latents)
        try picture.write(to: output)
        Console.print("\(output): \(picture.width)×\(picture.height) pixels")
    }
}
