import Files

/// The bytes of a storage in its file.
struct TorchStorage {
    var contents: MappedFile
    var offset: Int
    var byteCount: Int
}

extension TensorRecord {
    /// Checks what a pickle says of a tensor against the storage that the file really has.
    init(_ name: String, _ tensor: PickleGraph.TensorReference, in storage: TorchStorage) throws {
        let path = storage.contents.path
        let type = tensor.type
        func invalid(_ reason: String) -> CheckpointError { .invalidTensor(path: path, tensor: name, reason: reason) }
        try checkNameAndRank(name, rank: tensor.sizes.count, path: path)
        guard let bytes = type.byteCount else {
            throw CheckpointError.unknownElementType(path: path, tensor: name, found: type.rawValue)
        }
        let held = storage.byteCount / bytes
        guard let size = checkedSize(of: tensor.sizes, size: bytes) else {
            throw invalid("the size of shape \(tensor.sizes) is negative or overflows")
        }
        guard tensor.strides.allSatisfy({ $0 >= 0 }) else { throw invalid("negative stride in \(tensor.strides)") }
        guard tensor.offset >= 0, tensor.offset <= held else {
            throw invalid("offset \(tensor.offset) lies outside its storage of \(held) values")
        }
        guard size.count <= max(held, Limits.repeatedValues) else {
            throw invalid("shape \(tensor.sizes) repeats a storage of \(held) values into \(size.count)")
        }
        if size.count > 0 {
            // Subtracting each axis's reach from what is left cannot overflow where adding them up could.
            var left = held - tensor.offset - 1
            for (extent, stride) in zip(tensor.sizes, tensor.strides) {
                let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
                guard !overflow, reach <= left else { left = -1; break }
                left -= reach
            }
            guard left >= 0 else {
                throw invalid(
                    "offset \(tensor.offset), shape \(tensor.sizes) and strides \(tensor.strides) reach outside its storage of \(held) values")
            }
        }
        self.init(
            name: name, type: type, shape: tensor.sizes, count: size.count, byteCount: size.bytes, contents: storage.contents,
            offset: storage.offset + tensor.offset * bytes,
            strides: size.count == 0 || Self.isRowMajor(tensor.sizes, tensor.strides) ? nil : tensor.strides,
            isNegated: tensor.isNegated, isConjugated: tensor.isConjugated)
    }

    /// An array of NumPy, which was checked when it was found.
    init(arrayOf named: TorchState.Named) throws {
        guard case .array(let array, let contents) = named.values else { preconditionFailure("\(named.name) is no array") }
        self.init(
            name: named.name, type: array.type, shape: array.sizes, count: array.count, byteCount: array.byteCount,
            contents: contents, offset: 0, strides: array.strides, isArray: true)
    }

    private static func isRowMajor(_ sizes: [Int], _ strides: [Int]) -> Bool {
        var expected = 1
        for (extent, stride) in zip(sizes, strides).reversed() where extent != 1 {
            guard stride == expected else { return false }
            expected *= extent
        }
        return true
    }
}
