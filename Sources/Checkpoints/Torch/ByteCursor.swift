/// Reads a run of bytes from front to back; every read is checked against what remains.
struct ByteCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    private let path: String
    /// What is being read, for messages.
    private let part: String
    /// Where `bytes` begins in the file, for messages.
    private let origin: Int

    init(_ bytes: UnsafeRawBufferPointer, from position: Int = 0, path: String, part: String, origin: Int = 0) {
        self.bytes = bytes
        self.position = min(max(position, 0), bytes.count)
        self.path = path
        self.part = part
        self.origin = origin
    }

    var remaining: Int { bytes.count - position }
    var offset: Int { origin + position }

    /// The next `count` bytes.
    mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else {
            throw CheckpointError.truncated(path: path, part: part, offset: offset, needed: count, available: remaining)
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) throws -> Value {
        Value(littleEndian: try take(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
    }
}
