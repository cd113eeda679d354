import ArgumentParser
import Files
import FlowTok
import Images
import Networks
import Tensors

/// `flowtok tokenize`.
struct Tokenize: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Turn pictures into their tokens.",
            discussion: """
                A picture is resized and cropped to the model's square. Continuous tokens go to a safetensors file with one \
                tensor, "latents", of shape [1, K, D]; entries of a codebook go to a JSON file. Either names the model it \
                belongs to.

                The model is a FlowTok, or an image tokenizer alone: TiTok, TA-TiTok, FlowTiTok, FlexTok, GigaTok, \
                MaskGIT-VQGAN or TokenBridge's autoencoder, as a folder of the hub, one that flowtok import described, or a \
                checkpoint. Of FlexTok's tokens any prefix is the picture, in less detail: --tokens keeps so many.

                EXAMPLES
                  flowtok tokenize fox.png
                  flowtok tokenize fox.png -o fox-tokens.safetensors
                  flowtok tokenize fox.png --model tokenizer_titok_l32_imagenet     writes fox.json
                  flowtok tokenize fox.png --model flextok_d18_d28_dfn --tokens 64
                  flowtok tokenize *.png --model titok_bl64_vae_c16.bin -o tokens
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help: "The file to write (default: NAME.safetensors or NAME.json); for several pictures a folder.", completion: .file())
    var output: String?

    @Option(parsing: .unconditional, help: "Keep the first so many tokens, where the model decodes any number (default: all).")
    var tokens: Int?

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let intoFolder = images.count > 1 || output.map { $0.hasSuffix("/") || InputFile.isFolder($0) } == true
        let first = try PictureInput.image(images[0])
        if intoFolder {
            try checkNames()
            if let output { try OutputPath.make(folder: output) }
        } else {
            try OutputPath.check(file: output ?? InputFile.stem(images[0]) + ".safetensors")
        }
        let tokenizer = try model.openTokenizer()
        if let tokens { try TokenCounts([tokens]).check(for: tokenizer) }
        for (index, file) in images.enumerated() {
            var found = try tokenizer.encode(index == 0 ? first : PictureInput.image(file))
            if let tokens { found = found.prefix(tokens, channels: tokenizer.codeChannels) }
            let path = try path(of: file, found, intoFolder: intoFolder)
            try TokenFile.write(found, channels: tokenizer.codeChannels, by: tokenizer.identity, to: path)
            Console.print("\(path): \(describe(found, tokenizer))")
            Console.warn(tokenizer.warnings)
        }
    }

    private func path(of image: String, _ tokens: ImageTokens, intoFolder: Bool) throws -> String {
        let name = InputFile.stem(image) + "." + TokenFile.suffix(of: tokens)
        if intoFolder { return output.map { $0.hasSuffix("/") ? $0 + name : $0 + "/" + name } ?? name }
        guard let output else { return name }
        let other = TokenFile.suffix(of: tokens) == "json" ? ".safetensors" : ".json"
        guard !output.lowercased().hasSuffix(other) else {
            throw Failure(
                .usage,
                "\(output): this model's tokens are written as \(TokenFile.suffix(of: tokens)), expected a name that ends in .\(TokenFile.suffix(of: tokens))")
        }
        return output
    }

    /// Throws where two pictures would give files of one name.
    private func checkNames() throws {
        var seen: [String: String] = [:]
        for image in images {
            if let other = seen.updateValue(image, forKey: InputFile.stem(image)) {
                throw Failure(.usage, "\(other) and \(image) would both be written as \(InputFile.stem(image)), expected different names")
            }
        }
    }

    private func describe(_ tokens: ImageTokens, _ tokenizer: AnyImageTokenizer) -> String {
        switch tokens {
        case .latents(let latents): "\(latents.shape[1]) tokens of \(latents.shape[2]) numbers"
        case .indices(let indices):
            TokenShape(count: indices[0].count / tokenizer.codeChannels, values: tokenizer.tokenizer.tokens.values).summary
        }
    }
}
