import Foundation
import Tensors

/// Resizing as PyTorch's `interpolate` does: a linear map of rows and one of columns, so that it has a gradient.
package enum BilinearResize {
    /// The mode of resizing.
    package enum Mode {
        /// "bilinear" with `antialias`.
        case bilinear
        /// "bicubic" without.
        case bicubic
    }

    /// images [batch, channels, height, width] → [batch, channels, side, side].
    package static func resized(_ images: Tensor, to side: Int, mode: Mode = .bilinear) -> Tensor {
        func weights(from inputs: Int, to outputs: Int) -> Tensor {
            mode == .bilinear ? Self.weights(from: inputs, to: outputs) : cubicWeights(from: inputs, to: outputs)
        }
        let (batch, channels, height, width) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
        let across = images.reshaped([batch * channels * height, width])
            .matrixProduct(weights(from: width, to: side), otherTransposed: true)
        let turned = across.reshaped([batch * channels, height, side]).permuted(0, 2, 1)
        let down = turned.reshaped([batch * channels * side, height])
            .matrixProduct(weights(from: height, to: side), otherTransposed: true)
        return down.reshaped([batch * channels, side, side]).permuted(0, 2, 1).reshaped([batch, channels, side, side])
    }

    /// The share of the four places around the middle, cut at the border; a cubic spline with a = -3/4. [outputs, inputs].
    private static func cubicWeights(from inputs: Int, to outputs: Int) -> Tensor {
        func spline(_ distance: Double) -> Double {
            let (a, x) = (-0.75, abs(distance))
            return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
        }
        return Tensor(uninitialized: [outputs, inputs]) { buffer in
            buffer.update(repeating: 0)
            for output in 0..<outputs {
                let middle = (Double(output) + 0.5) * Double(inputs) / Double(outputs) - 0.5
                let first = Int(middle.rounded(.down)) - 1
                for place in first..<first + 4 {
                    buffer[output * inputs + min(max(place, 0), inputs - 1)] += Float(spline(Double(place) - middle))
                }
            }
        }
    }

    /// The share that every place of a row of `inputs` has in every place of a row of `outputs`: a triangle around its
    /// middle, as wide as the outputs are apart where there are fewer of them. [outputs, inputs].
    private static func weights(from inputs: Int, to outputs: Int) -> Tensor {
        let scale = Double(inputs) / Double(outputs)
        let reach = max(scale, 1)
        return Tensor(uninitialized: [outputs, inputs]) { buffer in
            buffer.update(repeating: 0)
            for output in 0..<outputs {
                let middle = scale * (Double(output) + 0.5)
                let first = max(0, Int(middle - reach + 0.5))
                let end = min(inputs, Int(middle + reach + 0.5))
                let shares = (first..<end).map { max(0, 1 - abs((Double($0) - middle + 0.5) / reach)) }
                let sum = shares.reduce(0, +)
                for (offset, share) in shares.enumerated() { buffer[output * inputs + first + offset] = Float(share / sum) }
            }
        }
    }
}
