import CKernels

/// A matrix [outputs, inputs] in the order in which the kernels read it, for products without a gradient: packed once, at
/// the type that its products are computed in.
public struct PackedMatrix: Sendable {
    public let outputs: Int
    public let inputs: Int
    public let precision: Precision
    private let memory: PackedMemory
    /// The first of the memory's outputs that is one of these: more than 0 in a part of another matrix.
    private var first = 0

    /// Packs a tensor [outputs, inputs].
    public init(_ weight: Tensor, as precision: Precision) {
        precondition(weight.rank == 2, "packing of shape \(weight.shape)")
        outputs = weight.shape[0]
        inputs = weight.shape[1]
        self.precision = precision
        memory = PackedMemory(outputs, inputs, from: CK_F32, weight.base, type: precision.packedType)
    }

    /// Packs values [outputs, inputs] of bfloat16, row-major at any alignment.
    ///
    /// - Returns: nil where there are not as many bytes as that takes.
    public init?(outputs: Int, inputs: Int, bfloat16 bytes: UnsafeRawBufferPointer, as precision: Precision) {
        let (count, overflow) = outputs.multipliedReportingOverflow(by: inputs)
        guard outputs > 0, inputs > 0, !overflow, count < 1 << 56, bytes.count == 2 * count, let base = bytes.baseAddress
        else { return nil }
        self.outputs = outputs
        self.inputs = inputs
        self.precision = precision
        memory = PackedMemory(outputs, inputs, from: CK_BF16, base, type: precision.packedType)
    }

    /// The packed form that another `PackedMatrix` of the same type had, without a copy where it is aligned to 64 bytes.
    ///
    /// - Parameters:
    ///   - bytes: as `withBytes` gave them; kept alive by `owner`.
    ///   - scales, sums: one for every output, for int8 alone.
    /// - Returns: nil where a size is not that of such a matrix.
    public init?(
        outputs: Int, inputs: Int, precision: Precision, bytes: UnsafeRawBufferPointer, scales: [Float], sums: [Int32],
        owner: any AnyObject & Sendable
    ) {
        // A product of the two that overflows is no size of anything.
        guard outputs >= 0, inputs >= 0, outputs <= 1 << 40, inputs <= 1 << 40,
            !outputs.multipliedReportingOverflow(by: max(1, inputs) * 8).overflow,
            bytes.count == ck_packed_bytes(precision.packedType, outputs, inputs),
            scales.count == (precision == .int8 ? outputs : 0), sums.count == scales.count
        else { return nil }
        self.outputs = outputs
        self.inputs = inputs
        self.precision = precision
        memory = PackedMemory(bytes, scales: scales, sums: sums, owner: owner)
    }

    private init(_ whole: PackedMatrix, _ range: Range<Int>) {
        outputs = range.count
        inputs = whole.inputs
        precision = whole.precision
        memory = whole.memory
        first = whole.first + range.lowerBound
    }

    /// The outputs `range` as a matrix that shares this one's memory; nil where they do not begin with a panel of the
    /// packed form.
    func part(_ range: Range<Int>) -> PackedMatrix? {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= outputs, "outputs \(range) of a map [\(outputs), \(inputs)]")
        guard (first + range.lowerBound).isMultiple(of: Int(ck_panel_width)) else { return nil }
        return PackedMatrix(self, range)
    }

    /// Where the packed form begins.
    private var start: UnsafeMutableRawPointer { memory.base + ck_packed_bytes(precision.packedType, first, inputs) }

    /// Bytes that the packed form takes.
    public var byteCount: Int { ck_packed_bytes(precision.packedType, outputs, inputs) }

    /// Calls `body` with the packed form, which is the same on every machine; the pointer must not escape.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(memory) {
            try body(UnsafeRawBufferPointer(start: start, count: byteCount))
        }
    }

    /// The scale and the sum of every output; empty unless the matrix is int8.
    public var factors: (scales: [Float], sums: [Int32]) {
        guard let scales = memory.scales, let sums = memory.sums else { return ([], []) }
        return withExtendedLifetime(memory) {
            (
                Array(UnsafeBufferPointer(start: scales + first, count: outputs)),
                Array(UnsafeBufferPointer(start: sums + first, count: outputs))
            )
        }
    }

    /// out[rows×outputs] = x[rows×inputs] Wᵀ + bias, and what `finish` says of it.
    func multiply(
        rows: Int, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, bias: UnsafePointer<Float>?,
        finish: ck_finish? = nil
    ) {
        var weights = ck_packed(
            type: precision.packedType, outputs: outputs, inputs: inputs, data: start,
            scales: memory.scales.map { $0 + first }, sums: memory.sums.map { $0 + first })
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
    /// What was allocated here.
    private var blocks: [UnsafeMutableRawPointer] = []
    private let owner: (any AnyObject & Sendable)?

    init(_ outputs: Int, _ inputs: Int, from source: ck_type, _ weights: UnsafeRawPointer, type: ck_type) {
        base = ck_allocate_kept(ck_packed_bytes(type, outputs, inputs))
        owner = nil
        (scales, sums) = type == CK_INT8 ? PackedMemory.factors(outputs, &blocks) : (nil, nil)
        blocks.append(base)
        ck_pack(type, outputs, inputs, source, weights, base, scales, sums)
    }

    init(_ bytes: UnsafeRawBufferPointer, scales: [Float], sums: [Int32], owner: any AnyObject & Sendable) {
        if let start = bytes.baseAddress, Int(bitPattern: start).isMultiple(of: 64) {
            base = UnsafeMutableRawPointer(mutating: start)
            self.owner = owner
        } else {
            base = ck_allocate_kept(bytes.count)
            if let start = bytes.baseAddress { base.copyMemory(from: start, byteCount: bytes.count) }
            blocks.append(base)
            self.owner = nil
        }
        guard !scales.isEmpty else {
            (self.scales, self.sums) = (nil, nil)
            return
        }
        let made = PackedMemory.factors(scales.count, &blocks)
        made.scales.update(from: scales, count: scales.count)
        made.sums.update(from: sums, count: sums.count)
        (self.scales, self.sums) = (made.scales, made.sums)
    }

    private static func factors(
        _ outputs: Int, _ blocks: inout [UnsafeMutableRawPointer]
    ) -> (scales: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Int32>) {
        let block = ck_allocate_kept(8 * outputs)!
        blocks.append(block)
        return (block.assumingMemoryBound(to: Float.self), (block + 4 * outputs).assumingMemoryBound(to: Int32.self))
    }

    deinit {
        blocks.forEach { ck_free_kept($0) }
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
        let finish =
            activation == nil && residual == nil
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

extension Tensor {
    /// The outputs `range` of x Wᵀ + b alone: x [..., inputs] → [..., range.count]; bias [outputs] of the whole map.
    public func linear(_ weight: PackedMatrix, outputs range: Range<Int>, bias: Tensor? = nil) -> Tensor {
        guard let part = weight.part(range) else {
            return linear(weight, bias: bias).sliced(axis: rank - 1, range)
        }
        return linear(part, bias: bias?.sliced(axis: 0, range))
    }
}
