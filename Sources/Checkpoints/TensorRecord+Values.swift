import CKernels
import Files

extension TensorRecord {
    /// Copies the values, row-major, in the file's type. `target` has room for `byteCount` bytes.
    func copy(to target: UnsafeMutableRawPointer) {
        withExtendedLifetime(contents) {
            let source = contents.pointer(at: offset)
            if let strides {
                switch type.byteCount {
                case 1: gather(UInt8.self, source, strides, target)
                case 2: gather(UInt16.self, source, strides, target)
                case 4: gather(UInt32.self, source, strides, target)
                case 16: gather(UInt128.self, source, strides, target)
                default: gather(UInt64.self, source, strides, target)
                }
            } else {
                target.copyMemory(from: source, byteCount: byteCount)
            }
        }
        changeSigns(target)
    }

    /// Walks the axes like an odometer, the innermost in a loop of its own.
    private func gather<Word: FixedWidthInteger & BitwiseCopyable>(
        _ type: Word.Type, _ source: UnsafeRawPointer, _ strides: [Int], _ target: UnsafeMutableRawPointer
    ) {
        let size = MemoryLayout<Word>.size
        guard count > 0, let inner = shape.last, let innerStride = strides.last else { return }
        var place = [Int](repeating: 0, count: shape.count)
        var from = 0
        var written = 0
        while true {
            for step in 0..<inner {
                let word = source.loadUnaligned(fromByteOffset: (from + step * innerStride) * size, as: Word.self)
                target.storeBytes(of: word, toByteOffset: (written + step) * size, as: Word.self)
            }
            written += inner
            var axis = shape.count - 2
            while axis >= 0 {
                place[axis] += 1
                from += strides[axis]
                if place[axis] < shape[axis] { break }
                from -= strides[axis] * shape[axis]
                place[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    /// Converts `bytes`, row-major values of the file's type, which must be real, to float32. `target` has room for `count`
    /// values.
    func widen(_ bytes: UnsafeRawBufferPointer, to target: UnsafeMutablePointer<Float>) {
        guard let source = bytes.baseAddress else { return }
        func convert<Number: BinaryInteger & BitwiseCopyable>(_ type: Number.Type) {
            for index in 0..<count {
                let place = index * MemoryLayout<Number>.size
                target[index] = Float(source.loadUnaligned(fromByteOffset: place, as: Number.self))
            }
        }
        switch type {
        case .f32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: bytes.count)
        case .f16: ck_f32_from_f16(target, source, count)
        case .bf16: ck_f32_from_bf16(target, source, count)
        case .f64: ck_f32_from_f64(target, source, count)
        case .bool: for index in 0..<count { target[index] = bytes[index] == 0 ? 0 : 1 }
        case .u8: convert(UInt8.self)
        case .i8: convert(Int8.self)
        case .i16: convert(Int16.self)
        case .u16: convert(UInt16.self)
        case .i32: convert(Int32.self)
        case .u32: convert(UInt32.self)
        case .i64: convert(Int64.self)
        case .u64: convert(UInt64.self)
        case .f8E4M3, .f8E5M2, .f8E4M3FNUZ, .f8E5M2FNUZ, .f8E8M0:
            let values = Float8.values(of: type) ?? []
            for index in 0..<count { target[index] = values[Int(bytes[index])] }
        case .c64, .c128, .other: preconditionFailure("\(type.rawValue) is not real")
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes as numbers, at any alignment.
    func numbers<Number: BitwiseCopyable>(_ type: Number.Type) -> some Sequence<Number> {
        let size = MemoryLayout<Number>.size
        return stride(from: 0, to: count - count % size, by: size).lazy.map { place in
            self.loadUnaligned(fromByteOffset: place, as: Number.self)
        }
    }
}
