import Tensors

/// y = x Wᵀ + b over the last axis, with `weight` [outputs, inputs] and `bias` [outputs].
public struct Linear: Sendable {
    /// The matrix in its stored shape; of shape [0] where it is packed.
    public let weight: Tensor
    public let bias: Tensor?
    private let packed: PackedMatrix?
    private let later: LazyMatrix?
    private let inputs: Int
    private let outputs: Int

    /// `kernel` are trailing axes of extent 1 in the stored weight: a 1×1 convolution is a linear map.
    public init(
        _ weights: Weights, from inputs: Int, to outputs: Int, bias hasBias: Bool = true, kernel: [Int] = [],
        initial: Initializer = .xavierUniform, biasInitial: Initializer = .zeros
    ) {
        self.init(
            weights, names: ("weight", hasBias ? "bias" : nil), stored: [outputs, inputs] + kernel, from: inputs,
            to: outputs, initial: initial, biasInitial: biasInitial)
    }

    /// The same under other names, or with another stored shape of as many values.
    public init(
        _ weights: Weights, names: (weight: String, bias: String?), stored shape: [Int]? = nil, from inputs: Int,
        to outputs: Int, initial: Initializer, biasInitial: Initializer = .zeros
    ) {
        let shape = shape ?? [outputs, inputs]
        packed = weights.packed(names.weight, shape)
        later = nil
        weight = packed == nil ? weights.tensor(names.weight, shape, initial: initial) : .zeros([0])
        self.inputs = inputs
        self.outputs = outputs
        bias = names.bias.map { weights.tensor($0, [outputs], initial: biasInitial) }
    }

    /// A map that inference needs a few times only, so that its matrix is not kept there but read when it is used.
    public init(lazy weights: Weights, from inputs: Int, to outputs: Int, initial: Initializer) {
        later = weights.deferred("weight", [outputs, inputs])
        packed = later == nil ? weights.packed("weight", [outputs, inputs]) : nil
        weight =
            later == nil && packed == nil
            ? weights.tensor("weight", [outputs, inputs], initial: initial) : .zeros([0])
        self.inputs = inputs
        self.outputs = outputs
        bias = weights.tensor("bias", [outputs], initial: .zeros)
    }

    /// Whether the map serves inference, so that it gives the same always.
    public var isConstant: Bool { later != nil || packed != nil }

    /// Bytes that a product with the matrix reads of it.
    public var byteCount: Int { packed?.byteCount ?? inputs * outputs * MemoryLayout<Float>.stride }

    /// The patch embedding of a vision transformer: a convolution [outputs, channels, patch, patch] with stride `patch`,
    /// applied to flattened patches [..., channels·patch·patch].
    public init(
        convolution weights: Weights, channels: Int, patch: Int, to outputs: Int, initial: Initializer,
        biasInitial: Initializer = .zeros
    ) {
        self.init(
            weights, names: ("weight", "bias"), stored: [outputs, channels, patch, patch],
            from: channels * patch * patch, to: outputs, initial: initial, biasInitial: biasInitial)
    }

    /// x [..., inputs] → [..., outputs].
    public func callAsFunction(_ x: Tensor) -> Tensor {
        if let packed { return x.linear(packed, bias: bias) }
        if let later { return later.withTensor { x.linear($0, bias: bias) } }
        // The stored shape is read as a matrix here and not once for all: in training this is a recorded step, and what a
        // step recorded is gone after its gradient.
        return x.linear(weight.rank == 2 ? weight : weight.reshaped([outputs, inputs]), bias: bias)
    }

    /// The outputs `range` alone: x [..., inputs] → [..., range.count]. For maps that are stored as one and read different
    /// inputs. Not for maps that are read when they are used.
    public func callAsFunction(_ x: Tensor, outputs range: Range<Int>) -> Tensor {
        if let packed { return x.linear(packed, outputs: range, bias: bias) }
        precondition(later == nil, "a part of a map that is read when it is used")
        return x.linear(weight.reshaped([outputs, inputs]).sliced(axis: 0, range), bias: bias?.sliced(axis: 0, range))
    }

    /// activation(x Wᵀ + b).
    public func callAsFunction(_ x: Tensor, activation: Activation) -> Tensor {
        if let packed { return x.linear(packed, bias: bias, activation: activation) }
        return self(x).applying(activation)
    }

    /// residual + x Wᵀ + b.
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor) -> Tensor {
        if let packed { return x.linear(packed, bias: bias, addedTo: residual) }
        return residual + self(x)
    }

    /// residual + gate ∘ (x Wᵀ + b) for x [batch, tokens, inputs], with a gate [batch, outputs].
    public func callAsFunction(_ x: Tensor, addedTo residual: Tensor, gate: Tensor) -> Tensor {
        if let packed { return x.linear(packed, bias: bias, addedTo: residual, gate: gate) }
        return residual.addingGated(self(x), by: gate)
    }
}
