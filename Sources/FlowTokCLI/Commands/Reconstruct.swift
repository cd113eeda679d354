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

                EXAMPLES
                  flowtok reconstruct fox.png
                  flowtok reconstruct fox.png -o fox-again.png
                  flowtok reconstruct fox.png --compare          writes fox-compare.png, before and after side by side
                  flowtok reconstruct fox.png --tokens 1,4,16,64,256 --model flextok_d18_d28_dfn
                  flowtok reconstruct fox.png --progressive --steps 20 --guidance 7.5 --seed 7 --model flextok_d12_d12_in1k
                  flowtok reconstruct *.png --compare -o compared --model tokenizer_titok_l32_imagenet
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help: "The picture to write, .png, .jpg or .webp; for several pictures a folder (default: none, NAME-compare.png or NAME-tokens.png).",
        completion: .file())
    var output: String?

    @Flag(help: "Write the picture before and after, side by side.")
    var compare = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Numbers of tokens to decode, where the model decodes any number; makes a strip.", valueName: "n,n,…"))
    var tokens: TokenCounts?

    @Flag(help: "The same with 1, 2, 4, … and all tokens.")
    var progressive = false

    @Flag(help: "Print a JSON object a picture.")
    var json = false

    @OptionGroup(title: "Decoder")
    var decoding: DecodingOptions

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    private var isStrip: Bool { tokens != nil || progressive }

    func validate() throws {
        if tokens != nil, progressive { throw ValidationError("--tokens and --progressive: expected one of them") }
        if isStrip, compare { throw ValidationError("--compare: a strip of numbers of tokens holds the picture before already") }
    }

    func run() throws {
        let first = try PictureInput.image(images[0])
        let outputs = try outputs()
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        let options = try decoding.options(for: tokenizer)
        let counts = progressive ? TokenCounts.doubling(of: tokenizer) : tokens
        try counts?.check(for: tokenizer)
        let progress = DecodingProgress(total: images.count * (counts?.counts.count ?? 1))
        var all: [Measures] = []
        for (index, file) in images.enumerated() {
            let picture = try index == 0 ? first : PictureInput.image(file)
            let before = tokenizer.square(of: picture)
            let tokens = try tokenizer.encode(picture)
            try progress.check()
            var (pictures, measures): ([Image], [Measures]) = ([], [])
            for count in counts?.counts.map(Optional.some) ?? [nil] {
                let after = try tokenizer.decode(
                    count.map { tokens.prefix($0, channels: tokenizer.codeChannels) } ?? tokens, caption: caption.prompt, options: options,
                    progress: progress.step)
                try progress.finishPicture()
                pictures.append(after)
                measures.append(
                    Measures(
                        file: file, output: outputs?[index], tokens: count, psnr: try after.psnr(to: before),
                        ssim: try after.ssim(to: before)))
            }
            if let output = outputs?[index] { try drawing(before, pictures, measures).write(to: output) }
            for measure in measures { try tell(measure) }
            all += measures
            Console.warn(tokenizer.warnings)
        }
        if images.count > 1, !json {
            for count in counts?.counts.map(Optional.some) ?? [nil] {
                Console.print("mean of \(images.count): \(Measures(meanOf: all.filter { $0.tokens == count }).line)")
            }
        }
    }

    private func tell(_ measures: Measures) throws {
        if json { return try Console.print(json: measures) }
        let name = measures.output ?? (images.count > 1 ? measures.file : nil)
        Console.print((name.map { "\($0): " } ?? "") + measures.line)
    }

    /// The picture to write.
    private func drawing(_ before: Image, _ after: [Image], _ measures: [Measures]) throws -> Image {
        guard isStrip else { return compare ? try Image.strip([before, after[0]], gap: 4) : after[0] }
        let labels = ["original"] + measures.map { "\($0.tokens ?? 0): \($0.psnr.formatted(digits: 1)) dB" }
        return try Image.strip(zip([before] + after, labels).map { $0.labelled($1) }, gap: 4)
    }

    /// The file to write for every picture; nil where none is asked for.
    private func outputs() throws -> [String]? {
        let suffix = compare ? "-compare.png" : isStrip ? "-tokens.png" : ".png"
        let names = images.map { InputFile.stem($0) + suffix }
        let isFolder = images.count > 1 || output.map { $0.hasSuffix("/") || InputFile.isFolder($0) } == true
        guard isFolder, let output else {
            guard output != nil || compare || isStrip else { return nil }
            let paths = output.map { [$0] } ?? names
            for path in paths { try OutputPath.checkFormat(path) }
            try check(paths)
            return paths
        }
        try OutputPath.make(folder: output)
        let paths = names.map { output.hasSuffix("/") ? output + $0 : output + "/" + $0 }
        try check(paths)
        return paths
    }

    /// Throws where nothing could be written, or two pictures would go to one file or over themselves.
    private func check(_ paths: [String]) throws {
        try OutputPath.check(files: paths)
        guard Set(paths).count == paths.count else {
            throw Failure(.usage, "two of the pictures would be written to one file, expected different names")
        }
        if images.count > 1, let own = paths.first(where: images.contains) {
            throw Failure(.usage, "\(own) would be written over, expected another folder")
        }
    }

    private struct Measures: Encodable {
        let file: String
        let output: String?
        let tokens: Int?
        let psnr: Double
        let ssim: Double

        init(file: String, output: String?, tokens: Int?, psnr: Double, ssim: Double) {
            self.file = file
            self.output = output
            self.tokens = tokens
            self.psnr = psnr
            self.ssim = ssim
        }

        init(meanOf all: [Measures]) {
            let count = Double(max(1, all.count))
            self.init(
                file: "", output: nil, tokens: all.first?.tokens, psnr: all.reduce(0) { $0 + $1.psnr } / count,
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
