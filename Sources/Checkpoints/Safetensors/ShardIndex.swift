import Files
import Foundation

/// Reads a sharded checkpoint: an index whose `weight_map` says which file of its folder holds which tensor.
enum ShardIndex {
    /// - Parameter open: parses the shard at a path; an index inside an index is refused there.
    static func parse(
        _ contents: MappedFile, opening open: (String) throws -> ParsedCheckpoint
    ) throws -> ParsedCheckpoint {
        let path = contents.path
        var parsed = ParsedCheckpoint(format: .shardedIndex)
        let places = try contents.withBytes { bytes in
            try parseIndex(bytes, path: path, metadata: &parsed.metadata)
        }
        let folder = FilePath.folder(of: path)
        var shards: [String: [String: TensorRecord]] = [:]
        for (name, shard) in places {
            if shards[shard] == nil {
                guard shards.count < Limits.shards else {
                    throw CheckpointError.limitExceeded(
                        path: path, quantity: "shards", limit: Limits.shards, found: shards.count + 1)
                }
                let inside = try open(folder.isEmpty ? shard : folder + "/" + shard)
                shards[shard] = Dictionary(inside.records.map { ($0.name, $0) }) { first, _ in first }
                parsed.checksummed += inside.checksummed
                parsed.leftOut += inside.leftOut
                parsed.metadata.merge(inside.metadata) { own, _ in own }
            }
            guard let record = shards[shard]?[name] else {
                throw CheckpointError.missingTensor(
                    path: folder.isEmpty ? shard : folder + "/" + shard, tensor: name, held: shards[shard]?.count ?? 0)
            }
            parsed.records.append(record)
        }
        return parsed
    }

    private static func parseIndex(
        _ bytes: UnsafeRawBufferPointer, path: String, metadata: inout [String: String]
    ) throws -> [(name: String, shard: String)] {
        guard bytes.count <= Limits.headerBytes else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "bytes in the shard index", limit: Limits.headerBytes, found: bytes.count)
        }
        var places: [(name: String, shard: String)] = []
        var found = false
        var scanner = JSONScanner(bytes, path: path)
        try scanner.object { scanner, key in
            switch key {
            case "weight_map":
                found = true
                try scanner.object { scanner, name in
                    guard places.count < Limits.tensors else {
                        throw CheckpointError.limitExceeded(
                            path: path, quantity: "tensors", limit: Limits.tensors, found: places.count + 1)
                    }
                    let shard = try scanner.string()
                    guard isPlainFileName(shard) else { throw CheckpointError.unsafeShardName(path: path, shard: shard) }
                    try checkNameAndRank(name, rank: 0, path: path)
                    places.append((name, shard))
                }
            case "metadata":
                try scanner.object { scanner, key in
                    guard let text = try scanner.scalarText() else { return }
                    guard metadata.count < Limits.metadataItems else {
                        throw CheckpointError.limitExceeded(
                            path: path, quantity: "metadata items", limit: Limits.metadataItems, found: metadata.count + 1)
                    }
                    metadata[key] = text
                }
            default: _ = try scanner.scalarText()
            }
        }
        try scanner.end()
        guard found else {
            throw CheckpointError.unrecognisedFormat(
                path: path, found: "a JSON file without the \"weight_map\" of a shard index, such as the answer of a server")
        }
        return places
    }

    /// Whether `name` can only mean a file directly in the index's own folder. (That file may be a symbolic link: model
    /// caches are made of them.)
    private static func isPlainFileName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
            && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") || $0 < 0x20 || $0 == 0x7f }
    }
}
