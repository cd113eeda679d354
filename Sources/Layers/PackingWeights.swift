import Tensors

/// Another source, whose larger matrices are packed for inference as they are read: one copy in memory, in the order and
/// the type that the products need.
public final class PackingWeights: WeightSource {
    private let source: any WeightSource
    private let precision: Precision

    public init(_ source: any WeightSource, as precision: Precision) {
        self.source = source
        self.precision = precision
    }

    public func contains(_ name: String) -> Bool { source.contains(name) }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        // Of what is left when the matrices are packed, tables of many rows are the most, and few of them are used: what is
        // borrowed from a file comes back page by page.
        defer { if packs { source.release(named: name) } }
        return source.tensor(named: name, shape: shape, initial: initial)
    }

    public func deferred(named name: String, shape: [Int]) -> DeferredMatrix? {
        source.deferred(named: name, shape: shape)
    }

    /// OpenBLAS packs for itself.
    private var packs: Bool { precision != .float32 || !Machine.usesOpenBLAS }

    public func release(named name: String) { source.release(named: name) }

    public func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        // A file that was packed before says itself what its matrices are.
        if let ready = source.packed(named: name, shape: shape) { return ready }
        guard packs, source.contains(name) else { return nil }
        let tensor = source.tensor(named: name, shape: shape, initial: .zeros)
        defer { source.release(named: name) }
        guard tensor.shape == shape, let outputs = shape.first, outputs > 0 else { return PackedMatrix(.zeros([0, 0]), as: .float32) }
        let matrix = tensor.reshaped([outputs, tensor.count / outputs])
        return PackedMatrix(matrix, as: type(of: matrix, name))
    }

    /// Eight bits only for the maps inside transformer blocks; what leads in and out is small and stays finer. What the time
    /// of the flow goes through is computed once for a schedule, and exactly.
    private func type(of matrix: Tensor, _ name: String) -> Precision {
        if matrix.shape[1] < 64 || matrix.shape[0] < 64 || name.contains("t_embedder.") { return .float32 }
        guard precision == .int8 else { return precision }
        let isInside = name.contains(".attn.") || name.contains(".mlp.") || name.contains(".feed_forward.")
        return isInside ? .int8 : .bfloat16
    }
}
