import ArgumentParser
import Checkpoints
import Files
import FlowTok
import Foundation
import Images
import Training

/// `flowtok i2t`.
struct ImageToText: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "i2t",
            abstract: "Caption pictures.",
            discussion: """
                A single picture's caption is printed alone; of several, each line names the picture. Pictures are taken in \
                the order of their names. One that cannot be read is reported and passed over; the exit status tells at \
                the end.

                EXAMPLES
                  flowtok i2t a-red-fox.png
                  flowtok i2t a-red-fox.png --count 3
                  flowtok i2t pictures --jsonl > captions.jsonl
                  flowtok i2t pictures more/*.png --sidecar
                """)
    }

    @Argument(
        help: ArgumentHelp("PNG, JPEG and WebP files, and folders of them; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var images: [String]

    @Option(parsing: .unconditional, help: "Different captions of every picture, the likeliest first.")
    var count = 1

    @Flag(help: "Print one JSON object a line: file, caption, and captions where --count asks for several.")
    var jsonl = false

    @Flag(help: "Write the captions of NAME.png or NAME.jpg into NAME.txt beside it, a line each.")
    var sidecar = false

    @Option(parsing: .unconditional, help: "Steps along the flow, 1 to 10000 (default: the model's own).")
    var steps: Int?

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(name: .shortAndLong, help: "Print captions only to sidecar files, and no progress.")
    var quiet = false

    func validate() throws {
        guard (1...100).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 100") }
        if let steps { try checkSteps(steps) }
    }

    func run() throws {
        let list = try PictureList(images)
        if sidecar { try OutputPath.check(files: list.files.map(sidecarPath)) }
        let isSingle = list.files.count == 1 && !list.hasFolders
        let flowtok: FlowTok
        // A single picture that cannot be read need not wait for the model.
        if isSingle {
            let image = try PictureInput.image(list.files[0])
            flowtok = try model.open()
            defer { Console.warn(flowtok.warnings) }
            try report(list.files[0], try captions(of: image, flowtok), isSingle: true)
            return
        }
        flowtok = try model.open()
        defer { Console.warn(flowtok.warnings) }
        StopRequest.install()
        var failures: [ExitStatus] = []
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        for (index, file) in list.files.enumerated() {
            if StopRequest.received != nil {
                throw Failure(.interrupted, "stopped after \(index) of \(list.files.count) pictures")
            }
            progress.show(Double(index) / Double(list.files.count), "picture \(index + 1)/\(list.files.count)")
            do {
                let found = try captions(of: PictureInput.image(file), flowtok)
                progress.finish()
                try report(file, found, isSingle: false)
            } catch let error as ImageError {
                let failure = Failure(error)
                failures.append(failure.status)
                Console.report(failure.message)
            }
        }
        progress.finish()
        if let first = failures.first {
            let status = failures.allSatisfy { $0 == first } ? first : .data
            throw Failure(status, "\(failures.count) of \(list.files.count) pictures could not be captioned")
        }
    }

    private func captions(of image: Image, _ flowtok: FlowTok) throws -> [String] {
        // A model may spell any bytes, those that a terminal obeys included.
        try flowtok.captions(of: image, count: count, steps: steps).map(\.onOneLine)
    }

    private func report(_ file: String, _ captions: [String], isSingle: Bool) throws {
        if sidecar { try AtomicFile.write(to: sidecarPath(file), text: captions.joined(separator: "\n") + "\n") }
        if quiet { return }
        if jsonl {
            try Console.print(
                json: Line(file: file, caption: captions.first ?? "", captions: count > 1 ? captions : nil))
        } else {
            for caption in captions { Console.print(isSingle ? caption : "\(file): \(caption)") }
        }
    }

    private func sidecarPath(_ file: String) -> String {
        (file as NSString).deletingPathExtension + ".txt"
    }

    /// A line of `--jsonl`.
    private struct Line: Encodable {
        let file: String
        let caption: String
        let captions: [String]?
    }
}
