import Layers
import Tensors

/// A codebook, parameter `embedding.weight` [K, D], and the search for the nearest of its codes (van den Oord et al.,
/// 2017; TiTok, section 3.1; reference section 3).
public struct VectorQuantizer: Sendable {
    /// Vectors by their codes.
    public struct Quantized: Sendable {
        /// The nearest code of every vector, the first on ties.
        public let indices: [Int32]
        /// Their squared distances.
        public let distances: [Float]
        /// The codes, with the gradient of the vectors (straight through): v + (q - v), of the vectors' shape.
        public let values: Tensor
        /// Mean squared distance that moves the codes.
        public let codebookLoss: Tensor
        /// Mean squared distance that moves the vectors, times the commitment cost.
        public let commitmentLoss: Tensor
        /// The sum of both losses.
        public var loss: Tensor { codebookLoss + commitmentLoss }
    }

    /// The codes as they are stored: [K, D].
    public let embedding: Tensor
    public let commitmentCost: Float
    /// Whether vectors and codes are compared, and looked up, as unit vectors.
    public let isNormalized: Bool

    public init(
        _ weights: Weights, codes: Int, size: Int, commitmentCost: Float = 0.25, isNormalized: Bool = false
    ) {
        embedding = weights.tensor("embedding.weight", [codes, size], initial: .uniform(bound: 1 / Float(codes)))
        self.commitmentCost = commitmentCost
        self.isNormalized = isNormalized
    }

    /// The codes as they are compared and looked up: [K, D].
    public var codes: Tensor { isNormalized ? embedding.unitRows() : embedding }

    /// Squared distances of vectors [..., D] to all codes: [vectors, K]. In float32 whatever the precision of products:
    /// the order of near codes must not depend on it. Not recorded.
    public func distances(_ vectors: Tensor) -> Tensor {
        let size = embedding.shape[1]
        precondition(vectors.shape.last == size, "vectors of shape \(vectors.shape) for codes of \(size) numbers")
        let flat = vectors.detached.reshaped([vectors.count / size, size])
        let rows = isNormalized ? flat.unitRows() : flat
        let codes = self.codes.detached
        let products = Precision.$current.withValue(.float32) { rows.matrixProduct(codes, otherTransposed: true) }
        let (vectorNorms, codeNorms) = (rows.squaredNorms(), codes.squaredNorms())
        let width = codeNorms.count
        return products.withUnsafeBufferPointer { products in
            Tensor(uninitialized: [vectorNorms.count, width]) { out in
                for (row, norm) in vectorNorms.enumerated() {
                    for k in 0..<width { out[row * width + k] = norm + codeNorms[k] - 2 * products[row * width + k] }
                }
            }
        }
    }

    /// The nearest codes of vectors [..., D].
    public func nearest(_ vectors: Tensor) -> (indices: [Int32], distances: [Float]) {
        let (width, size) = (embedding.shape[0], embedding.shape[1])
        precondition(vectors.shape.last == size, "vectors of shape \(vectors.shape) for codes of \(size) numbers")
        let flat = vectors.detached.reshaped([vectors.count / size, size])
        var found: (indices: [Int32], distances: [Float]) = ([], [])
        // As many rows at a time as give four megabytes: all distances of an image to many codes are more memory than all else
        // that an encoder works on.
        let rows = max(1, (1 << 20) / max(1, width))
        for first in stride(from: 0, to: flat.shape[0], by: rows) {
            let part = flat.sliced(axis: 0, first..<min(first + rows, flat.shape[0]))
            distances(part).withUnsafeBufferPointer { values in
                for start in stride(from: 0, to: values.count, by: width) {
                    var best = 0
                    for k in 1..<max(width, 1) where values[start + k] < values[start + best] { best = k }
                    found.indices.append(Int32(best))
                    found.distances.append(values[start + best])
                }
            }
        }
        return found
    }

    /// Vectors [..., D] by their nearest codes, with the losses of training.
    public func callAsFunction(_ vectors: Tensor) -> Quantized {
        let (indices, distances) = nearest(vectors)
        let compared = isNormalized ? vectors.unitRows() : vectors
        let found = codes.rows(indices, shape: Array(vectors.shape.dropLast()))
        return Quantized(
            indices: indices, distances: distances, values: compared + (found - compared).detached,
            codebookLoss: (found - compared.detached).meanSquare(),
            commitmentLoss: (found.detached - compared).meanSquare() * commitmentCost)
    }

    /// The codes of indices, arranged as `shape` + [D]. Traps on an index out of range.
    public func lookUp(_ indices: [Int32], shape: [Int]? = nil) -> Tensor {
        let found = embedding.rows(indices, shape: shape)
        return isNormalized ? found.unitRows() : found
    }

    /// Mixtures of codes by weights [..., K]: [..., D]. The codes are taken as they are stored.
    public func mix(_ weights: Tensor) -> Tensor {
        let (codes, size) = (embedding.shape[0], embedding.shape[1])
        precondition(weights.shape.last == codes, "weights of shape \(weights.shape) for \(codes) codes")
        return weights.reshaped([weights.count / codes, codes]).matrixProduct(embedding)
            .reshaped(weights.shape.dropLast() + [size])
    }
}

extension Tensor {
    /// The squared length of every row of a matrix.
    fileprivate func squaredNorms() -> [Float] {
        let width = shape[1]
        return withUnsafeBufferPointer { values in
            (0..<shape[0]).map { row in
                Float((0..<width).reduce(0.0) { $0 + Double(values[row * width + $1]) * Double(values[row * width + $1]) })
            }
        }
    }
}
