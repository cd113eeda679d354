import ArgumentParser
import Datasets
import Files
import Foundation
import Images
import Synchronization
import Tensors
import TextTokenizers
import Training

/// `flowtok scenes`.
struct Scenes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the scenes that a stage of training sees as lines of JSON: sprites, places, captions and their ids.",
        discussion: """
            The first line is a header, each other line a sample: the background, the objects (the place of a sprite in the \
            data set and its box in pixels), the caption, the plain caption, and the ids of both. Sample k depends on the \
            configuration and k alone.

            EXAMPLES
              flowtok scenes Models/default/training/joint.json --count 600000 --vocabulary Models/default/tokenizer.model -o scenes.jsonl
              flowtok scenes joint.json --count 300 --vocabulary tokenizer.model --pictures Scenes -o -
            """)

    @Argument(help: "The configuration of a stage of training, a JSON file; only its data counts.", completion: .file(extensions: ["json"]))
    var file: String

    @Option(parsing: .unconditional, help: "The first sample.")
    var first = 0

    @Option(parsing: .unconditional, help: "The number of samples.")
    var count: Int

    @Option(parsing: .unconditional, help: "The side of the pictures in pixels, which sets the boxes.")
    var side = 256

    @Option(parsing: .unconditional, help: "The ids of a caption, with the end piece, at most.")
    var length = 64

    @Option(help: "The SentencePiece model that captions are encoded with.", completion: .file(extensions: ["model"]))
    var vocabulary: String

    @Option(help: "Draw the pictures too, into this folder, as INDEX.png, in place of those that are there.", completion: .directory)
    var pictures: String?

    @Option(name: .shortAndLong, help: "The file to write, in place of one that is there, or - for standard output.", completion: .file())
    var output: String

    @OptionGroup
    var overwriting: OverwriteOptions

    @Option(parsing: .unconditional, help: "Threads to use (default: the cores that the process may use).")
    var threads: Int?

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    /// Samples that are made side by side.
    private static let block = 2048

    func validate() throws {
        guard first >= 0 else { throw ValidationError("--first is \(first), expected at least 0") }
        guard (0...1_000_000_000).contains(count) else { throw ValidationError("--count is \(count), expected 0 to 1000000000") }
        guard first <= Int.max - count else { throw ValidationError("--first is \(first), expected a sample number") }
        guard (8...2048).contains(side) else { throw ValidationError("--side is \(side), expected 8 to 2048") }
        guard (2...4096).contains(length) else { throw ValidationError("--length is \(length), expected 2 to 4096") }
        if let threads { try checkThreads(threads) }
    }

    func run() throws {
        if let threads { try setThreads(threads) }
        ProtectedFiles.add([file, vocabulary])
        ConfigurationInputs.protect(file)
        let target = overwriting.named(output)
        try target.prepare()
        let textTokenizer = try SentencePieceTokenizer(SentencePieceVocabulary(path: vocabulary), length: length)
        let lines = try SceneLines(file: file, side: side, textTokenizer: textTokenizer)
        if let pictures { try OutputPath.make(folder: pictures) }
        StopRequest.install()
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        defer { progress.finish() }
        if target.isStandardOutput {
            try write(lines, progress) { text in
                try Array(text.utf8).withUnsafeBytes { try StandardStream.write($0[...], to: STDOUT_FILENO, path: "standard output") }
            }
        } else {
            try AtomicFile.write(to: target.path, replacing: !overwriting.noClobber) { stream in
                try write(lines, progress) { try stream.append(Array($0.utf8)) }
            }
        }
    }

    private func write(_ lines: SceneLines, _ progress: ProgressLine, _ append: (String) throws -> Void) throws {
        try append(lines.header + "\n")
        var done = 0
        while done < count {
            // With pictures, a block takes longer than anybody waits for Ctrl-C.
            let block = min(count - done, pictures == nil ? Self.block : 64)
            let made = Mutex<[Result<String, any Error>?]>(Array(repeating: nil, count: block))
            let start = UInt64(first) + UInt64(done)
            parallelFor(block) { i in
                let index = start + UInt64(i)
                let result = Result {
                    if let pictures { try lines.picture(index).write(to: "\(pictures)/\(index).png") }
                    return try lines.line(index)
                }
                made.withLock { $0[i] = result }
            }
            let texts = try made.withLock { try $0.compactMap { try $0?.get() } }
            if StopRequest.received != nil {
                let rest = OutputFile(named: output).isStandardOutput ? "" : "; \(output) is not written"
                throw Failure(.interrupted, "stopped after \(done) of \(count) scenes\(rest)")
            }
            try append(texts.joined(separator: "\n") + "\n")
            done += block
            progress.show(Double(done) / Double(count), "scenes \(done)/\(count)")
        }
    }
}
