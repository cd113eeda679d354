import Files

/// Reads the zip archives that `torch.save` writes since PyTorch 1.6, and those of TorchScript.
enum TorchArchiveReader {
    static func parse(_ contents: MappedFile, options: ReadingOptions) throws -> ParsedCheckpoint {
        let path = contents.path
        let archive = try ZipArchive(contents)
        let pickles = archive.entries.filter {
            $0.name.hasSuffix("/data.pkl") && $0.name.utf8.count { $0 == UInt8(ascii: "/") } == 1
        }
        if pickles.isEmpty {
            throw CheckpointError.unrecognisedFormat(path: path, found: describeForeignArchive(archive.entries.map(\.name)))
        }
        guard let pickle = pickles.first, pickles.count == 1 else {
            throw CheckpointError.malformedArchive(
                path: path, record: "data.pkl", reason: "expected one folder with a data.pkl, found \(pickles.count)")
        }
        let root = pickle.name.dropLast("data.pkl".count)
        try checkByteOrder(archive, record: "\(root)byteorder")

        let limit = pickle.isDeflated ? Limits.inflatedPickleBytes : Limits.pickleBytes
        let state = try archive.withVerifiedBytes(of: pickle, limit: limit) { bytes in
            let (value, graph, end) = try PickleMachine.run(bytes, path: path, origin: pickle.isDeflated ? 0 : pickle.offset)
            guard end == bytes.count else {
                throw CheckpointError.malformedPickle(path: path, offset: end, reason: "it goes on after its end")
            }
            return (try TorchState(value, graph: graph, pickle: bytes, path: path, containers: options.containers), graph)
        }
        return try assemble(state.0, graph: state.1, pickle: pickle, root: root, archive: archive)
    }

    private static func assemble(
        _ state: TorchState, graph: PickleGraph, pickle: ZipArchive.Entry, root: Substring, archive: ZipArchive
    ) throws -> ParsedCheckpoint {
        var parsed = ParsedCheckpoint(format: state.isScript ? .torchScript : .torchArchive, metadata: state.metadata, leftOut: state.leftOut)
        parsed.checksummed.append((archive, pickle))
        var storages: [Int: TorchStorage] = [:]
        for named in state.tensors {
            guard case .tensor(let tensor) = named.values else {
                parsed.records.append(try TensorRecord(arrayOf: named))
                continue
            }
            let index = tensor.storage
            if storages[index] == nil {
                let entry = try self.entry(of: graph.storages[index], root: root, in: archive)
                storages[index] = TorchStorage(contents: archive.contents, offset: entry.offset, byteCount: entry.count)
                parsed.checksummed.append((archive, entry))
            }
            guard let storage = storages[index] else { continue }
            parsed.records.append(try TensorRecord(named.name, tensor, in: storage))
        }
        return parsed
    }

    private static func entry(
        of storage: PickleGraph.StorageReference, root: Substring, in archive: ZipArchive
    ) throws -> ZipArchive.Entry {
        let path = archive.contents.path
        let record = "\(root)data/\(storage.key)"
        guard let entry = archive[record] else {
            throw CheckpointError.malformedArchive(path: path, record: record, reason: "the pickle expects it, but it is missing")
        }
        guard !entry.isDeflated else {
            throw CheckpointError.malformedArchive(path: path, record: record, reason: "expected a storage without compression")
        }
        guard storage.view == nil else {
            throw CheckpointError.malformedArchive(path: path, record: record, reason: "expected no view of a storage")
        }
        // Division rather than multiplication: the count comes from the file.
        guard let size = storage.type.byteCount, storage.count <= entry.count / size else {
            throw CheckpointError.malformedArchive(
                path: path, record: record,
                reason: "expected \(storage.count) values of \(storage.type.rawValue), found \(entry.count) bytes")
        }
        return entry
    }

    private static func checkByteOrder(_ archive: ZipArchive, record: String) throws {
        guard let entry = archive[record] else { return }
        let order = try archive.withVerifiedBytes(of: entry, limit: 64) { String(decoding: $0, as: UTF8.self) }
        guard order == "little" else {
            throw CheckpointError.malformedArchive(
                path: archive.contents.path, record: record, reason: "expected little-endian values, found \(quoted(order))")
        }
    }
}
