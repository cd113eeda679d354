import ArgumentParser
import Files
import FlowTok
import Foundation
import Images

/// `flowtok morph`.
struct Morph: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Draw the way from one caption to another.",
            discussion: """
                A flow starts at its words, and between the words of two captions lie others that nobody has said. Every frame \
                is drawn from a place between the two, with one seed. The result is an animated PNG, or with --strip one \
                picture that shows all frames side by side.

                EXAMPLES
                  flowtok morph "a cat" "a dog"
                  flowtok morph "a cat" "a dog" --frames 16 -o cat-dog.png
                  flowtok morph "a cat" "a dog" --frames 8 --strip -o cat-dog.webp
                """)
    }

    @Argument(help: "The caption of the first frame.")
    var from: String

    @Argument(help: "The caption of the last frame.")
    var to: String

    @Option(
        name: .shortAndLong,
        help: "The picture to write, in place of one that is there; - is standard output (default: a new file, named after both captions).",
        completion: .file())
    var output: String?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Option(parsing: .unconditional, help: "Frames, 2 to 1000, both ends included.")
    var frames = 16

    @Flag(help: "Write the frames side by side instead of an animation.")
    var strip = false

    @Flag(help: "Play to the end and back, so that the animation has no jump.")
    var back = false

    @Option(parsing: .unconditional, help: "Milliseconds that a frame of the animation is shown.")
    var delay = 80

    @Option(parsing: .unconditional, help: "The seed of all frames (default, and -1: random; the seed used is printed).")
    var seed: SeedChoice?

    @OptionGroup(title: "Sampling")
    var sampling: FlowOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object: file, prompt, seed, settings, seconds.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    @Flag(help: "Leave prompts, seed and settings out of the file.")
    var noMetadata = false

    func validate() throws {
        guard (2...1000).contains(frames) else { throw ValidationError("--frames is \(frames), expected 2 to 1000") }
        guard (1...65_535).contains(delay) else { throw ValidationError("--delay is \(delay), expected 1 to 65535 milliseconds") }
        guard !(strip && back) else { throw ValidationError("--back is for animations, and --strip makes none") }
    }

    func run() throws {
        let ends = try PromptList(arguments: [from, to], file: nil).prompts
        model.protect()
        var taken: Set<String> = []
        var file = output.map { overwriting.named($0) } ?? OutputFile(like: Slug.make("\(ends[0]) to \(ends[1])") + ".png", taken: &taken)
        try OutputPath.checkFormat(file.path)
        let suffix = FilePath.suffix(of: file.path).lowercased()
        guard strip || suffix == "png" || suffix.isEmpty || file.isStandardOutput else {
            throw Failure(.usage, "\(file.path): an animation is a PNG, expected a name that ends in .png, or --strip")
        }
        try file.prepare()
        let flowtok = try model.open()
        let side = flowtok.imageTokenizer.imageSize
        if strip { try PictureGrid(columns: frames).check(pictures: frames, side: side) }
        let line = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        let clock = ContinuousClock()
        let start = clock.now
        let request = MorphRequest(
            from: ends[0], to: ends[1], frames: frames, seed: (seed ?? .random).seed,
            solver: sampling.solver, steps: sampling.steps, guidance: sampling.guidance)
        let drawn = try flowtok.morph(request) { progress in
            let done = Double(progress.image) + Double(progress.step) / Double(progress.steps)
            line.show(done / Double(progress.count), "frame \(progress.image + 1)/\(progress.count)")
        }
        line.finish()
        var record = GenerationMetadata(drawn[0])
        record.origin?.position = nil
        record.pictures = frames
        try write(drawn.map(\.image), record: &record, to: &file)
        let report = PictureReport(file: file.path, record: record, trajectory: nil, seconds: (clock.now - start) / .seconds(1))
        if json {
            try Console.print(json: report)
        } else if !quiet {
            Console.print(report.line)
        }
    }

    private func write(_ images: [Image], record: inout GenerationMetadata, to file: inout OutputFile) throws {
        if strip {
            let picture = try Image.strip(images, gap: PictureGrid.gap)
            (record.settings.width, record.settings.height) = (picture.width, picture.height)
            try file.write(picture, text: noMetadata ? [] : record.texts)
        } else {
            // The two ends are shown once.
            let shown = back ? images + images.dropFirst().dropLast().reversed() : images
            let bytes = try Image.animatedPNG(shown, delay: delay, text: noMetadata ? [] : record.texts)
            try file.write { path, replacing in try AtomicFile.write(to: path, bytes, replacing: replacing) }
        }
    }
}
