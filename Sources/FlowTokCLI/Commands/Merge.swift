import ArgumentParser
import Files
import Foundation

/// `flowtok merge`.
struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Join the shares of a batch, and make sure that nothing is missing or double.",
        discussion: """
            t2i, generate, i2t, tokenize and reconstruct leave a file of JSON lines for every share (--shard k/n) in the folder \
            of their batch. Merged, the lines stand in the order of the batch, and are those that one process would have \
            written. Pictures, tokens and archives stay where they are.

            EXAMPLES
              flowtok merge pictures                          writes pictures/batch.jsonl
              flowtok merge captions -o captions.jsonl
              flowtok merge node1/captions node2/captions -o captions.jsonl     of machines without a common disk
            """)

    @Argument(help: "The folder of a batch, or the folders that hold its shares.", completion: .directory)
    var folders: [String]

    @Option(name: .shortAndLong, help: "The file of JSON lines to write (default: batch.jsonl in the first folder).", completion: .file())
    var output: String?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    static let defaultName = "batch.jsonl"

    func run() throws {
        let identity = try identity()
        let path = output ?? FilePath.join(folders[0], Self.defaultName)
        let file = overwriting.named(path)
        var lines: [Place: String] = [:]
        var ends: [Int: Int] = [:]
        var failed = 0
        for number in 0..<identity.shards {
            let shard = ShardChoice(number: number, count: identity.shards)
            let part = try part(shard)
            ProtectedFiles.add([part])
            let text = String(decoding: try InputFile.bytes(part, limit: 8 << 30), as: UTF8.self)
            for (index, text) in text.split(separator: "\n").enumerated() {
                let place = "\(part), line \(index + 1)"
                guard let line = BatchLine(String(text)), line.index < identity.units, shard.has(line.index) else {
                    throw Failure(.data, "\(place): no line of this share of the batch")
                }
                if line.hasFailed { failed += 1 }
                let made = line.hasFailed ? nil : ["t2i", "generate"].contains(identity.command) ? line.file : line.output
                if let made, !isThere(made) {
                    throw Failure(.data, "\(place): \(made) is missing: without \(shard.lines) and its mark, the share is done again")
                }
                if let samples = line.samples, line.sample == nil {
                    guard ends.updateValue(samples, forKey: line.index) == nil else { throw Failure(.data, "\(place): unit \(line.index) is there twice") }
                    continue
                }
                guard lines.updateValue(String(text), forKey: Place(unit: line.index, sample: line.sample ?? -1)) == nil else {
                    throw Failure(.data, "\(place): picture \(line.index)\(line.sample.map { ", sample \($0)" } ?? "") is there twice")
                }
            }
        }
        let places = lines.keys.sorted()
        try check(places, ends, identity)
        try file.prepare()
        try AtomicFile.write(to: file.path, replacing: !overwriting.noClobber) { stream in
            for place in places { try stream.append(Array((lines[place] ?? "").utf8) + [UInt8(ascii: "\n")]) }
        }
        if !quiet {
            Console.print(
                "\(path): \(places.count) \(places.count == 1 ? "line" : "lines") of \(identity.shards) \(identity.shards == 1 ? "share" : "shares")\(failed > 0 ? ", \(failed) of pictures that failed" : "")"
            )
        }
    }

    /// Where a line stands: that of a whole unit before those of its samples.
    private struct Place: Hashable, Comparable {
        let unit: Int
        let sample: Int

        static func < (a: Place, b: Place) -> Bool { (a.unit, a.sample) < (b.unit, b.sample) }
    }

    /// What all folders say of the batch.
    private func identity() throws -> BatchIdentity {
        var found: (folder: String, identity: BatchIdentity)?
        for folder in folders {
            let path = FilePath.join(folder, BatchIdentity.file)
            guard InputFile.isThere(path) else { throw Failure(.missing, "\(folder): holds no batch, expected \(BatchIdentity.file) in it") }
            let identity = try JSONFile.read(BatchIdentity.self, from: path)
            guard (1...1_000_000).contains(identity.shards), identity.units >= 0 else {
                throw Failure(.data, "\(path): \(identity.shards) shards and \(identity.units) units cannot be")
            }
            if let found, found.identity != identity { throw Failure(.usage, "\(folder): holds another batch than \(found.folder)") }
            found = found ?? (folder, identity)
            ProtectedFiles.add([path])
        }
        guard let found else { throw ValidationError("no folder") }
        return found.identity
    }

    /// The file of a share's lines, which has to be done.
    private func part(_ shard: ShardChoice) throws -> String {
        let there = folders.filter { InputFile.isThere(FilePath.join($0, shard.lines)) }
        guard let folder = there.first else { throw Failure(.data, "share \(shard.description) is missing, expected \(shard.lines)") }
        if there.count > 1 { throw Failure(.data, "share \(shard.description) is there twice, in \(there[0]) and in \(there[1])") }
        guard InputFile.isThere(FilePath.join(folder, shard.mark)) else {
            throw Failure(.data, "share \(shard.description) is not done: \(FilePath.join(folder, shard.mark)) is missing; the same command goes on with it")
        }
        return FilePath.join(folder, shard.lines)
    }

    /// Whether a file of the batch lies in one of the folders. An archive has many lines.
    private func isThere(_ name: String) -> Bool { folders.contains { InputFile.isThere(name.hasPrefix("/") ? name : FilePath.join($0, name)) } }

    /// Throws where a unit or a sample is missing.
    private func check(_ places: [Place], _ ends: [Int: Int], _ identity: BatchIdentity) throws {
        var samples: [Int: [Int]] = [:]
        for place in places { samples[place.unit, default: []].append(place.sample) }
        for unit in 0..<identity.units {
            let found = samples[unit] ?? []
            if let expected = ends[unit] {
                guard found == Array(0..<expected) else {
                    throw Failure(
                        .data, "unit \(unit) has \(found.count) lines, expected those of its \(expected) samples: share \(unit % identity.shards) is damaged")
                }
            } else if found != [-1] {
                throw Failure(.data, "picture \(unit) is missing: share \(unit % identity.shards)/\(identity.shards) is damaged")
            }
        }
    }
}
