import Foundation
import Layers
import Tensors

/// What generators read of captions: MaskGen by the text tower of CLIP ViT-L/14 (TA-TiTok, section 3.3), generators that were
/// made for classes by the text encoder of a FlowTok.
public struct TextCondition: Sendable {
    /// The hidden states of every position [batch, positions, width]: CLIP's before the last block, without the final norm; the
    /// last ones of a FlowTok's text encoder.
    public let hidden: Tensor
    /// A vector to each text [batch, width]: CLIP's in the space shared with images; the mean of the states of a FlowTok's text
    /// encoder.
    public let pooled: Tensor

    /// `pooled` may also be [batch, 1, width].
    public init(hidden: Tensor, pooled: Tensor) {
        precondition(
            hidden.rank == 3 && pooled.count == hidden.shape[0] * (pooled.shape.last ?? 0),
            "a text of shape \(hidden.shape) with a vector of shape \(pooled.shape)")
        self.hidden = hidden
        self.pooled = pooled.reshaped([hidden.shape[0], pooled.shape[pooled.rank - 1]])
    }

    /// The number of captions.
    public var count: Int { hidden.shape[0] }

    /// This condition and then `other`; a single caption there stands for as many as there are here.
    func followed(by other: TextCondition) -> TextCondition {
        let other = other.count == count ? other : other.repeated(count)
        return TextCondition(
            hidden: .concatenated([hidden, other.hidden], axis: 0), pooled: .concatenated([pooled, other.pooled], axis: 0))
    }

    private func repeated(_ times: Int) -> TextCondition {
        precondition(count == 1, "\(count) unconditional texts for \(times) captions")
        return TextCondition(
            hidden: .concatenated([Tensor](repeating: hidden, count: times), axis: 0),
            pooled: .concatenated([Tensor](repeating: pooled, count: times), axis: 0))
    }
}

/// The aesthetic score of an image as sines and cosines of 100 times the score: [batch, width].
public enum MicroCondition {
    /// Sines in the first half, cosines in the second, of frequencies 1000^(-i/half): MaskGen VQ.
    public static func halves(_ scores: [Float], width: Int) -> Tensor {
        let half = width / 2
        return Tensor(uninitialized: [scores.count, width]) { buffer in
            for (row, score) in scores.enumerated() {
                for i in 0..<half {
                    let angle = Double(100 * score) * frequency(1000, Double(i) / Double(half))
                    buffer[row * width + i] = Float(sin(angle))
                    buffer[row * width + half + i] = Float(cos(angle))
                }
            }
        }
    }

    /// Sine and cosine side by side, of frequencies 10000^(-i/half): MaskGen KL.
    public static func interleaved(_ scores: [Float], width: Int) -> Tensor {
        let half = width / 2
        return Tensor(uninitialized: [scores.count, width]) { buffer in
            for (row, score) in scores.enumerated() {
                for i in 0..<half {
                    let angle = Double(100 * score) * frequency(10000, Double(i) / Double(half))
                    buffer[row * width + 2 * i] = Float(sin(angle))
                    buffer[row * width + 2 * i + 1] = Float(cos(angle))
                }
            }
        }
    }

    private static func frequency(_ base: Double, _ exponent: Double) -> Double { pow(base, -exponent) }
}
