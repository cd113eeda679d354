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

                The file that -o names is replaced; names that flowtok makes are those of new files.

                EXAMPLES
                  flowtok reconstruct fox.png
                  flowtok reconstruct fox.png -o fox-again.png
                  flowtok reconstruct fox.png --compare          writes fox-compare.png, before and after side by side
                  flowtok reconstruct *.png --compare -o compared --model tokenizer_titok_l32_imagenet
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files, and folders of them; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(
        name: .shortAndLong,
        help: "The picture to write, .png, .jpg or .webp, or - for standard output; for several pictures a folder (default: none, or NAME-compare.png).",
        completion: .file())
    var output: String?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Flag(help: "Write the picture before and after, side by side.")
    var compare = false

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print a JSON object a picture.")
    var json = false

    @OptionGroup(title: "Caption")
    var caption: CaptionOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    func run() throws {
        model.protect()
        ProtectedFiles.add(caption.clip.clip)
        let list = try PictureList(images)
        let batch = try PictureBatch(list, verb: "reconstructed")
        var outputs = try outputs(list)
        let tokenizer = try model.openTokenizer(clip: caption.clip.source)
        Console.warnWhenDone { tokenizer.warnings }
        var (psnrs, ssims): ([Double], [Double]) = ([], [])
        try batch.run(quiet: quiet, printsOnly: outputs.isEmpty) { picture, image, progress in
            let before = tokenizer.square(of: image)
            let after = try tokenizer.decode(tokenizer.encode(image), caption: caption.prompt)
            try outputs[picture.path]?.write(compare ? Image.strip([before, after], gap: 4) : after)
            let measures = Measures(
                file: picture.path, output: outputs[picture.path]?.path, psnr: try after.psnr(to: before), ssim: try after.ssim(to: before))
            psnrs.append(measures.psnr)
            ssims.append(measures.ssim)
            progress.finish()
            if json {
                try Console.print(json: measures)
            } else if !quiet {
                let name = measures.output ?? (list.isSingle ? nil : picture.path)
                Console.print((name.map { "\($0): " } ?? "") + measures.line)
            }
        }
        if psnrs.count > 1, !json, !quiet {
            let count = Double(psnrs.count)
            let mean = Measures(
                file: "", output: nil, psnr: psnrs.reduce(0, +) / count, ssim: ssims.reduce(0, +) / count)
            Console.print("mean of \(psnrs.count): \(mean.line)")
        }
    }

    /// The file to write for every picture; empty where none is asked for.
    private func outputs(_ list: PictureList) throws -> [String: OutputFile] {
        let plan = PictureOutputs(list, output: output, overwriting: overwriting)
        guard output != nil || compare else { return [:] }
        return try plan.files { FilePath.withoutSuffix($0) + (compare ? "-compare.png" : ".png") }
    }

    private struct Measures: Encodable {
        let file: String
        let output: String?
        let psnr: Double
        let ssim: Double

        var line: String { "PSNR \(psnr.formatted(digits: 2)) dB, SSIM \(ssim.formatted(digits: 4))" }
    }
}
