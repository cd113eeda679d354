import Tensors

extension Checkpoint {
    /// Writes all tensors of this checkpoint to a safetensors file, whole or not at all, with one tensor in memory at a
    /// time.
    ///
    /// Floating-point values are rounded to nearest even; all others stay as they are. The metadata is taken along. Tensors
    /// whose type safetensors does not have are left out: `unwritable`.
    ///
    /// - Parameters:
    ///   - type: the floating-point type to write; nil keeps every tensor's own.
    ///   - metadata: texts for the header, in place of those that this checkpoint has under the same keys.
    ///   - progress: called after every tensor with the number of bytes read so far, and of all.
    /// - Throws: `CheckpointError.valueOutOfRange` where a finite value is infinite in the new type; `invalidWrite`,
    ///   `limitExceeded`, `FileError.unwritable`; what `progress` throws.
    public func convert(
        to path: String, as type: ElementType? = nil, metadata: [String: String] = [:],
        progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        var done = 0
        try filled(
            declarations(as: type), to: path, metadata: texts.merging(metadata) { $1 }, done: &done, progress: progress
        ).finish()
    }

    /// The tensors that a conversion leaves out: no safetensors file holds values of their type.
    public var unwritable: [Entry] { entries.filter { !$0.type.isWritten } }

    /// The metadata without what only an index of shards has.
    var texts: [String: String] { format == .shardedIndex ? metadata.filter { $0.key != "total_size" } : metadata }

    /// The tensors as they will be in a file of a floating-point type.
    func declarations(as type: ElementType?) -> [SafetensorsWriter.Declaration] {
        entries.filter(\.type.isWritten).map { entry in
            SafetensorsWriter.Declaration(
                name: entry.name, type: entry.type.isFloatingPoint ? type ?? entry.type : entry.type, shape: entry.shape)
        }
    }

    /// Writes some of the tensors to a file that has still to be finished; `done` counts the bytes that are read.
    func filled(
        _ declarations: [SafetensorsWriter.Declaration], to path: String, metadata: [String: String], done: inout Int,
        progress: (_ done: Int, _ total: Int) throws -> Void
    ) throws -> SafetensorsWriter {
        let writer = try SafetensorsWriter(to: path, tensors: declarations, metadata: metadata)
        let total = entries.reduce(0) { $0 + ($1.type.isWritten ? $1.byteCount : 0) }
        for declaration in declarations {
            guard let entry = entry(declaration.name) else { continue }
            if entry.type == declaration.type {
                try rawBytes(entry.name) { try writer.write(entry.name, bytes: $0) }
            } else {
                let values = try tensor(entry.name)
                try checkRange(of: values, entry, declaration.type)
                try writer.write(entry.name, values)
            }
            release(entry.name)
            done += entry.byteCount
            try progress(done, total)
        }
        return writer
    }

    /// float16 ends at 65504, below many a weight; the other types reach as far as float32.
    private func checkRange(of values: Tensor, _ entry: Entry, _ type: ElementType) throws {
        guard type == .f16 else { return }
        // From here on, rounding to nearest gives infinity.
        let limit: Float = 65520
        let bad = values.withUnsafeBufferPointer { $0.firstIndex { $0.isFinite && abs($0) >= limit } }
        if let bad { throw CheckpointError.valueOutOfRange(path: path, tensor: entry.name, index: bad, type: type) }
    }
}
