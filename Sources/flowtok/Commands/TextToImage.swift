import ArgumentParser
import FlowTok
import Foundation
import Images
import Tensors
import Training

/// `flowtok t2i`.
struct TextToImage: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "t2i",
            abstract: "Draw pictures of captions.",
            discussion: """
                One picture goes to a file, by default named after its caption; several go to a folder, numbered in the \
                order of the prompts. Picture k of a run has the seed --seed + k (k from 0), and is the picture that this \
                seed gives alone. A PNG carries its prompt, seed and settings, which flowtok info reads back. Ctrl-C \
                finishes the picture in hand and stops; a second Ctrl-C stops at once.

                EXAMPLES
                  flowtok t2i "a red fox"
                  flowtok t2i "a red fox" --seed 7 --steps 30 -o fox.png
                  flowtok t2i "a cat" "a dog" --count 4 -o pictures
                  flowtok t2i "a cat" --count 9 --grid -o cats.png
                  flowtok t2i "a house" --trajectory
                  flowtok t2i --prompt-file prompts.txt -o pictures --json > pictures.jsonl
                  shuf -n 5 prompts.txt | flowtok t2i - -o pictures
                """)
    }

    @Argument(help: ArgumentHelp("Captions to draw; - reads them from standard input, one a line.", valueName: "prompt"))
    var prompts: [String] = []

    @Option(help: "A file with a prompt a line.", completion: .file())
    var promptFile: String?

    @Option(
        name: .shortAndLong,
        help: "The PNG to write; for several pictures a folder (default: the current one).", completion: .file())
    var output: String?

    @Option(parsing: .unconditional, help: "The first picture's seed (default: a random one, which is told).")
    var seed: UInt64?

    @Option(parsing: .unconditional, help: "Pictures of every prompt.")
    var count = 1

    @Flag(help: "Write one picture that holds all.")
    var grid = false

    @OptionGroup(title: "Sampling")
    var sampling: SamplingOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(help: "Also write a strip that shows the picture forming: NAME-trajectory.png.")
    var trajectory = false

    @Flag(help: "Print one JSON object a line: file, prompt, seed, settings, seconds.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    @Flag(help: "Leave prompt, seed and settings out of the PNG.")
    var noMetadata = false

    func validate() throws {
        if prompts.isEmpty && promptFile == nil { throw ValidationError("no prompt: expected one, or - or --prompt-file") }
        if prompts.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input (-) can be read only once") }
        guard (1...10_000).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 10000") }
    }

    func run() throws {
        let list = try PromptList(arguments: prompts, file: promptFile)
        let plan = try PicturePlan(
            list, count: count, seed: seed ?? UInt64(UInt32.random(in: .min ... .max)), output: output, inOneFile: grid)
        if trajectory { try OutputPath.check(files: plan.pictures.map { PicturePlan.trajectory(beside: $0.file) }) }
        let flowtok = try model.open()
        if grid { try checkGrid(plan, side: flowtok.imageTokenizer.imageSize) }
        try warn(list, flowtok)
        StopRequest.install()

        var drawn: [(GeneratedImage, PictureReport)] = []
        var stoppedAfter: Int?
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        for (index, picture) in plan.pictures.enumerated() {
            if StopRequest.received != nil {
                stoppedAfter = index
                break
            }
            var request = sampling.request(picture.prompt, seed: picture.seed)
            request.recordsTrajectory = trajectory
            let clock = ContinuousClock()
            let start = clock.now
            let image = try flowtok.generate(request) { step in
                let done = Double(index) + Double(step.step) / Double(step.steps)
                progress.show(
                    done / Double(plan.pictures.count),
                    "picture \(index + 1)/\(plan.pictures.count)  step \(step.step)/\(step.steps)")
            }[0]
            let seconds = (clock.now - start) / .seconds(1)
            let report = PictureReport(
                file: picture.file, record: PictureRecord(image),
                trajectory: trajectory ? PicturePlan.trajectory(beside: picture.file) : nil, seconds: seconds)
            if grid {
                drawn.append((image, report))
            } else {
                try write(image, to: report)
                progress.finish()
                try tell(report)
            }
        }
        progress.finish()
        if grid, !drawn.isEmpty {
            try writeGrid(drawn.map(\.0), prompts: list.prompts.count, to: plan.pictures[0].file)
            for (_, report) in drawn { try tell(report) }
        }
        if let stoppedAfter {
            throw Failure(.interrupted, "stopped after \(stoppedAfter) of \(plan.pictures.count) pictures")
        }
    }

    // MARK: - Writing

    private func write(_ image: GeneratedImage, to report: PictureReport) throws {
        try image.image.write(to: report.file, text: noMetadata ? [] : image.pngText)
        if let path = report.trajectory {
            try Image.strip(image.trajectory, gap: 4).write(to: path, text: noMetadata ? [] : image.pngText)
        }
    }

    private func writeGrid(_ images: [GeneratedImage], prompts: Int, to file: String) throws {
        let columns = gridColumns(images.count, prompts: prompts)
        let grid = try Image.grid(images.map(\.image), columns: columns, gap: gap)
        let text = noMetadata ? [] : PictureRecord(grid: grid, of: images)?.pngText ?? []
        try grid.write(to: file, text: text)
        if trajectory {
            let frames = images.map(\.trajectory)
            try Image.grid(frames.flatMap { $0 }, columns: frames[0].count, gap: gap)
                .write(to: PicturePlan.trajectory(beside: file), text: text)
        }
    }

    /// A row to each prompt where every prompt has several pictures, and otherwise as square as can be.
    private func gridColumns(_ pictures: Int, prompts: Int) -> Int {
        prompts > 1 && count > 1 ? count : Int(Double(pictures).squareRoot().rounded(.up))
    }

    private func checkGrid(_ plan: PicturePlan, side: Int) throws {
        let columns = gridColumns(plan.pictures.count, prompts: plan.pictures.count / count)
        let rows = (plan.pictures.count + columns - 1) / columns
        let (width, height) = (columns * (side + gap), rows * (side + gap))
        guard width <= Image.maximumSide, height <= Image.maximumSide, width * height <= Image.maximumPixels else {
            throw Failure(
                .usage, "a grid of \(columns)×\(rows) pictures would have \(width)×\(height) pixels, expected at most \(Image.maximumSide) a side")
        }
    }

    private var gap: Int { 4 }

    // MARK: - Telling

    private func tell(_ report: PictureReport) throws {
        if json {
            try Console.print(json: report)
        } else if !quiet {
            Console.print(report.line)
        }
    }

    /// Says which prompts the model cannot read to the end, and where it stops reading.
    private func warn(_ list: PromptList, _ flowtok: FlowTok) throws {
        for (index, prompt) in list.prompts.enumerated() {
            guard let offset = try flowtok.captions.cut(prompt) else { continue }
            let name = list.prompts.count == 1 ? "the prompt" : "prompt \(index + 1)"
            let kept = String(decoding: prompt.utf8.prefix(offset), as: UTF8.self).trimmed
            Console.report(
                "warning: \(name) is too long for the model and is cut at byte \(offset) of \(prompt.utf8.count), after \"\(kept.ending(40))\"")
        }
    }
}
