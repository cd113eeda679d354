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

                EXAMPLES
                  flowtok reconstruct fox.png
                  flowtok reconstruct fox.png -o fox-again.png
                  flowtok reconstruct fox.png --compare          writes fox-compare.png, before and after side by side
                  flowtok reconstruct *.png --compare -o compared --model tokenizer_titok_l32_imagenet
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help: "The picture to write, .png, .jpg or .webp; for several pictures a folder (default: none, or NAME-compare.png).", completion: .file())
    var output: String?

    @Flag(help: "Write the picture before and after, side by side.")
    var compare = false

    @Flag(help: "Print a JSON object a picture.")
    var json = false

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let first = try PictureInput.image(images[0])
        let outputs = try outputs()
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        defer { Console.warn(tokenizer.warnings) }
        var (psnrs, ssims): ([Double], [Double]) = ([], [])
        for (index, file) in images.enumerated() {
            let picture = try index == 0 ? first : PictureInput.image(file)
            let before = tokenizer.square(of: picture)
            let after = try tokenizer.decode(tokenizer.encode(picture), caption: caption.prompt)
            if let output = outputs?[index] {
                try (compare ? Image.strip([before, after], gap: 4) : after).write(to: output)
            }
            let measures = Measures(
                file: file, output: outputs?[index], psnr: try after.psnr(to: before), ssim: try after.ssim(to: before))
            psnrs.append(measures.psnr)
            ssims.append(measures.ssim)
            if json {
                try Console.print(json: measures)
            } else {
                let name = measures.output ?? (images.count > 1 ? file : nil)
                Console.print((name.map { "\($0): " } ?? "") + measures.line)
            }
        }
        if images.count > 1, !json {
            let count = Double(images.count)
            let mean = Measures(
                file: "", output: nil, psnr: psnrs.reduce(0, +) / count, ssim: ssims.reduce(0, +) / count)
            Console.print("mean of \(images.count): \(mean.line)")
        }
    }

    /// The file to write for every picture; nil where none is asked for.
    private func outputs() throws -> [String]? {
        let names = images.map { InputFile.stem($0) + (compare ? "-compare.png" : ".png") }
        let isFolder = images.count > 1 || output.map { $0.hasSuffix("/") || InputFile.isFolder($0) } == true
        guard isFolder, let output else {
            guard output != nil || compare else { return nil }
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
        let psnr: Double
        let ssim: Double

        var line: String { "PSNR \(psnr.formatted(digits: 2)) dB, SSIM \(ssim.formatted(digits: 4))" }
    }
}
