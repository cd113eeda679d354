import Files

/// The bytes of a storage in its file.
struct TorchStorage {
    var contents: MappedFile
    var offset: Int
    var byteCount: Int
}

extension TensorRecord {
    /// Checks what a pickle says of a tensor against the storage that the file really has.
    init(_ named: TorchState.Named, in storage: TorchStorage) throws {
        let path = storage.contents.path
        let tensor = named.tensor
        let type = tensor.type
        func invalid(_ reason: String) -> CheckpointError { .invalidTensor(path: path, tensor: named.name, reason: reason) }
        try checkNameAndRank(named.name, rank: tensor.sizes.count, path: path)
        let held = storage.byteCount / type.byteCount
        guard let size = checkedSize(of: tensor.sizes, type: type) else {
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
            name: named.name, type: type, shape: tensor.sizes, count: size.count, contents: storage.contents,
            offset: storage.offset + tensor.offset * type.byteCount,
            strides: size.count == 0 || Self.isRowMajor(tensor.sizes, tensor.strides) ? nil : tensor.strides)
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
