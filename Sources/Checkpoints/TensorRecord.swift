import Files

/// Where one tensor lies: checked against its file when it is made, so that reading it later cannot go wrong.
struct TensorRecord: Sendable {
    var name: String
    let type: ElementType
    let shape: [Int]
    /// The product of the shape.
    let count: Int
    /// The size of the values, row-major and without gaps.
    let byteCount: Int
    let contents: MappedFile
    /// The byte offset in `contents` of the first value.
    let offset: Int
    /// The distance in values between neighbours along each axis; nil where values lie row-major without gaps.
    let strides: [Int]?
    /// Whether the values are those of the file with their signs changed, as PyTorch notes it instead of computing it.
    var isNegated = false
    /// The same for complex values and their conjugates.
    var isConjugated = false
    /// Whether it is an array of NumPy in a pickle.
    var isArray = false

    /// Whether the values lie in the file as they are.
    var isPlain: Bool { strides == nil && !isNegated && !isConjugated }
}

/// The number of values in `shape` and their size in bytes, or nil where either overflows or an extent is negative.
///
/// - Parameter size: the bytes of one value.
func checkedSize(of shape: [Int], size: Int) -> (count: Int, bytes: Int)? {
    var count = 1
    for extent in shape {
        guard extent >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard !overflow else { return nil }
        count = product
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    return overflow ? nil : (count, bytes)
}

/// Throws where a tensor's name or rank is beyond what is allowed.
func checkNameAndRank(_ name: String, rank: Int, path: String) throws {
    guard name.utf8.count <= Limits.nameBytes else {
        throw CheckpointError.limitExceeded(
            path: path, quantity: "bytes in the name of a tensor", limit: Limits.nameBytes, found: name.utf8.count)
    }
    guard rank <= Limits.rank else {
        throw CheckpointError.limitExceeded(
            path: path, quantity: "axes in tensor \(quoted(name))", limit: Limits.rank, found: rank)
    }
}
