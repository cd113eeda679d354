/// Signs that PyTorch notes instead of changing them: a tensor's negative and conjugate bits.
extension TensorRecord {
    /// Changes the signs of `count` values, row-major in the file's type, as the bits say.
    func changeSigns(_ values: UnsafeMutableRawPointer) {
        guard isNegated || isConjugated else { return }
        switch type {
        case .f8E4M3, .f8E5M2: change(UInt8.self, values) { $0 ^ 0x80 }
        // They have one zero, and NaN where the other would be.
        case .f8E4M3FNUZ, .f8E5M2FNUZ: change(UInt8.self, values) { $0 & 0x7f == 0 ? $0 : $0 ^ 0x80 }
        case .f16, .bf16: change(UInt16.self, values) { $0 ^ 0x8000 }
        case .f32: change(UInt32.self, values) { $0 ^ 0x8000_0000 }
        case .f64: change(UInt64.self, values) { $0 ^ 1 << 63 }
        case .c64: changeParts(UInt32.self, values) { $0 ^ 0x8000_0000 }
        case .c128: changeParts(UInt64.self, values) { $0 ^ 1 << 63 }
        case .u8, .i8: change(UInt8.self, values) { 0 &- $0 }
        case .u16, .i16: change(UInt16.self, values) { 0 &- $0 }
        case .u32, .i32: change(UInt32.self, values) { 0 &- $0 }
        case .u64, .i64: change(UInt64.self, values) { 0 &- $0 }
        case .bool, .f8E8M0, .other: break
        }
    }

    /// Changes real values; the conjugate of one is itself.
    private func change<Word: FixedWidthInteger & BitwiseCopyable>(
        _ type: Word.Type, _ values: UnsafeMutableRawPointer, _ changed: (Word) -> Word
    ) {
        guard isNegated else { return }
        for index in 0..<count { change(values + index * MemoryLayout<Word>.size, changed) }
    }

    /// Changes complex values, real part first.
    private func changeParts<Word: FixedWidthInteger & BitwiseCopyable>(
        _ type: Word.Type, _ values: UnsafeMutableRawPointer, _ changed: (Word) -> Word
    ) {
        let size = MemoryLayout<Word>.size
        for index in 0..<count {
            if isNegated { change(values + 2 * index * size, changed) }
            if isNegated != isConjugated { change(values + (2 * index + 1) * size, changed) }
        }
    }

    private func change<Word: FixedWidthInteger & BitwiseCopyable>(
        _ place: UnsafeMutableRawPointer, _ changed: (Word) -> Word
    ) {
        place.storeBytes(of: changed(place.loadUnaligned(as: Word.self)), as: Word.self)
    }
}
