import Files

/// Lays out a safetensors file: the header, and the place of every tensor after it.
struct SafetensorsHeader {
    /// Where the values of a tensor go, in bytes of the file.
    struct Place {
        var declaration: SafetensorsWriter.Declaration
        var count: Int
        var range: Range<Int>
    }

    /// The length field and the padded JSON.
    let bytes: [UInt8]
    /// In file order: types by falling size, then names, as the reference implementation lays them out.
    let places: [Place]

    init(_ declarations: [SafetensorsWriter.Declaration], metadata: [String: String], path: String) throws {
        let ordered = declarations.sorted {
            $0.type == $1.type ? Self.precedes($0.name, $1.name) : $0.type.layoutRank > $1.type.layoutRank
        }
        try Self.check(ordered, path: path)
        var json: [UInt8] = [UInt8(ascii: "{")]
        if !metadata.isEmpty {
            json += Array("\"__metadata__\":{".utf8)
            for (index, item) in metadata.sorted(by: { Self.precedes($0.key, $1.key) }).enumerated() {
                if index > 0 { json.append(UInt8(ascii: ",")) }
                json += Self.literal(item.key) + [UInt8(ascii: ":")] + Self.literal(item.value)
            }
            json.append(UInt8(ascii: "}"))
        }
        var ends: [(count: Int, range: Range<Int>)] = []
        var end = 0
        for declaration in ordered {
            func invalid(_ reason: String) -> CheckpointError {
                .invalidWrite(path: path, tensor: declaration.name, reason: reason)
            }
            guard declaration.type.isWritten, let bytes = declaration.type.byteCount else {
                throw invalid("safetensors has no type \(declaration.type.rawValue)")
            }
            guard let size = checkedSize(of: declaration.shape, size: bytes) else {
                throw invalid("the size of shape \(declaration.shape) is negative or overflows")
            }
            let (next, overflow) = end.addingReportingOverflow(size.bytes)
            guard !overflow else { throw invalid("the size of the file overflows") }
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            let shape = declaration.shape.map(String.init).joined(separator: ",")
            json += Self.literal(declaration.name)
            json += Array(
                ":{\"dtype\":\"\(declaration.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(end),\(next)]}".utf8)
            ends.append((size.count, end..<next))
            end = next
        }
        json.append(UInt8(ascii: "}"))
        // Spaces up to a multiple of eight keep the values of every type aligned.
        json += [UInt8](repeating: 0x20, count: (8 - json.count % 8) % 8)
        guard json.count <= Limits.headerBytes else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "bytes in the safetensors header", limit: Limits.headerBytes, found: json.count)
        }
        let start = 8 + json.count
        guard end <= Int.max - start else {
            throw CheckpointError.limitExceeded(path: path, quantity: "bytes in the file", limit: Int.max - start, found: end)
        }
        bytes = withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
        places = zip(ordered, ends).map { declaration, end in
            Place(
                declaration: declaration, count: end.count,
                range: start + end.range.lowerBound..<start + end.range.upperBound)
        }
    }

    private static func check(_ declarations: [SafetensorsWriter.Declaration], path: String) throws {
        guard declarations.count <= Limits.tensors else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "tensors", limit: Limits.tensors, found: declarations.count)
        }
        var names = Set<String>()
        for declaration in declarations {
            try checkNameAndRank(declaration.name, rank: declaration.shape.count, path: path)
            guard declaration.name != "__metadata__" else {
                throw CheckpointError.invalidWrite(path: path, tensor: declaration.name, reason: "the format reserves the name")
            }
            guard names.insert(declaration.name).inserted else {
                throw CheckpointError.duplicateName(path: path, name: declaration.name)
            }
        }
    }

    /// The order of the bytes of UTF-8, the same on every machine and in every language.
    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// `text` as a JSON string.
    private static func literal(_ text: String) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): result += Array("\\\"".utf8)
            case UInt8(ascii: "\\"): result += Array("\\\\".utf8)
            case 0x08: result += Array("\\b".utf8)
            case 0x09: result += Array("\\t".utf8)
            case 0x0a: result += Array("\\n".utf8)
            case 0x0c: result += Array("\\f".utf8)
            case 0x0d: result += Array("\\r".utf8)
            case 0..<0x20: result += Array("\\u".utf8) + Array(UInt32(byte).hexadecimal.suffix(4).utf8)
            default: result.append(byte)
            }
        }
        return result + [UInt8(ascii: "\"")]
    }
}
