import CKernels

extension UnsafeRawBufferPointer {
    /// Whether any of the bfloat16 values is infinite or not a number.
    public var hasNonFiniteBFloat16: Bool {
        guard let baseAddress else { return false }
        return ck_count_nonfinite_bf16(baseAddress, count / 2) > 0
    }
}

extension Tensor {
    /// The place, row-major, of the first value that is infinite or not a number; nil where all are finite.
    public var firstNonFinite: Int? {
        var first = 0
        return count > 0 && ck_count_nonfinite_f32(base, count, &first) > 0 ? first : nil
    }
}
