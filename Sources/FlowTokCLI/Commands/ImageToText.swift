import ArgumentParser
import Files
import FlowTok
import Foundation
import Images
import Networks

/// `flowtok i2t`.
struct ImageToText: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "i2t",
            abstract: "Caption pictures.",
            discussion: """
                A single picture's caption is printed alone; of several, each line names the picture. Pictures are taken in \
                the order of their names, and folders with the folders inside them. One that cannot be read is reported and \
                passed over; the exit status tells at the end. A picture that is like nothing the model has learnt is \
                reported too: its caption is a guess.

                With --sidecar, a caption file that is there already is kept and reported, unless --existing says otherwise. \
                Where two pictures would have the same one (a.png, a.jpg), the second has a.png.txt.

                EXAMPLES
                  flowtok i2t a-red-fox.png
                  flowtok i2t a-red-fox.png --count 3
                  flowtok i2t pictures --jsonl > captions.jsonl     {"file": "a.png", "caption": "a fox", "confidence": 0.93}
                  flowtok i2t pictures more/*.png --sidecar
                  flowtok i2t pictures --sidecar --existing append
                  curl -s https://example.org/fox.jpg | flowtok i2t -
                  flowtok i2t shards/*.tar --jsonl
                  flowtok i2t shards -o captioned --output-format webdataset     pictures and captions in new shards
                  flowtok i2t pictures -o captions --shard 0/8                   an eighth of them; flowtok merge captions

                Archives are WebDataset's: .tar, .tar.gz and .tgz.
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files, WebDataset archives, and folders of them; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(parsing: .unconditional, help: "Different captions of every picture, the likeliest first.")
    var count = 1

    @Flag(
        name: [.customLong("jsonl"), .customLong("json")],
        help: "Print one JSON object a line: file, caption, confidence; captions and confidences where --count asks for several; familiar."
    )
    var jsonl = false

    @Flag(help: "Write the captions of NAME.png or NAME.jpg into NAME.txt beside it, a line each.")
    var sidecar = false

    @Option(help: "What becomes of a caption file that is there already: keep, replace or append (default: keep).")
    var existing: ExistingCaptions?

    @Option(parsing: .unconditional, help: "Steps along the flow, 1 to 10000 (default: the model's own).")
    var steps: Int?

    @Option(
        name: .shortAndLong, help: "The folder of a batch: with --shard for lines of JSON, with --output-format webdataset for archives as well.",
        completion: .directory)
    var output: String?

    @OptionGroup
    var sharing: BatchOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors; with --sidecar, captions go to the files alone.")
    var quiet = false

    func validate() throws {
        guard (1...100).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 100") }
        if let steps { try checkSteps(steps) }
        if existing != nil, !sidecar { throw ValidationError("--existing is for caption files: expected --sidecar beside it") }
    }

    func run() throws {
        model.protect()
        let list = try PictureList(images)
        if let work = try sharing.work(list, output: output, archivesNeedFolder: false) { return try run(work) }
        if output != nil { throw Failure(.usage, "-o is the folder of a batch: expected --shard or --output-format webdataset beside it") }
        var sidecars = sidecar ? try Sidecars(of: list, existing: existing ?? .keep) : nil
        let isSilent = quiet && sidecar && !jsonl
        let batch = try PictureBatch(list, verb: "captioned")
        let flowtok = try model.open()
        defer { Console.warn(flowtok.warnings) }
        let skips: (PictureList.Picture) -> Bool = { picture in
            guard isSilent, sidecars?.keeps(picture.path) == true else { return false }
            sidecars?.reportKept(picture.path)
            return true
        }
        try batch.run(quiet: quiet, printsOnly: !sidecar, skipping: skips) { picture, image, progress in
            let found = try flowtok.rankedCaptions(of: image, count: count, steps: steps)
            progress.finish()
            // Only some models say what is like nothing they have learnt.
            let isFamiliar = flowtok.configuration.captioning.familiarDistance == nil ? nil : found.first?.isFamiliar
            if isFamiliar == false {
                let name = picture.path == "-" ? "standard input" : picture.path
                Console.report("\(name): unlike anything that the model has learnt; the caption is a guess")
            }
            if !isSilent { try report(picture.path, found, isFamiliar: isFamiliar, isSingle: list.isSingle) }
            try sidecars?.write(found.map(\.text.onOneLine), of: picture.path)
        }
    }

    private func run(_ work: PictureWork) throws {
        guard !sidecar else { throw Failure(.usage, "--sidecar writes beside the pictures, and a batch into its folder: expected one of them") }
        let flowtok = try model.open()
        defer { Console.warn(flowtok.warnings) }
        let settings: [String: String?] = ["count": count > 1 ? "\(count)" : nil, "steps": steps.map { "\($0)" }]
        try work.run(
            "i2t", settings: settings.merging(model.settings) { $1 }, suffix: nil, quiet: quiet, json: jsonl, verb: "captioned"
        ) { path, image in
            let found = try flowtok.rankedCaptions(of: image, count: count, steps: steps)
            let isFamiliar = flowtok.configuration.captioning.familiarDistance == nil ? nil : found.first?.isFamiliar
            return PictureResult(
                caption: found.map(\.text.onOneLine).joined(separator: "\n"), keepsPicture: true,
                line: { line(path, found, isFamiliar: isFamiliar, output: $0) })
        }
    }

    private func line(_ file: String, _ captions: [Caption], isFamiliar: Bool?, output: String? = nil) -> Line {
        let texts = captions.map(\.text.onOneLine)
        let confidences = captions.map { ($0.confidence * 10_000).rounded() / 10_000 }
        return Line(
            file: file, caption: texts.first ?? "", confidence: confidences.first ?? 0, captions: count > 1 ? texts : nil,
            confidences: count > 1 ? confidences : nil, familiar: isFamiliar, output: output)
    }

    private func report(_ file: String, _ captions: [Caption], isFamiliar: Bool?, isSingle: Bool) throws {
        // A model may spell any bytes, those that a terminal obeys included.
        if jsonl {
            try Console.print(json: line(file, captions, isFamiliar: isFamiliar))
        } else {
            for text in captions.map(\.text.onOneLine) { Console.print(isSingle ? text : "\(file): \(text)") }
        }
    }

    /// A line of `--jsonl`.
    private struct Line: Encodable {
        let file: String
        let caption: String
        /// The probability of the caption among all that were considered, 0 to 1.
        let confidence: Double
        let captions: [String]?
        /// Those of `captions`, in their order.
        let confidences: [Double]?
        /// Whether the picture is like what the model has learnt; nil where the model does not tell.
        let familiar: Bool?
        /// The archive of a batch that holds the picture and its caption.
        let output: String?
    }
}
