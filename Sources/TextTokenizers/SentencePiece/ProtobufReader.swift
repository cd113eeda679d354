/// Walks the fields of one protobuf message, knowing only its wire format.
///
/// The bytes are a slice of the file, so that offsets in errors are offsets in the file.
struct ProtobufReader {
    /// One field: its number and its value.
    struct Field {
        let number: UInt64
        let value: Value
        /// Where the field begins in the file.
        let offset: Int
    }

    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)

        var name: String {
            switch self {
            case .varint: "a varint"
            case .fixed64: "a 64-bit value"
            case .fixed32: "a 32-bit value"
            case .bytes(let bytes): "\(bytes.count) bytes"
            }
        }
    }

    private let bytes: ArraySlice<UInt8>
    private let file: String
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>, file: String) {
        self.bytes = bytes
        self.file = file
        position = bytes.startIndex
    }

    /// The next field, or nil at the end of the message.
    mutating func next() throws -> Field? {
        guard position < bytes.endIndex else { return nil }
        let offset = position
        let key = try varint()
        guard key >> 3 != 0 else { throw malformed(offset, "a protobuf field", "field number 0") }
        let value: Value
        switch key & 7 {
        case 0: value = .varint(try varint())
        case 1: value = .fixed64(try fixed(8))
        case 2: value = .bytes(try counted())
        case 5: value = .fixed32(UInt32(truncatingIfNeeded: try fixed(4)))
        case let wire: throw malformed(offset, "a protobuf wire type 0, 1, 2 or 5", "\(wire)")
        }
        return Field(number: key >> 3, value: value, offset: offset)
    }

    func malformed(_ offset: Int, _ expected: String, _ found: String) -> VocabularyError {
        .malformed(file: file, place: "byte \(offset)", expected: expected, found: found)
    }

    private mutating func varint() throws -> UInt64 {
        let offset = position
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.endIndex else { throw malformed(offset, "a varint", "the end of the file or message") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
        }
        throw malformed(offset, "a varint of at most 10 bytes", "a longer one")
    }

    private mutating func fixed(_ count: Int) throws -> UInt64 {
        guard bytes.endIndex - position >= count else {
            throw malformed(position, "a value of \(count) bytes", "\(bytes.endIndex - position) bytes")
        }
        defer { position += count }
        return bytes[position..<position + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func counted() throws -> ArraySlice<UInt8> {
        let offset = position
        let count = try varint()
        guard count <= UInt64(bytes.endIndex - position) else {
            throw malformed(offset, "\(count) bytes", "\(bytes.endIndex - position) left")
        }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }
}
