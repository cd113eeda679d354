import ArgumentParser
import FlowTok
import Images
import Tensors

/// `flowtok tokenize`.
struct Tokenize: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Turn a picture into its tokens.",
            discussion: """
                The picture is resized and cropped to the model's square. The file holds one tensor, "latents", of shape \
                [1, K, D], and names the model it belongs to.

                EXAMPLES
                  flowtok tokenize fox.png
                  flowtok tokenize fox.png -o fox-tokens.safetensors
                """)
    }

    @Argument(help: ArgumentHelp("A PNG.", valueName: "image"), completion: .file(extensions: ["png"]))
    var image: String

    @Option(name: .shortAndLong, help: "The file to write (default: NAME.safetensors).", completion: .file())
    var output: String?

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let output = output ?? InputFile.stem(image) + ".safetensors"
        let picture = try Image(path: image)
        try OutputPath.check(file: output)
        let flowtok = try model.open()
        let latents = try flowtok.imageTokenizer.encode(picture)
        try TokenFile.write(latents, model: flowtok.configuration.name, to: output)
        Console.print("\(output): \(latents.shape[1]) tokens of \(latents.shape[2]) numbers")
    }
}
