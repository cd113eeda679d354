import CKernels
import Files
public import Tensors

/// Writes a safetensors file tensor by tensor, in any order, without holding more than one in memory.
///
/// The names, shapes and types are declared first, since the header comes first; then every tensor is written once.
/// The file appears under its name, whole, when `finish()` returns; without that it never does. The same tensors give the
/// same bytes, whatever the order of declaring and writing.
///
/// For one task at a time.
public final class SafetensorsWriter {
    /// A tensor that will be written.
    public struct Declaration: Sendable, Hashable {
        public var name: String
        public var type: ElementType
        /// The extent of every axis, outermost first; empty for a scalar.
        public var shape: [Int]

        public init(name: String, type: ElementType = .f32, shape: [Int]) {
            self.name = name
            self.type = type
            self.shape = shape
        }
    }

    private let path: String
    private let stream: AtomicFileStream
    private var pending: [String: SafetensorsHeader.Place]

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - path: where the file goes; what is there stays until `finish()`.
    ///   - tensors: every tensor of the file.
    ///   - metadata: texts for the header's `__metadata__`.
    ///   - replacing: whether a file that is there is replaced; `FileError.exists` otherwise.
    /// - Throws: `CheckpointError.duplicateName`, `limitExceeded`, `invalidWrite`, `FileError.unwritable`.
    public init(to path: String, tensors: [Declaration], metadata: [String: String] = [:], replacing: Bool = true) throws {
        let header = try SafetensorsHeader(tensors, metadata: metadata, path: path)
        self.path = path
        stream = try AtomicFileStream(path: path, replacing: replacing)
        try stream.append(header.bytes)
        pending = Dictionary(header.places.map { ($0.declaration.name, $0) }) { first, _ in first }
    }

    /// The bytes before the first value of such a file.
    ///
    /// - Throws: as `init` does.
    public static func headerSize(of tensors: [Declaration], metadata: [String: String] = [:], path: String) throws -> Int {
        try SafetensorsHeader(tensors, metadata: metadata, path: path).bytes.count
    }

    /// Writes a tensor that was declared with a floating-point type, rounding to nearest even.
    ///
    /// - Throws: `CheckpointError.invalidWrite` where the name was not declared or is written already, or the shape or
    ///   type differs; `FileError.unwritable`.
    public func write(_ name: String, _ tensor: Tensor) throws {
        let place = try place(of: name)
        guard place.declaration.shape == tensor.shape else {
            throw invalid(name, "declared with shape \(place.declaration.shape), written with \(tensor.shape)")
        }
        try tensor.withUnsafeBufferPointer { values in
            switch place.declaration.type {
            case .f32: try stream.write(UnsafeRawBufferPointer(values), at: place.range.lowerBound)
            case .f16: try narrow(values, to: UInt16.self, at: place.range.lowerBound, ck_f16_from_f32)
            case .bf16: try narrow(values, to: UInt16.self, at: place.range.lowerBound, ck_bf16_from_f32)
            case .f64:
                try narrow(values, to: Double.self, at: place.range.lowerBound) { out, source, count in
                    for index in 0..<count { out![index] = Double(source![index]) }
                }
            default:
                throw invalid(name, "declared as \(place.declaration.type.rawValue), written as floating point")
            }
        }
        pending[name] = nil
    }

    /// Writes the values of a tensor that was declared with an integer type, row-major.
    ///
    /// - Throws: `CheckpointError.invalidWrite` where the name was not declared or is written already, or the number of
    ///   values or the type differs; `valueOutOfRange`; `FileError.unwritable`.
    public func write(_ name: String, integers: [Int64]) throws {
        let place = try place(of: name)
        guard integers.count == place.count else {
            throw invalid(name, "declared with \(place.count) values, written with \(integers.count)")
        }
        switch place.declaration.type {
        case .bool, .u8: try write(integers, as: UInt8.self, to: place)
        case .i8: try write(integers, as: Int8.self, to: place)
        case .i16: try write(integers, as: Int16.self, to: place)
        case .u16: try write(integers, as: UInt16.self, to: place)
        case .i32: try write(integers, as: Int32.self, to: place)
        case .u32: try write(integers, as: UInt32.self, to: place)
        case .i64: try write(integers, as: Int64.self, to: place)
        case .u64: try write(integers, as: UInt64.self, to: place)
        default:
            throw invalid(name, "declared as \(place.declaration.type.rawValue), written as integers")
        }
        pending[name] = nil
    }

    /// Writes the values of a tensor in its declared type, row-major and little-endian.
    ///
    /// - Throws: `CheckpointError.invalidWrite` where the name was not declared or is written already, or the number of
    ///   bytes differs; `FileError.unwritable`.
    public func write(_ name: String, bytes: UnsafeRawBufferPointer) throws {
        let place = try place(of: name)
        guard bytes.count == place.range.count else {
            throw invalid(name, "declared with \(place.range.count) bytes, written with \(bytes.count)")
        }
        try stream.write(bytes, at: place.range.lowerBound)
        pending[name] = nil
    }

    /// Flushes what is written to the disk, so that little can go wrong in `finish()`.
    ///
    /// - Throws: `FileError.unwritable`.
    package func flush() throws { try stream.flush() }

    /// Puts the file in its place.
    ///
    /// - Throws: `CheckpointError.invalidWrite` where a declared tensor was not written; `FileError.unwritable`.
    public func finish() throws {
        if let missing = pending.keys.min() { throw invalid(missing, "declared, but never written") }
        try stream.commit()
    }

    private func place(of name: String) throws -> SafetensorsHeader.Place {
        guard let place = pending[name] else { throw invalid(name, "it was not declared, or is written already") }
        return place
    }

    private func invalid(_ name: String, _ reason: String) -> CheckpointError {
        .invalidWrite(path: path, tensor: name, reason: reason)
    }

    /// Converts piece by piece: a whole tensor's worth of narrow values would be memory for nothing.
    private func narrow<Value: BitwiseCopyable>(
        _ values: UnsafeBufferPointer<Float>, to type: Value.Type, at offset: Int,
        _ convert: (UnsafeMutablePointer<Value>?, UnsafePointer<Float>?, Int) -> Void
    ) throws {
        try withUnsafeTemporaryAllocation(of: Value.self, capacity: 1 << 16) { piece in
            var done = 0
            while done < values.count {
                let count = min(values.count - done, piece.count)
                convert(piece.baseAddress, values.baseAddress! + done, count)
                try stream.write(
                    UnsafeRawBufferPointer(start: piece.baseAddress, count: count * MemoryLayout<Value>.size),
                    at: offset + done * MemoryLayout<Value>.size)
                done += count
            }
        }
    }

    private func write<Value: FixedWidthInteger & BitwiseCopyable>(
        _ integers: [Int64], as type: Value.Type, to place: SafetensorsHeader.Place
    ) throws {
        let largest: Value = place.declaration.type == .bool ? 1 : .max
        let narrowed = try integers.enumerated().map { index, integer -> Value in
            guard let value = Value(exactly: integer), value <= largest else {
                throw CheckpointError.valueOutOfRange(
                    path: path, tensor: place.declaration.name, index: index, type: place.declaration.type)
            }
            return value.littleEndian
        }
        try narrowed.withUnsafeBytes { try stream.write($0, at: place.range.lowerBound) }
    }
}

extension Checkpoint {
    /// Writes `tensors` to a safetensors file at `path`, whole or not at all.
    ///
    /// - Parameters:
    ///   - type: a floating-point type, for all of them.
    ///   - metadata: texts for the header's `__metadata__`.
    ///   - replacing: whether a file that is there is replaced; `FileError.exists` otherwise.
    /// - Throws: `CheckpointError.duplicateName`, `limitExceeded`, `invalidWrite`, `FileError.unwritable`.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], as type: ElementType = .f32, metadata: [String: String] = [:],
        to path: String, replacing: Bool = true
    ) throws {
        let declarations = tensors.map {
            SafetensorsWriter.Declaration(name: $0.name, type: type, shape: $0.tensor.shape)
        }
        let writer = try SafetensorsWriter(to: path, tensors: declarations, metadata: metadata, replacing: replacing)
        for (name, tensor) in tensors { try writer.write(name, tensor) }
        try writer.finish()
    }
}
