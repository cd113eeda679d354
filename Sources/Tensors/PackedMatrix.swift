import CKernels

/// A matrix [outputs, inputs] in the order in which the kernels read it, for products without a gradient: packed once, at
/// the type that its products are computed in.
public struct PackedMatrix: Sendable {
    public let outputs: Int
    public let inputs: Int
    public let precision: Precision
    private let memory: PackedMemory

    /// Packs a tensor [outputs, inputs].
    public init(_ weight: Tensor, as precision: Precision) {
        precondition(weight.rank == 2, "packing of shape \(weight.shape)")
        outputs = weight.shape[0]
        inputs = weight.shape[1]
        self.precision = precision
        memory = PackedMemory(weight, type: precision.packedType)
    }

    /// Bytes that the packed form takes.
    public var byteCount: Int { memory.byteCount }

    /// out[rows×outputs] = x[rows×inputs] Wᵀ + bias.
    func multiply(rows: Int, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?) {
        var weights = ck_packed(
            type: precision.packedType, outputs: outputs, inputs: inputs, data: memory.base,
            scales: memory.scales, sums: memory.sums)
        ck_gemm_packed(activeLevel, rows, x, inputs, &weights, out, outputs, bias)
    }
}

/// The memory of a packed matrix, written once.
private final class PackedMemory: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    /// One scale and one sum for every output, for int8 alone.
    let scales: UnsafeMutablePointer<Float>?
    let sums: UnsafeMutablePointer<Int32>?
    let byteCount: Int
    private let factors: (bytes: Int, block: UnsafeMutableRawPointer)?

    init(_ weight: Tensor, type: ck_type) {
        let outputs = weight.shape[0]
        byteCount = max(64, ck_packed_bytes(type, outputs, weight.shape[1]))
        base = ck_allocate(byteCount)
        if type == CK_INT8 {
            let bytes = max(1, 8 * outputs)
            let block = ck_allocate(bytes)!
            factors = (bytes, block)
            scales = block.assumingMemoryBound(to: Float.self)
            sums = (block + 4 * outputs).assumingMemoryBound(to: Int32.self)
        } else {
            factors = nil
            scales = nil
            sums = nil
        }
        ck_pack(type, outputs, weight.shape[1], weight.base, base, scales, sums)
    }

    deinit {
        ck_free(base, byteCount)
        if let factors { ck_free(factors.block, factors.bytes) }
    }
}

extension Precision {
    var packedType: ck_type {
        switch self {
        case .float32: CK_F32
        case .bfloat16: CK_BF16
        case .int8: CK_INT8
        }
    }
}

extension Tensor {
    /// x Wᵀ + b over the last axis with a packed matrix: x [..., inputs] → [..., outputs]. Not for tensors whose gradient
    /// is asked for.
    public func linear(_ weight: PackedMatrix, bias: Tensor? = nil) -> Tensor {
        precondition(
            rank > 0 && shape[rank - 1] == weight.inputs && bias.map { $0.shape == [weight.outputs] } ?? true,
            "packed map [\(weight.outputs), \(weight.inputs)] applied to shape \(shape)")
        precondition(!isRecorded && bias?.isRecorded != true, "packed weights have no gradient")
        let rows = weight.inputs == 0 ? shape.dropLast().reduce(1, *) : count / weight.inputs
        return Tensor(uninitialized: shape.dropLast() + [weight.outputs]) { buffer in
            guard let out = buffer.baseAddress, rows > 0 else { return }
            weight.multiply(rows: rows, base, into: out, bias: bias?.base)
        }
    }
}
