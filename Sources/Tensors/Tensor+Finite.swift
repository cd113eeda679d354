import CKernels

extension Tensor {
    /// The place, row-major, of the first value that is infinite or not a number; nil where all are finite.
    public var firstNonFinite: Int? {
        var first = 0
        return count > 0 && ck_count_nonfinite_f32(base, count, &first) > 0 ? first : nil
    }
}
