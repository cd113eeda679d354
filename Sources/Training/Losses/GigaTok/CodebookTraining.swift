import Networks
import Tensors

/// What a codebook of unit vectors gives a tokenizer in training: the codes with a gradient for the vectors, and the losses
/// that draw codes, vectors and the use of all codes (GigaTok, 2504.08736; reference section 8).
public struct CodebookTraining: Sendable, Hashable {
    /// How the gradient of the codes reaches the vectors.
    public enum Gradient: Sendable, Hashable {
        /// As it is.
        case straightThrough
        /// Turned as each code is turned from its vector (Fifty et al., 2024).
        case rotation
    }

    public var gradient: Gradient
    public var commitmentCost: Float
    /// The weight of the loss that wants every vector sure of its code and all codes used; 0 for none.
    public var entropyCost: Float
    /// What distances are divided by there.
    public var temperature: Float

    public init(
        gradient: Gradient = .rotation, commitmentCost: Float = 0.25, entropyCost: Float = 0, temperature: Float = 0.01
    ) {
        self.gradient = gradient
        self.commitmentCost = commitmentCost
        self.entropyCost = entropyCost
        self.temperature = temperature
    }

    /// Vectors by their codes.
    public struct Result: Sendable {
        public let indices: [Int32]
        /// The codes, of the vectors' shape, with a gradient for the vectors.
        public let values: Tensor
        /// Moves the codes.
        public let codebookLoss: Tensor
        /// Moves the vectors, weighted.
        public let commitmentLoss: Tensor
        /// Weighted.
        public let entropyLoss: Tensor
        public var loss: Tensor { codebookLoss + commitmentLoss + entropyLoss }
    }

    /// - Parameter vectors: [..., C].
    public func callAsFunction(_ vectors: Tensor, _ quantizer: VectorQuantizer) -> Result {
        precondition(quantizer.isNormalized, "a codebook whose codes are no unit vectors")
        let size = quantizer.embedding.shape[1]
        let indices = quantizer.nearest(vectors).indices
        let units = vectors.reshaped([vectors.count / size, size]).unitRows()
        let codes = quantizer.codes
        let found = codes.rows(indices)
        let values =
            switch gradient {
            case .straightThrough: units + (found - units).detached
            case .rotation: Self.rotated(units, to: found.detached)
            }
        return Result(
            indices: indices, values: values.reshaped(vectors.shape),
            codebookLoss: (found - units.detached).meanSquare(),
            commitmentLoss: (found.detached - units).meanSquare() * commitmentCost,
            entropyLoss: entropyCost == 0 ? Tensor(0) : entropy(units, codes) * entropyCost)
    }

    /// Vectors z [rows, C] turned and scaled onto their codes q by what is constant in the gradient: with unit vectors u of z
    /// and v of q and w of u + v, z - 2 (z·w) w + 2 (z·u) v.
    private static func rotated(_ z: Tensor, to q: Tensor) -> Tensor {
        func lengths(_ x: Tensor) -> [Float] {
            let width = x.shape[1]
            return x.withUnsafeBufferPointer { values in
                (0..<x.shape[0]).map { row in
                    values[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 }.squareRoot()
                }
            }
        }
        let (from, to) = (lengths(z), lengths(q))
        let little: Float = 1e-6
        let u = z.detached.scaledPerSample(from.map { 1 / ($0 + little) })
        let v = q.scaledPerSample(to.map { 1 / ($0 + little) })
        let w = (u + v).unitRows()
        // The sum of a row in every column of it.
        let ones = Tensor.filled([z.shape[1], z.shape[1]], with: 1)
        func along(_ direction: Tensor) -> Tensor {
            Precision.$current.withValue(.float32) { (z * direction).matrixProduct(ones) }
        }
        let (mirrored, ahead) = (along(w) * w, along(u) * v)
        return (z + (ahead - mirrored) * 2).scaledPerSample(zip(from, to).map { $1 / ($0 + little) })
    }

    /// The mean entropy of the vectors' choice of codes, less the entropy of their mean choice.
    private func entropy(_ units: Tensor, _ codes: Tensor) -> Tensor {
        let rows = units.shape[0]
        // Distances of unit vectors are 2 - 2 cos, and what is the same for all codes makes no difference.
        let logits = Precision.$current.withValue(.float32) {
            units.matrixProduct(codes, otherTransposed: true) * (2 / temperature)
        }
        let choices = logits.softmax()
        let sure = (choices * logits.logSoftmax()).sum() * (-1 / Float(rows))
        let mean = Precision.$current.withValue(.float32) {
            Tensor.filled([1, rows], with: 1 / Float(rows)).matrixProduct(choices)
        }
        return sure + (mean * (mean + 1e-5).logarithm()).sum()
    }
}

/// The share of a codebook's entries among the last 65536 codes; before as many were seen, code 0 stands for those that are
/// missing (reference section 8).
public struct CodebookUsage: Sendable {
    private static let length = 65536
    /// The last codes, oldest first.
    public var recent: [Int32] {
        get { history }
        set { history = newValue }
    }
    private var history: [Int32] = []
    private let codes: Int

    public init(codes: Int) { self.codes = codes }

    /// Adds codes, and gives the share.
    public mutating func add(_ indices: [Int32]) -> Double {
        history = Array((history + indices).suffix(Self.length))
        let used = Set(history).union(history.count < Self.length ? [0] : [])
        return Double(used.count) / Double(max(1, codes))
    }
}
