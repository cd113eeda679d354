import ArgumentParser
import Files
import FlowTok
import Images

/// `flowtok reconstruct`.
struct Reconstruct: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Send pictures through the image tokenizer and back, and measure what is lost.",
            discussion: """
                PSNR and SSIM compare with the picture after it was resized and cropped to the model's square. The model is a \
                FlowTok or any image tokenizer, see flowtok help tokenize. The decoders of FlowTiTok and TA-TiTok are guided \
                by a caption: of a tokenizer alone, --prompt needs CLIP, and without CLIP zeros guide.

                Of FlexTok's tokens any prefix decodes: --tokens tells numbers of them, --progressive takes 1, 2, 4, … and \
                all. The picture and what each number keeps of it go side by side into NAME-tokens.png, with the PSNR under \
                each; all are drawn from the same noise (--seed).

                The file that -o names is replaced; names that flowtok makes are those of new files.

                EXAMPLES
                  flowtok reconstruct fox.png
                  flowtok reconstruct fox.png -o fox-again.png
                  flowtok reconstruct fox.png --compare          writes fox-compare.png, before and after side by side
                  flowtok reconstruct fox.png --tokens 1,4,16,64,256 --model flextok_d18_d28_dfn
                  flowtok reconstruct fox.png --progressive --steps 20 --guidance 7.5 --seed 7 --model flextok_d12_d12_in1k
                  flowtok reconstruct *.png --compare -o compared --model tokenizer_titok_l32_imagenet
                  flowtok reconstruct shards/*.tar -o reconstructed --output-format webdataset
                  flowtok reconstruct pictures -o reconstructed --shard 0/8      an eighth of them; flowtok merge reconstructed
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files, WebDataset archives, and folders of them; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help:
            "The picture to write, .png, .jpg or .webp, or - for standard output; for several pictures a folder (default: none, NAME-compare.png or NAME-tokens.png).",
        completion: .file())
    var output: String?

    @OptionGroup
    var overwriting: OverwriteOptions

    @OptionGroup
    var sharing: BatchOptions

    @Flag(help: "Write the picture before and after, side by side.")
    var compare = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Numbers of tokens to decode, where the model decodes any number; makes a strip.", valueName: "n,n,…"))
    var tokens: TokenCounts?

    @Flag(help: "The same with 1, 2, 4, … and all tokens.")
    var progressive = false

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print a JSON object a picture.")
    var json = false

    @OptionGroup(title: "Decoder")
    var decoding: DecodingOptions

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    private var isStrip: Bool { tokens != nil || progressive }

    func validate() throws {
        if tokens != nil, progressive { throw ValidationError("--tokens and --progressive: expected one of them") }
        if isStrip, compare { throw ValidationError("--compare: a strip of numbers of tokens holds the picture before already") }
    }

    func run() throws {
        model.protect()
        ProtectedFiles.add(caption.clip.clip)
        let list = try PictureList(images)
        let work = try sharing.work(list, output: output, archivesNeedFolder: output != nil || compare || isStrip)
        let batch = work == nil ? try PictureBatch(list, verb: "reconstructed") : nil
        var outputs = work == nil ? try outputs(list) : [:]
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        Console.warnWhenDone { tokenizer.warnings }
        let options = try decoding.options(for: tokenizer)
        let numbers = progressive ? TokenCounts.doubling(of: tokenizer) : tokens
        try numbers?.check(for: tokenizer)
        // Nil is all tokens, however many.
        let counts = numbers?.counts.map(Optional.some) ?? [nil]
        /// The picture to write, and how near it comes.
        func reconstruct(_ path: String, _ image: Image, _ progress: DecodingProgress) throws -> (drawing: () throws -> Image, measures: [Measures]) {
            let before = tokenizer.square(of: image)
            let tokens = try tokenizer.encode(image)
            try progress.check()
            var (pictures, measures): ([Image], [Measures]) = ([], [])
            for count in counts {
                let after = try tokenizer.decode(
                    count.map { tokens.prefix($0, channels: tokenizer.codeChannels) } ?? tokens, caption: caption.prompt, options: options,
                    progress: progress.step)
                try progress.finishPicture()
                pictures.append(after)
                measures.append(
                    Measures(file: path, tokens: count, psnr: try after.psnr(to: before), ssim: try after.ssim(to: before)))
            }
            let found = (pictures, measures)
            return ({ try drawing(before, found.0, found.1) }, measures)
        }
        if let work {
            let given: [String: String?] = [
                "compare": compare ? "yes" : nil, "tokens": numbers.map { "\($0.counts)" }, "decoding": "\(options)",
                "prompt": caption.prompt.isEmpty ? nil : caption.prompt, "clip": caption.clip.clip.isEmpty ? nil : BatchIdentity.digest(caption.clip.clip),
            ]
            try work.run(
                "reconstruct", settings: given.merging(model.settings) { $1 }, suffix: "png", quiet: quiet, json: json, verb: "reconstructed"
            ) { path, image in
                let line = ProgressLine(enabled: false)
                let found = try reconstruct(path, image, DecodingProgress(total: counts.count, on: line))
                let picture = try found.drawing().encoded(as: .png)
                return PictureResult(
                    file: ("png", picture),
                    line: { output in
                        var measures = found.measures[found.measures.count - 1]
                        measures.output = output
                        return measures
                    })
            }
            return
        }
        var all: [Measures] = []
        try batch?.run(quiet: quiet, printsOnly: outputs.isEmpty) { picture, image, line in
            let (drawing, measures) = try reconstruct(picture.path, image, DecodingProgress(total: counts.count, on: line))
            try outputs[picture.path]?.write(drawing())
            line.finish()
            for var measure in measures {
                measure.output = outputs[picture.path]?.path
                try tell(measure, isSingle: list.isSingle)
                all.append(measure)
            }
        }
        let pictures = all.count / counts.count
        if pictures > 1, !json, !quiet {
            for count in counts {
                Console.print("mean of \(pictures): \(Measures(meanOf: all.filter { $0.tokens == count }).line)")
            }
        }
    }

    private func tell(_ measures: Measures, isSingle: Bool) throws {
        if json { return try Console.print(json: measures) }
        guard !quiet else { return }
        let name = measures.output ?? (isSingle ? nil : measures.file)
        Console.print((name.map { "\($0): " } ?? "") + measures.line)
    }

    /// The picture to write.
    private func drawing(_ before: Image, _ after: [Image], _ measures: [Measures]) throws -> Image {
        guard isStrip else { return compare ? try Image.strip([before, after[0]], gap: 4) : after[0] }
        let labels = ["original"] + measures.map { "\($0.tokens ?? 0): \($0.psnr.formatted(digits: 1)) dB" }
        return try Image.strip(zip([before] + after, labels).map { $0.labelled($1) }, gap: 4)
    }

    /// The file to write for every picture; empty where none is asked for.
    private func outputs(_ list: PictureList) throws -> [String: OutputFile] {
        let plan = PictureOutputs(list, output: output, overwriting: overwriting)
        guard output != nil || compare || isStrip else { return [:] }
        return try plan.files { FilePath.withoutSuffix($0) + (compare ? "-compare.png" : isStrip ? "-tokens.png" : ".png") }
    }

    private struct Measures: Encodable {
        let file: String
        var output: String?
        let tokens: Int?
        let psnr: Double
        let ssim: Double

        init(file: String, tokens: Int?, psnr: Double, ssim: Double) {
            self.file = file
            self.tokens = tokens
            self.psnr = psnr
            self.ssim = ssim
        }

        init(meanOf all: [Measures]) {
            let count = Double(max(1, all.count))
            self.init(
                file: "", tokens: all.first?.tokens, psnr: all.reduce(0) { $0 + $1.psnr } / count,
                ssim: all.reduce(0) { $0 + $1.ssim } / count)
        }

        var line: String {
            let number = tokens.map { "\($0) \($0 == 1 ? "token" : "tokens"), " } ?? ""
            return number + "PSNR \(psnr.formatted(digits: 2)) dB, SSIM \(ssim.formatted(digits: 4))"
        }
    }
}

extension Image {
    /// The image with a line of text under it, as far as it fits.
    fileprivate func labelled(_ text: String) -> Image {
        let margin = 3
        var labelled = Image(width: width, height: height + Image.textHeight() + 2 * margin, filled: .white)
        labelled.paste(self, x: 0, y: 0)
        labelled.draw(text: text, x: max(0, (width - Image.width(ofText: text)) / 2), y: height + margin)
        return labelled
    }
}
