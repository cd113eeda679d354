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

    public func deferred(named name: String, shape: [Int]) -> LazyMatrix? {
        source.deferred(named: name, shape: shape)
    }

    /// OpenBLAS packs for itself.
    private var packs: Bool { precision != .float32 || !Machine.usesOpenBLAS }

    public func release(named name: String) { source.release(named: name) }

    public func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        // A file that was packed before says itself what its matrices are.
        if let ready = source.packed(named: name, shape: shape) { return ready }
        guard packs, source.contains(name) else { return nil }
        defer { source.release(named: name) }
        guard let outputs = shape.first, outputs > 0 else { return PackedMatrix(.zeros([0, 0]), as: .float32) }
        let inputs = shape.dropFirst().reduce(1, *)
        let type = type(name, outputs, inputs)
        if let matrix = source.packed(named: name, shape: shape, as: type) { return matrix }
        let tensor = source.tensor(named: name, shape: shape, initial: .zeros)
        guard tensor.shape == shape else { return PackedMatrix(.zeros([0, 0]), as: .float32) }
        return PackedMatrix(tensor.reshaped([outputs, inputs]), as: type)
    }

    public func packedKernel(named name: String, shape: [Int], exactly: Bool, for application: PackedKernel.Application) -> PackedKernel? {
        guard !Machine.usesOpenBLAS || (precision != .float32 && !exactly), source.contains(name) else { return nil }
        defer { source.release(named: name) }
        let tensor = source.tensor(named: name, shape: shape, initial: .zeros)
        // What is wrong with it has been noted.
        let isUsable = tensor.shape == shape && !shape.contains(0)
        return PackedKernel(isUsable ? tensor : .zeros([0, 0, 0, 0]), as: exactly ? .float32 : precision, for: application)
    }

    /// Eight bits only for the maps inside transformer blocks; what leads in and out is small and stays finer. What the time
    /// of the flow goes through is computed once for a schedule, and exactly.
    private func type(_ name: String, _ outputs: Int, _ inputs: Int) -> Precision {
        if inputs < 64 || outputs < 64 || name.contains("t_embedder.") || name.contains("time_embedder.") { return .float32 }
        guard precision == .int8 else { return precision }
        return Self.insides.contains { name.contains($0) } ? .int8 : .bfloat16
    }

    /// What the names of maps inside transformer blocks hold.
    private static let insides = [
        ".attn.", ".mlp.", ".feed_forward.", ".attention.w", ".self_attn.", ".multihead_attn.", ".linear1.", ".linear2.",
    ]
}
