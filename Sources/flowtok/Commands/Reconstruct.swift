import ArgumentParser
import FlowTok
import Images

/// `flowtok reconstruct`.
struct Reconstruct: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Send a picture through the image tokenizer and back, and measure what is lost.",
            discussion: """
                PSNR and SSIM compare with the picture after it was resized and cropped to the model's square.

                EXAMPLES
                  flowtok reconstruct fox.png
                  flowtok reconstruct fox.png -o fox-again.png
                  flowtok reconstruct fox.png --compare          writes fox-compare.png, before and after side by side
                """)
    }

    @Argument(help: ArgumentHelp("A PNG.", valueName: "image"), completion: .file(extensions: ["png"]))
    var image: String

    @Option(name: .shortAndLong, help: "The PNG to write (default: none, or NAME-compare.png).", completion: .file())
    var output: String?

    @Flag(help: "Write the picture before and after, side by side.")
    var compare = false

    @Flag(help: "Print a JSON object.")
    var json = false

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func run() throws {
        let picture = try Image(path: image)
        let output = output ?? (compare ? InputFile.stem(image) + "-compare.png" : nil)
        if let output {
            try OutputPath.checkIsPNG(output)
            try OutputPath.check(file: output)
        }
        let flowtok = try model.open()
        let tokenizer = flowtok.imageTokenizer
        let before = picture.centerSquare(tokenizer.imageSize)
        let after = try tokenizer.decode(try tokenizer.encode(picture))
        if let output { try (compare ? Image.strip([before, after], gap: 4) : after).write(to: output) }
        let psnr = try after.psnr(to: before)
        let ssim = try after.ssim(to: before)
        if json {
            try Console.print(json: Measures(file: image, output: output, psnr: psnr, ssim: ssim))
        } else {
            let name = output.map { "\($0): " } ?? ""
            Console.print("\(name)PSNR \(psnr.formatted(digits: 2)) dB, SSIM \(ssim.formatted(digits: 4))")
        }
    }

    private struct Measures: Encodable {
        let file: String
        let output: String?
        let psnr: Double
        let ssim: Double
    }
}
