import Files

/// Where one tensor lies: checked against its file when it is made, so that reading it later cannot go wrong.
struct TensorRecord: Sendable {
    var name: String
    let type: ElementType
    let shape: [Int]
    /// The product of the shape.
    let count: Int
    let contents: MappedFile
    /// The byte offset in `contents` of the first value.
    let offset: Int
    /// The distance in values between neighbours along each axis; nil where values lie row-major without gaps.
    let strides: [Int]?

    var byteCount: Int { count * type.byteCount }
}

/// The number of values in `shape` and their size in bytes, or nil where either overflows or an extent is negative.
func checkedSize(of shape: [Int], type: ElementType) -> (count: Int, bytes: Int)? {
    var count = 1
    for extent in shape {
        guard extent >= 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard !overflow else { return nil }
        count = product
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
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
