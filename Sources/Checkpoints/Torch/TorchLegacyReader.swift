import Files

/// Reads the files that `torch.save` wrote before PyTorch 1.6: a magic number, a protocol number, a description of the
/// system, the object and the list of storage keys, each a pickle of its own, then the storages one after the other.
enum TorchLegacyReader {
    /// The instruction that loads the magic number 0x1950a86a20f9469cfc6c, and the end of its pickle.
    private static let magic: [UInt8] = [
        0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]

    /// Whether a file begins with the pickle of the magic number. From protocol 4 on, nine bytes of a frame precede it.
    static func recognises(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.first == 0x80 && (bytes.dropFirst(2).starts(with: magic) || bytes.dropFirst(11).starts(with: magic))
    }

    static func parse(_ contents: MappedFile, options: ReadingOptions) throws -> ParsedCheckpoint {
        let path = contents.path
        return try contents.withBytes { bytes in
            var position = try PickleMachine.run(bytes, path: path).end
            let version = try PickleMachine.run(bytes, from: position, path: path)
            guard case .integer(1001) = version.value else {
                throw CheckpointError.malformedPickle(path: path, offset: position, reason: "expected protocol 1001")
            }
            position = version.end
            let system = try PickleMachine.run(bytes, from: position, path: path)
            try checkByteOrder(system.value, system.graph, path: path, offset: position)
            let object = try PickleMachine.run(bytes, from: system.end, path: path)
            let list = try PickleMachine.run(bytes, from: object.end, path: path)
            let keys = try storageKeys(list.value, list.graph, path: path, offset: object.end)
            let storages = try locate(keys, graph: object.graph, contents: contents, bytes: bytes, from: list.end)

            let state = try TorchState(
                object.value, graph: object.graph, pickle: bytes, path: path, containers: options.containers)
            var parsed = ParsedCheckpoint(format: .torchLegacy, metadata: state.metadata, leftOut: state.leftOut)
            for named in state.tensors {
                guard case .tensor(let tensor) = named.values else {
                    parsed.records.append(try TensorRecord(arrayOf: named))
                    continue
                }
                let reference = object.graph.storages[tensor.storage]
                guard var storage = storages[reference.key] else {
                    throw CheckpointError.invalidTensor(
                        path: path, tensor: named.name, reason: "its storage \(quoted(reference.key)) is missing")
                }
                if let view = reference.view, let size = reference.type.byteCount {
                    storage.offset += view.lowerBound * size
                    storage.byteCount = view.count * size
                }
                parsed.records.append(try TensorRecord(named.name, tensor, in: storage))
            }
            return parsed
        }
    }

    private static func checkByteOrder(_ value: PickleValue, _ graph: PickleGraph, path: String, offset: Int) throws {
        if case .mapping(let place) = value {
            for case (.text("little_endian"), .boolean(true)) in graph.mappings[place] { return }
        }
        throw CheckpointError.malformedPickle(path: path, offset: offset, reason: "expected little-endian values")
    }

    private static func storageKeys(
        _ value: PickleValue, _ graph: PickleGraph, path: String, offset: Int
    ) throws -> [String] {
        guard case .sequence(let place) = value else {
            throw CheckpointError.malformedPickle(path: path, offset: offset, reason: "expected a list of storage keys")
        }
        return try graph.sequences[place].map { key in
            guard case .text(let text) = key else {
                throw CheckpointError.malformedPickle(path: path, offset: offset, reason: "expected a list of storage keys")
            }
            return text
        }
    }

    /// The storages behind the pickles: each a count of values, then the values.
    private static func locate(
        _ keys: [String], graph: PickleGraph, contents: MappedFile, bytes: UnsafeRawBufferPointer, from start: Int
    ) throws -> [String: TorchStorage] {
        let path = contents.path
        var described: [String: PickleGraph.StorageReference] = [:]
        for reference in graph.storages {
            if let other = described[reference.key] {
                guard other.type == reference.type, other.count == reference.count else {
                    throw CheckpointError.malformedPickle(
                        path: path, offset: start, reason: "storage \(quoted(reference.key)) is described in two ways")
                }
            }
            described[reference.key] = reference
        }
        var storages: [String: TorchStorage] = [:]
        var cursor = ByteCursor(bytes, from: start, path: path, part: "storages")
        for key in keys {
            let offset = cursor.offset
            guard let reference = described[key] else {
                throw CheckpointError.malformedPickle(
                    path: path, offset: offset, reason: "storage \(quoted(key)) belongs to no tensor")
            }
            let count = try cursor.integer(Int64.self)
            guard count == Int64(reference.count) else {
                throw CheckpointError.malformedPickle(
                    path: path, offset: offset,
                    reason: "expected a storage of \(reference.count) values, found \(count)")
            }
            let (size, overflow) = reference.count.multipliedReportingOverflow(by: reference.type.byteCount ?? 1)
            let values = cursor.position
            _ = try cursor.take(overflow ? Int.max : size)
            let storage = TorchStorage(contents: contents, offset: values, byteCount: size)
            guard storages.updateValue(storage, forKey: key) == nil else {
                throw CheckpointError.duplicateName(path: path, name: key)
            }
        }
        guard cursor.remaining == 0 else {
            throw CheckpointError.malformedPickle(
                path: path, offset: cursor.offset, reason: "\(cursor.remaining) bytes follow the last storage")
        }
        return storages
    }
}
