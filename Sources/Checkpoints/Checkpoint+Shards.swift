import Files
import Foundation
import Tensors

/// A checkpoint as several files: many hosts take no file beyond a size.
extension Checkpoint {
    /// What the index of a sharded checkpoint is called after its name.
    static let indexSuffix = ".index.json"

    /// `path`, or the index of the shards that stand for it; nil where neither is there.
    public static func existing(_ path: String) -> String? {
        [path, path + indexSuffix].first { FileManager.default.fileExists(atPath: $0) }
    }

    /// Writes all tensors of this checkpoint as `convert(to:as:metadata:progress:)` does, or, where their values are more
    /// than `shardBytes`, as `NAME-00001-of-00003.safetensors` and so on beside `NAME.safetensors.index.json`, which is
    /// written last; all of them or none.
    ///
    /// - Parameter shardBytes: the most that the values in one file may take. A tensor that takes more has a file to itself.
    /// - Throws: what `convert(to:as:metadata:progress:)` throws.
    public func convert(
        to path: String, as type: ElementType? = nil, shardBytes: Int,
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        let shards = declarations(as: type).shards(of: shardBytes)
        guard shards.count > 1 else { return try convert(to: path, as: type, progress: progress) }
        let stem = path.hasSuffix(".safetensors") ? String(path.dropLast(".safetensors".count)) : path
        let names = shards.indices.map { String(format: "%@-%05d-of-%05d.safetensors", stem, $0 + 1, shards.count) }
        // A whole file of before would be read in place of its successors, and is removed at the end.
        try ProtectedFiles.check(path)
        var done = 0
        // Nothing is put in its place before all of it is on the disk: files of the same names may be whole now.
        let writers = try zip(shards, names).map { shard, name in
            let writer = try filled(shard, to: name, metadata: texts, done: &done, progress: progress)
            try writer.flush()
            return writer
        }
        let places = zip(shards, names).flatMap { shard, name in shard.map { ($0.name, FilePath.name(of: name)) } }
        let index = Index(
            metadata: ["total_size": shards.joined().reduce(0) { $0 + $1.byteCount }], weightMap: Dictionary(places) { $1 })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try AtomicFileStream(path: path + Checkpoint.indexSuffix)
        try text.append(encoder.encode(index))
        try text.flush()
        for writer in writers { try writer.finish() }
        try text.commit()
        try? FileManager.default.removeItem(atPath: path)
    }

    private struct Index: Encodable {
        let metadata: [String: Int]
        let weightMap: [String: String]

        enum CodingKeys: String, CodingKey {
            case metadata
            case weightMap = "weight_map"
        }
    }
}

extension [SafetensorsWriter.Declaration] {
    /// The tensors in their order, cut where the next would be too much.
    fileprivate func shards(of bytes: Int) -> [Self] {
        var shards: [Self] = []
        var room = 0
        for tensor in self {
            if tensor.byteCount > room || shards.isEmpty {
                shards.append([])
                room = bytes
            }
            shards[shards.count - 1].append(tensor)
            room -= tensor.byteCount
        }
        return shards
    }
}

extension SafetensorsWriter.Declaration {
    fileprivate var byteCount: Int { shape.reduce(type.byteCount ?? 0, *) }
}
