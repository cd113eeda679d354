import Files
import Foundation

/// The folder of a batch, and one share of it: what is done is read back, and what comes of the rest is added line by line.
final class BatchFolder {
    let path: String
    let shard: ShardChoice
    private let units: Int
    private let log: LineLog
    /// Units of which all is done.
    private var finished: Set<Int> = []
    /// Samples that are done of units of which not all is.
    private var begun: [Int: Int] = [:]
    private var failed = 0
    private var statuses: Set<Int32> = []

    /// - Parameter names: files that the batch is going to write.
    /// - Throws: `Failure` where the folder holds another batch, or another process does this share; `FileError`.
    init(_ path: String, shard: ShardChoice, identity: BatchIdentity, names: some Sequence<String>) throws {
        self.path = path
        self.shard = shard
        units = identity.units
        if InputFile.isThere(path), !InputFile.isFolder(path) { throw Failure(.data, "\(path): is a file, expected the folder of a batch") }
        try OutputPath.make(folder: path)
        try identity.claim(path, names: names)
        let file = FilePath.join(path, shard.lines)
        guard let log = try LineLog(path: file) else {
            throw Failure(.usage, "\(file): another process does this share of the batch at present")
        }
        self.log = log
        for (number, text) in log.lines.enumerated() {
            guard let line = BatchLine(text), line.index < units, shard.has(line.index) else {
                throw Failure(.data, "\(file), line \(number + 1): no line of this share of the batch: expected a folder of its own")
            }
            if line.hasFailed { failed += 1 }
            if line.sample == nil { finished.insert(line.index) } else { begun[line.index, default: 0] += 1 }
        }
    }

    /// Whether nothing is left to do, as the mark says.
    var isDone: Bool { InputFile.isThere(FilePath.join(path, shard.mark)) }

    /// The path of a file of the batch.
    func file(_ name: String) -> String { FilePath.join(path, name) }

    /// Adds the lines of a unit.
    ///
    /// - Parameter isFinished: whether all of the unit is done.
    func add(_ lines: [String], of unit: Int, isFinished: Bool) throws {
        try log.append(lines)
        if isFinished { finished.insert(unit) }
    }

    /// Adds what went wrong with a unit, or with a sample of it.
    func fault(_ error: any Error, file: String, unit: Int, sample: Int? = nil) throws -> String {
        let failure = Failure(error)
        Console.report(failure.message)
        failed += 1
        statuses.insert(failure.status.rawValue)
        return try BatchLine.text(index: unit, sample: sample, BatchFault(file: file, error: failure.message.onOneLine))
    }

    /// Whether an error is one of what was read, which the batch passes over: what cannot be written ends it.
    static func isPassedOver(_ error: any Error) -> Bool {
        if case FileError.unwritable? = error as? FileError { return false }
        return [.data, .missing].contains(error.errorCategory)
    }

    /// Works through the units of this share that are not done.
    ///
    /// - Parameters:
    ///   - noun: what a unit is, in the plural.
    ///   - verb: what becomes of it, "drawn".
    ///   - body: does one unit, of which so many samples are done already, and adds its lines.
    func work(quiet: Bool, noun: String, verb: String, _ body: (_ unit: Int, _ done: Int, ProgressLine) throws -> Void) throws {
        let mine = stride(from: shard.number, to: units, by: shard.count)
        let total = Array(mine).count
        guard !isDone else {
            if !quiet { Console.mention("\(path): share \(shard.description) is done already, \(total) of \(units) \(noun)") }
            return
        }
        StopRequest.install()
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        var number = 0
        for unit in mine {
            number += 1
            if finished.contains(unit) { continue }
            try checkStop(number - 1, total, noun)
            progress.show(Double(number - 1) / Double(total), "share \(shard.description)  \(number)/\(total)")
            try body(unit, begun[unit] ?? 0, progress)
        }
        try checkStop(total, total, noun)
        progress.finish()
        try log.flush()
        try JSONFile.write(["units": total, "failed": failed], to: FilePath.join(path, shard.mark))
        if !quiet { Console.mention("\(path): share \(shard.description), \(total) of \(units) \(noun) \(verb)") }
        guard failed > 0 else { return }
        let status = statuses.count == 1 ? statuses.first.flatMap { ExitStatus(rawValue: $0) } ?? .data : .data
        throw Failure(status, "\(failed) \(failed == 1 ? "picture" : "pictures") of share \(shard.description) could not be \(verb)")
    }

    /// Throws where somebody asked for a stop.
    func checkStop(_ done: Int, _ total: Int, _ noun: String) throws {
        guard done < total, StopRequest.received != nil else { return }
        try? log.flush()
        throw Failure(.interrupted, "share \(shard.description) stopped after \(done) of \(total) \(noun); the same command goes on")
    }
}
