import Foundation
import Networks
import Tensors

/// Brings back codes that nothing is near to: a code that is hardly used moves to the vector of the batch that is nearest to it
/// (TiTok's option `clustering_vq`, after Zheng and Vedaldi, 2023; TiTok reference, section 3).
package struct CodebookRevival {
    private static let decay: Float = 0.99
    /// How often each code is used: a running average, [codes].
    package var use: Tensor

    package init(codes: Int) { use = .zeros([codes]) }

    /// The codebook [codes, size] after a batch.
    ///
    /// - Parameters:
    ///   - vectors: what was quantized, [..., size].
    ///   - indices: the code of each.
    package mutating func revived(_ quantizer: VectorQuantizer, vectors: Tensor, indices: [Int32]) -> Tensor {
        let (codes, size) = (quantizer.embedding.shape[0], quantizer.embedding.shape[1])
        var counts = [Float](repeating: 0, count: codes)
        for index in indices { counts[Int(index)] += 1 }
        let rows = max(1, indices.count)
        let (decay, old) = (Self.decay, use.values)
        let shares = zip(old, counts).map { decay * $0 + (1 - decay) * $1 / Float(rows) }
        use = Tensor(shares, shape: [codes])
        let distances = quantizer.distances(vectors).values
        var nearest = [Int](repeating: 0, count: codes)
        for row in 1..<rows {
            for code in 0..<codes where distances[row * codes + code] < distances[nearest[code] * codes + code] { nearest[code] = row }
        }
        let (table, found) = (quantizer.embedding.values, vectors.values)
        return Tensor(uninitialized: [codes, size]) { out in
            for code in 0..<codes {
                let share = exp(-shares[code] * Float(codes) * 10 / (1 - decay) - 1e-3)
                for i in 0..<size {
                    out[code * size + i] = table[code * size + i] * (1 - share) + found[nearest[code] * size + i] * share
                }
            }
        }
    }
}
