import Files
import Foundation
public import Tensors

extension Checkpoint {
    /// The tensor of that name as float32, whatever the file's type.
    ///
    /// Float32 values that lie row-major at a multiple of four bytes are borrowed from the mapping without a copy; the
    /// tensor keeps the mapping alive. Integers become the nearest float32, truth values 0 and 1.
    ///
    /// - Throws: `CheckpointError.missingTensor`, `typeMismatch` for complex values, `unknownElementType` for values of a type
    ///   that is only listed, or `limitExceeded` where the machine's memory could not hold it.
    public func tensor(_ name: String) throws -> Tensor {
        let record = try record(name)
        try checkReal(record)
        let contents = record.contents
        if record.type == .f32, record.isPlain {
            let start = contents.pointer(at: record.offset)
            if Int(bitPattern: start).isMultiple(of: MemoryLayout<Float>.alignment) {
                return Tensor(borrowing: start.assumingMemoryBound(to: Float.self), shape: record.shape, owner: contents)
            }
        }
        try checkFits(record.count, of: MemoryLayout<Float>.size)
        return try Tensor(uninitialized: record.shape) { values in
            guard let target = values.baseAddress, record.count > 0 else { return }
            if record.type == .f32 {
                record.copy(to: target)
            } else {
                try withBytes(of: record) { record.widen($0, to: target) }
            }
        }
    }

    /// The tensor of that name, which must have `shape`; the shape is compared before anything is read.
    ///
    /// - Throws: `CheckpointError.missingTensor`, `shapeMismatch`.
    public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let record = try record(name)
        guard record.shape == shape else {
            throw CheckpointError.shapeMismatch(path: path, tensor: name, expected: shape, found: record.shape)
        }
        return try tensor(name)
    }

    /// The values of an integer tensor, row-major; truth values become 0 and 1.
    ///
    /// - Throws: `CheckpointError.missingTensor`, `typeMismatch` for other values, `valueOutOfRange` for values from 2^63 on.
    public func integers(_ name: String) throws -> [Int64] {
        let record = try record(name)
        guard record.type.isInteger else {
            throw CheckpointError.typeMismatch(path: path, tensor: name, expected: "an integer type", found: record.type)
        }
        try checkFits(record.count, of: MemoryLayout<Int64>.size)
        return try withBytes(of: record) { bytes in
            switch record.type {
            case .bool: return bytes.map { $0 == 0 ? 0 : 1 }
            case .u8: return bytes.map { Int64($0) }
            case .i8: return bytes.map { Int64(Int8(bitPattern: $0)) }
            case .i16: return bytes.numbers(Int16.self).map { Int64($0) }
            case .u16: return bytes.numbers(UInt16.self).map { Int64($0) }
            case .i32: return bytes.numbers(Int32.self).map { Int64($0) }
            case .u32: return bytes.numbers(UInt32.self).map { Int64($0) }
            case .i64: return Array(bytes.numbers(Int64.self))
            case .u64:
                return try bytes.numbers(UInt64.self).enumerated().map { index, value in
                    guard let value = Int64(exactly: value) else {
                        throw CheckpointError.valueOutOfRange(path: path, tensor: name, index: index, type: .i64)
                    }
                    return value
                }
            default: return []
            }
        }
    }

    /// The bytes of a tensor in the file's own type where they lie row-major, and what keeps them alive; nil where there is no
    /// such tensor.
    public func memory(of name: String) -> (bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable)? {
        guard let record = try? record(name), record.isPlain else { return nil }
        let start = record.contents.pointer(at: record.offset)
        return (UnsafeRawBufferPointer(start: start, count: record.byteCount), record.contents)
    }

    /// Calls `body` with the values of a tensor in the file's own type, row-major and little-endian, at any alignment;
    /// the pointer must not escape.
    ///
    /// - Throws: `CheckpointError.missingTensor`, and what `body` throws.
    public func rawBytes<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try withBytes(of: try record(name), body)
    }

    /// Gives back the memory that a tensor's part of the mapping takes, once its values are copied elsewhere. They are read
    /// from the file again where something still borrows them, so that this is always safe. No effect on what is no tensor
    /// of this file, and on small ones.
    public func release(_ name: String) {
        guard let position = index(of: name) else { return }
        let record = records[position]
        // Below that, the call costs more than the pages.
        guard record.byteCount >= 1 << 16 else { return }
        // A view with strides lies in a larger range than its own size; that it is not given back whole does no harm.
        record.contents.release(record.offset..<record.offset + record.byteCount)
    }

    /// Reads every floating-point tensor, one after the other.
    ///
    /// - Throws: `CheckpointError.notFinite` with the place of the first value that is infinite or not a number (as
    ///   float32).
    public func checkFinite() throws {
        for record in records where record.type.isFloatingPoint { try checkFinite(record) }
    }

    /// Reads a floating-point tensor.
    ///
    /// - Throws: `CheckpointError.missingTensor`; `notFinite` with the place of the first value that is infinite or not a
    ///   number.
    public func checkFinite(_ name: String) throws {
        let record = try record(name)
        if record.type.isFloatingPoint { try checkFinite(record) }
    }

    /// Whether both files hold the same tensors: names, shapes, types and values.
    package func holdsTheSame(as other: Checkpoint) throws -> Bool {
        guard entries.count == other.entries.count else { return false }
        for entry in entries {
            guard let counterpart = other.entry(entry.name), (counterpart.type, counterpart.shape) == (entry.type, entry.shape) else { return false }
        }
        for entry in entries {
            let isSame = try rawBytes(entry.name) { own in
                try other.rawBytes(entry.name) { Self.areTheSame(own, $0) }
            }
            release(entry.name)
            other.release(entry.name)
            guard isSame else { return false }
        }
        return true
    }

    private static func areTheSame(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
        guard first.count == second.count else { return false }
        guard let one = first.baseAddress, let other = second.baseAddress else { return true }
        return memcmp(one, other, first.count) == 0
    }

    /// Throws where a value that is infinite or not a number was noted.
    ///
    /// - Throws: `CheckpointError.notFinite` with the place of the first such value of the tensor.
    public func checkNoted() throws {
        guard let name = firstNonFinite, let record = try? record(name) else { return }
        try checkFinite(record)
    }

    private func checkFinite(_ record: TensorRecord) throws {
        let values = try tensor(record.name)
        defer { release(record.name) }
        guard let first = values.firstNonFinite else { return }
        let value = values.withUnsafeBufferPointer { $0[first] }
        throw CheckpointError.notFinite(path: path, tensor: record.name, index: first, value: value)
    }

    private func withBytes<Result>(
        of record: TensorRecord, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard !record.isPlain else {
            return try withExtendedLifetime(record.contents) {
                let start = record.contents.pointer(at: record.offset)
                return try body(UnsafeRawBufferPointer(start: start, count: record.byteCount))
            }
        }
        try checkFits(record.byteCount, of: 1)
        let gathered = UnsafeMutableRawBufferPointer.allocate(byteCount: max(record.byteCount, 1), alignment: 64)
        defer { gathered.deallocate() }
        if let base = gathered.baseAddress { record.copy(to: base) }
        return try body(UnsafeRawBufferPointer(rebasing: gathered[0..<record.byteCount]))
    }

    private func checkReal(_ record: TensorRecord) throws {
        switch record.type {
        case .c64, .c128:
            throw CheckpointError.typeMismatch(path: path, tensor: record.name, expected: "real values", found: record.type)
        case .other(let type): throw CheckpointError.unknownElementType(path: path, tensor: record.name, found: type)
        default: break
        }
    }

    /// Running out of memory ends the process, so what cannot fit is refused before it is asked for.
    private func checkFits(_ count: Int, of size: Int) throws {
        guard count <= Limits.memory / size else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "values for this machine's memory", limit: Limits.memory / size, found: count)
        }
    }
}
