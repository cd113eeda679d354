import Foundation
import Tensors

/// How a token is drawn from its logits: tempered, cut to the likeliest, and drawn from the softmax of what is left.
public struct TokenSampling: Sendable, Hashable {
    /// What logits are divided by; 0 takes the likeliest code and draws nothing.
    public var temperature: Double
    /// How many of the likeliest codes are drawn from, with all that are as likely as the last of them; 0 for all.
    public var topK: Int
    /// The share of probability beyond which less likely codes are left out; 1 for all.
    public var topP: Double

    public init(temperature: Double = 1, topK: Int = 0, topP: Double = 1) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
    }

    /// The probabilities that codes are drawn with: logits [rows, codes] → the same shape.
    package func probabilities(of logits: Tensor) -> Tensor {
        precondition(logits.rank == 2 && logits.shape[1] > 0, "logits of shape \(logits.shape)")
        let tempered = logits * Float(1 / max(temperature, 1e-5))
        let width = logits.shape[1]
        let cutsNumber = topK > 0 && topK < width
        guard cutsNumber || topP < 1 else { return tempered.softmax() }
        var values = tempered.values
        for row in 0..<logits.shape[0] {
            let range = row * width..<(row + 1) * width
            if cutsNumber {
                let least = values[range].sorted(by: >)[topK - 1]
                for i in range where values[i] < least { values[i] = -.infinity }
            }
            if topP < 1 { Self.cut(&values, range, share: topP) }
        }
        return Tensor(values, shape: logits.shape).softmax()
    }

    /// Leaves out the codes before which, from the likeliest on, more than `share` of probability lies.
    private static func cut(_ values: inout [Float], _ range: Range<Int>, share: Double) {
        let order = range.sorted { values[$0] == values[$1] ? $0 < $1 : values[$0] > values[$1] }
        let largest = values[order[0]]
        let parts = order.map { exp(Double(values[$0] - largest)) }
        let limit = share * parts.reduce(0, +)
        var before = 0.0
        for (index, part) in zip(order, parts) {
            if before > limit { values[index] = -.infinity }
            before += part
        }
    }

    /// A code for every row of logits [rows, codes]: the one with the largest p / q, with q of the exponential distribution
    /// for every code of every row (what `torch.multinomial` draws), or the likeliest at temperature 0.
    package func draw(from logits: Tensor, noise: inout some NoiseSource) -> [Int32] {
        guard temperature > 0 else { return logits.argmax() }
        let probabilities = probabilities(of: logits)
        let width = logits.shape[1]
        return noise.exponential(logits.shape).withUnsafeBufferPointer { noise in
            probabilities.withUnsafeBufferPointer { probabilities in
                stride(from: 0, to: probabilities.count, by: width).map { start in
                    var (best, choice): (Float, Int) = (-1, 0)
                    for code in 0..<width where probabilities[start + code] > 0 {
                        let score = probabilities[start + code] / noise[start + code]
                        if score > best { (best, choice) = (score, code) }
                    }
                    return Int32(choice)
                }
            }
        }
    }
}
