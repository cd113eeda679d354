import ArgumentParser
import Files
import FlowTok
import Images
import Networks
import Tensors

/// `flowtok quantize`.
struct Quantize: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Round the latents of an image tokenizer to a few values each, and measure what is lost.",
            discussion: """
                Post-training quantization as in TokenBridge: every channel of the latents is brought to mean 0 and \
                deviation 1, and cut into bins that a normal distribution fills alike; a number becomes the mean of its \
                bin. Nothing is trained. Means and deviations are those of the pictures that are given, or the model's own \
                where it was published with them, and latents are the means of their posteriors.

                For every number of bins: PSNR and SSIM between what the decoder makes of the rounded latents and of the \
                latents as they are, the mean over all pictures; PSNR to the pictures themselves; and the bytes of a \
                picture's codes. Of a FlexTok the latents of its autoencoder are rounded. Other models of integer tokens have no \
                latents to round.

                EXAMPLES
                  flowtok quantize Models/default fox.png cat.png
                  flowtok quantize titok_bl64_vae_c16.bin Pictures --bins 16,64
                  flowtok quantize kl16.ckpt *.png --bins 8,16,32,64 --json
                """)
    }

    @Argument(help: ArgumentHelp("A model folder, or the checkpoint of an image tokenizer.", valueName: "model"), completion: .file())
    var path: String

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files, or folders of them.", valueName: "images"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(help: "Numbers of bins, 2 to 512, with commas between them.")
    var bins = "8,16,32,64"

    @Option(
        parsing: .unconditional,
        help: "Deviations up to which numbers are told apart (default: 5 as in the paper, 4 for fewer than 16 bins).")
    var range: Double?

    @Option(parsing: .unconditional, help: "Threads to use (default: the cores that the process may use).")
    var threads: Int?

    @Option(
        name: [.customLong("precision"), .customLong("type")],
        help: "The type of weights and matrix products (default: what a packed model is packed as; float32).")
    var precision: Precision?

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print a JSON object for every number of bins.")
    var json = false

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    func validate() throws {
        _ = try levels()
        if let range, !(range > 0 && range <= 1000) { throw ValidationError("--range is \(range), expected a number above 0") }
        if let threads { try checkThreads(threads) }
    }

    private func levels() throws -> [Int] {
        try bins.split(separator: ",", omittingEmptySubsequences: false).map { text in
            guard let number = Int(text.trimmed), GaussianQuantizer.bounds.contains(number) else {
                throw ValidationError(
                    "--bins has \"\(text)\", expected numbers from \(GaussianQuantizer.bounds.lowerBound) to \(GaussianQuantizer.bounds.upperBound)")
            }
            return number
        }
    }

    func run() throws {
        if let threads { Machine.threads = threads }
        let files = try PictureList(images).files
        let first = try PictureInput.image(files[0])
        let opened = try AnyImageTokenizer(path: path, precision: precision)
        Console.warn(opened.warnings)
        guard let (tokenizer, known) = opened.continuous else {
            throw Failure(.data, "\(path): its tokens are \(opened.tokenizer.tokens.summary), expected a tokenizer of latents")
        }
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        // Pictures at the model's size, their latents, and what the decoder makes of these.
        var pictures: [(before: Image, latents: Tensor, after: Image)] = []
        for (index, file) in files.enumerated() {
            progress.show(Double(index) / Double(2 * files.count), file)
            let picture = try index == 0 ? first : PictureInput.image(file)
            let tokens = try tokenizer.encode(picture)
            guard let latents = tokens.latents else { throw Failure(.data, "\(path): it gave no latents") }
            guard latents.firstNonFinite == nil else { throw Failure(.data, "\(path): the latents of \(file) are not finite") }
            pictures.append((tokenizer.square(of: picture), latents, try tokenizer.decode(latents)))
        }
        let statistics = known ?? LatentStatistics(of: .concatenated(pictures.map(\.latents), axis: 1))
        let levels = try levels()
        for (round, count) in levels.enumerated() {
            let quantizer = LatentQuantizer(statistics, levels: count, range: range.map { Float($0) })
            var sums = Measures(bins: count, pictures: pictures.count, tokens: pictures[0].latents.shape[1] * statistics.mean.count)
            for (index, picture) in pictures.enumerated() {
                progress.show(
                    0.5 + Double(round * pictures.count + index) / Double(2 * levels.count * pictures.count), "\(count) bins")
                let rounded = try tokenizer.decode(quantizer.rounded(picture.latents))
                sums.add(
                    psnr: try rounded.psnr(to: picture.after), ssim: try rounded.ssim(to: picture.after),
                    toPicture: try rounded.psnr(to: picture.before), unquantized: try picture.after.psnr(to: picture.before))
            }
            progress.finish()
            if json { try Console.print(json: sums) } else { Console.print(sums.line) }
        }
    }

    /// Means over the pictures.
    private struct Measures: Encodable {
        let bins: Int
        let pictures: Int
        /// Bytes of the codes of a picture, each as many bits as its bins need.
        let bytes: Int
        var psnr = 0.0
        var ssim = 0.0
        var psnrToPicture = 0.0
        var unquantizedPSNRToPicture = 0.0

        enum CodingKeys: String, CodingKey {
            case bins, pictures, bytes, psnr, ssim
            case psnrToPicture = "psnr_to_picture"
            case unquantizedPSNRToPicture = "unquantized_psnr_to_picture"
        }

        init(bins: Int, pictures: Int, tokens: Int) {
            self.bins = bins
            self.pictures = pictures
            let bits = Int.bitWidth - (bins - 1).leadingZeroBitCount
            bytes = (tokens * bits + 7) / 8
        }

        mutating func add(psnr: Double, ssim: Double, toPicture: Double, unquantized: Double) {
            let share = 1 / Double(pictures)
            self.psnr += psnr * share
            self.ssim += ssim * share
            psnrToPicture += toPicture * share
            unquantizedPSNRToPicture += unquantized * share
        }

        var line: String {
            let to = "\(psnrToPicture.formatted(digits: 2)) dB to the picture (unquantized \(unquantizedPSNRToPicture.formatted(digits: 2)))"
            return "\(bins) bins: PSNR \(psnr.formatted(digits: 2)) dB, SSIM \(ssim.formatted(digits: 4)); \(to); \(bytes) bytes"
        }
    }
}
