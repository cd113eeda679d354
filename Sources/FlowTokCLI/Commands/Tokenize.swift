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
                  flowtok tokenize shards/*.tar -o tokens --output-format webdataset
                  flowtok tokenize pictures -o tokens --shard 0/8       an eighth of them; flowtok merge tokens
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files, WebDataset archives, and folders of them; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help:
            "The file to write, in place of one that is there, or - for standard output; for several pictures a folder (default: NAME.safetensors or NAME.json, a new file).",
        completion: .file())
    var output: String?

    @Option(parsing: .unconditional, help: "Keep the first so many tokens, where the model decodes any number (default: all).")
    var tokens: Int?

    @OptionGroup
    var overwriting: OverwriteOptions

    @OptionGroup
    var sharing: BatchOptions

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a line: file, output, model.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        model.protect()
        let list = try PictureList(images)
        if let work = try sharing.work(list, output: output, archivesNeedFolder: true) { return try run(work) }
        let batch = try PictureBatch(list, verb: "tokenized")
        let plan = PictureOutputs(list, output: output, overwriting: overwriting)
        try plan.prepare()
        let tokenizer = try model.openTokenizer()
        Console.warnWhenDone { tokenizer.warnings }
        if let tokens { try TokenCounts([tokens]).check(for: tokenizer) }
        let suffix = tokenizer.tokenizer.tokens.codebookSize == nil ? "safetensors" : "json"
        if let output, !plan.isFolder {
            let other = suffix == "json" ? ".safetensors" : ".json"
            guard !output.lowercased().hasSuffix(other) else {
                throw Failure(
                    .usage, "\(output): this model's tokens are written as \(suffix), expected a name that ends in .\(suffix)")
            }
        }
        var files = try plan.files { FilePath.withoutSuffix($0) + "." + suffix }
        try batch.run(quiet: quiet, printsOnly: false) { picture, image, progress in
            var found = try tokenizer.encode(image)
            if let tokens { found = found.prefix(tokens, channels: tokenizer.codeChannels) }
            try files[picture.path]?.write { path, replacing in
                try TokenFile.write(
                    found, channels: tokenizer.codeChannels, by: tokenizer.identity, to: path, replacing: replacing)
            }
            progress.finish()
            guard let path = files[picture.path]?.path else { return }
            if json {
                try Console.print(json: Line(file: picture.path, output: path, model: tokenizer.identity.name))
            } else if !quiet {
                Console.print("\(path): \(describe(found, tokenizer))")
            }
        }
    }

    private func run(_ work: PictureWork) throws {
        let tokenizer = try model.openTokenizer()
        Console.warnWhenDone { tokenizer.warnings }
        if let tokens { try TokenCounts([tokens]).check(for: tokenizer) }
        let suffix = tokenizer.tokenizer.tokens.codebookSize == nil ? "safetensors" : "json"
        let settings: [String: String?] = ["tokens": tokens.map { "\($0)" }]
        try work.run(
            "tokenize", settings: settings.merging(model.settings) { $1 }, suffix: suffix, quiet: quiet, json: json, verb: "tokenized"
        ) { path, image in
            var found = try tokenizer.encode(image)
            if let tokens { found = found.prefix(tokens, channels: tokenizer.codeChannels) }
            let bytes = try TokenFile.bytes(found, channels: tokenizer.codeChannels, by: tokenizer.identity)
            return PictureResult(file: (suffix, bytes), line: { Line(file: path, output: $0 ?? "", model: tokenizer.identity.name) })
        }
    }

    /// A line of `--json`.
    private struct Line: Encodable {
        let file: String
        let output: String
        let model: String
    }

    private func describe(_ tokens: ImageTokens, _ tokenizer: AnyImageTokenizer) -> String {
        switch tokens {
        case .latents(let latents): "\(latents.shape[1]) tokens of \(latents.shape[2]) numbers"
        case .indices(let indices):
            TokenShape(count: indices[0].count / tokenizer.codeChannels, values: tokenizer.tokenizer.tokens.values).summary
        }
    }
}
