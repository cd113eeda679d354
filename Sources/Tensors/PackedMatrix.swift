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

    /// out[rows×outputs] = x[rows×inputs] Wᵀ + bias, and what `finish` says of it.
    func multiply(
        rows: Int, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?,
        finish: ck_finish? = nil
    ) {
        var weights = ck_packed(
            type: precision.packedType, outputs: outputs, inputs: inputs, data: memory.base,
            scales: memory.scales, sums: memory.sums)
        guard var finish else {
            ck_gemm_packed(activeLevel, rows, x, inputs, &weights, out, outputs, bias)
            return
        }
        ck_gemm_packed_finished(activeLevel, rows, x, inputs, &weights, out, outputs, bias, &finish)
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
    ///
    /// - Parameters:
    ///   - activation: applied to the result.
    ///   - residual: of the result's shape; the result is added to it then, times `gate` [batch, outputs] where there is
    ///     one for the batch's tokens.
    public func linear(
        _ weight: PackedMatrix, bias: Tensor? = nil, activation: Activation? = nil, addedTo residual: Tensor? = nil,
        gate: Tensor? = nil
    ) -> Tensor {
        precondition(
            rank > 0 && shape[rank - 1] == weight.inputs && bias.map { $0.shape == [weight.outputs] } ?? true,
            "packed map [\(weight.outputs), \(weight.inputs)] applied to shape \(shape)")
        precondition(
            ![self, bias, residual, gate].contains { $0?.isRecorded == true }, "packed weights have no gradient")
        let form: [Int] = shape.dropLast() + [weight.outputs]
        precondition(
            residual.map { $0.shape == form } ?? true, "product of shape \(form) added to shape \(residual?.shape ?? [])")
        precondition(
            gate.map { residual != nil && rank == 3 && $0.shape == [shape[0], weight.outputs] } ?? true,
            "gate of shape \(gate?.shape ?? []) for a product of shape \(form)")
        let rows = shape.dropLast().reduce(1, *)
        let finish = activation == nil && residual == nil
            ? nil
            : ck_finish(
                activates: activation != nil, activation: activation?.kind ?? CK_RELU,
                residual: residual.map { UnsafePointer($0.base) }, gate: gate.map { UnsafePointer($0.base) },
                rows_per_gate: gate == nil ? 1 : shape[1])
        return Tensor(uninitialized: form) { buffer in
            guard let out = buffer.baseAddress, rows > 0 else { return }
            weight.multiply(rows: rows, base, into: out, bias: bias?.base, finish: finish)
        }
    }
}
