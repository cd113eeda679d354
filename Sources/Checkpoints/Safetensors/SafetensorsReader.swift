import Files

/// Reads the safetensors format: eight bytes of header length, a JSON header, and the values of all tensors end to end.
enum SafetensorsReader {
    private struct Item {
        var name: String
        var type: ElementType
        var shape: [Int]
        var count: Int
        var begin: Int
        var end: Int
    }

    static func parse(_ contents: MappedFile) throws -> ParsedCheckpoint {
        try contents.withBytes { bytes in
            var cursor = ByteCursor(bytes, path: contents.path, part: "safetensors header")
            let length = try cursor.integer(UInt64.self)
            guard length <= UInt64(Limits.headerBytes) else {
                throw CheckpointError.limitExceeded(
                    path: contents.path, quantity: "bytes in the safetensors header", limit: Limits.headerBytes,
                    found: Int(clamping: length))
            }
            let header = try cursor.take(Int(length))
            let dataStart = cursor.position
            var parsed = ParsedCheckpoint(format: .safetensors)
            var items = try parseHeader(header, path: contents.path, metadata: &parsed.metadata)
            items.sort { ($0.begin, $0.end) < ($1.begin, $1.end) }
            parsed.records = try place(items, in: contents, dataStart: dataStart)
            return parsed
        }
    }

    private static func parseHeader(
        _ header: UnsafeRawBufferPointer, path: String, metadata: inout [String: String]
    ) throws -> [Item] {
        var scanner = JSONScanner(header, path: path, origin: 8)
        guard header.first == UInt8(ascii: "{") else { throw scanner.failure("expected the header to begin with '{'") }
        var items: [Item] = []
        try scanner.object { scanner, name in
            if name == "__metadata__" {
                try scanner.object { scanner, key in
                    guard metadata.count < Limits.metadataItems else {
                        throw CheckpointError.limitExceeded(
                            path: path, quantity: "metadata items", limit: Limits.metadataItems, found: metadata.count + 1)
                    }
                    metadata[key] = try scanner.string()
                }
                return
            }
            guard items.count < Limits.tensors else {
                throw CheckpointError.limitExceeded(
                    path: path, quantity: "tensors", limit: Limits.tensors, found: items.count + 1)
            }
            items.append(try parseItem(&scanner, name: name, path: path))
        }
        try scanner.end()
        return items
    }

    private static func parseItem(_ scanner: inout JSONScanner, name: String, path: String) throws -> Item {
        var type: ElementType?
        var shape: [Int]?
        var offsets: [Int]?
        try scanner.object { scanner, key in
            switch key {
            case "dtype":
                let text = try scanner.string()
                guard text.utf8.count <= Limits.typeNameBytes else {
                    throw CheckpointError.unknownElementType(path: path, tensor: name, found: text)
                }
                type = ElementType(rawValue: text)
            case "shape": shape = try integers(&scanner, atMost: Limits.rank, of: name, path: path)
            case "data_offsets": offsets = try integers(&scanner, atMost: 2, of: name, path: path)
            default: _ = try scanner.scalarText()
            }
        }
        func invalid(_ reason: String) -> CheckpointError { .invalidTensor(path: path, tensor: name, reason: reason) }
        guard let type else { throw invalid("the header gives no dtype") }
        guard let shape else { throw invalid("the header gives no shape") }
        guard let offsets, offsets.count == 2 else { throw invalid("the header gives no pair of data_offsets") }
        try checkNameAndRank(name, rank: shape.count, path: path)
        let (begin, end) = (offsets[0], offsets[1])
        guard begin <= end else { throw invalid("data_offsets run backwards, from \(begin) to \(end)") }
        guard let size = checkedSize(of: shape, size: type.byteCount ?? 1) else {
            throw invalid("the size of shape \(shape) overflows")
        }
        guard type.byteCount == nil || size.bytes == end - begin else {
            throw invalid("shape \(shape) of \(type.rawValue) takes \(size.bytes) bytes, data_offsets span \(end - begin)")
        }
        return Item(name: name, type: type, shape: shape, count: size.count, begin: begin, end: end)
    }

    private static func integers(
        _ scanner: inout JSONScanner, atMost limit: Int, of name: String, path: String
    ) throws -> [Int] {
        var values: [Int] = []
        try scanner.array { scanner in
            guard values.count < limit else {
                throw CheckpointError.invalidTensor(
                    path: path, tensor: name, reason: "a list in the header is longer than \(limit)")
            }
            values.append(try scanner.count())
        }
        return values
    }

    /// Checks that `items`, in order of their offsets, fill the data section exactly.
    private static func place(_ items: [Item], in contents: MappedFile, dataStart: Int) throws -> [TensorRecord] {
        let available = contents.count - dataStart
        var expected = 0
        var records: [TensorRecord] = []
        records.reserveCapacity(items.count)
        for item in items {
            guard item.begin == expected else {
                throw CheckpointError.misplacedData(
                    path: contents.path, tensor: item.name, expectedOffset: expected, foundOffset: item.begin)
            }
            guard item.end <= available else {
                throw CheckpointError.truncated(
                    path: contents.path, part: "data of tensor \(quoted(item.name))", offset: dataStart + item.begin,
                    needed: item.end - item.begin, available: max(0, available - item.begin))
            }
            expected = item.end
            records.append(
                TensorRecord(
                    name: item.name, type: item.type, shape: item.shape, count: item.count, byteCount: item.end - item.begin,
                    contents: contents, offset: dataStart + item.begin, strides: nil))
        }
        guard expected == available else {
            throw CheckpointError.misplacedData(
                path: contents.path, tensor: items.last?.name ?? "", expectedOffset: expected, foundOffset: available)
        }
        return records
    }
}
