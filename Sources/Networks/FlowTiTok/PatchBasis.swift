import Foundation
import Layers
import Tensors

/// Where a seeded tokenizer's patch embedding and pixel head start: the slowest cosines of brightness and colour, scaled
/// so that the patches of pictures give features of about unit variance. From white noise instead, a small tokenizer
/// learns brightness first and takes tens of thousands of pictures to find colour.
package struct PatchBasis {
    let patch: Int
    /// Frequencies and colour axis of each function, slowest first.
    private let functions: [(u: Int, v: Int, axis: Int)]

    private init(patch: Int, count: Int) {
        self.patch = patch
        var all: [(u: Int, v: Int, axis: Int)] = []
        for u in 0..<patch {
            for v in 0..<patch {
                for axis in 0..<3 { all.append((u, v, axis)) }
            }
        }
        functions = Array(all.sorted { PatchBasis.order($0) < PatchBasis.order($1) }.prefix(count))
    }

    /// Colour counts as slower detail than brightness; ties are broken for good.
    private static func order(_ f: (u: Int, v: Int, axis: Int)) -> Double {
        Double(f.u + f.v + 1) * (f.axis == 0 ? 1 : 1.6) + Double(f.u) * 1e-3 + Double(f.axis) * 1e-6
    }

    private static let axes: [[Double]] = [
        [1, 1, 1].map { $0 / 3.0.squareRoot() }, [1, 0, -1].map { $0 / 2.0.squareRoot() },
        [1, -2, 1].map { $0 / 6.0.squareRoot() },
    ]

    /// The value of function k at a pixel of a colour channel; the functions are orthonormal.
    private func value(_ k: Int, channel: Int, y: Int, x: Int) -> Double {
        func wave(_ frequency: Int, _ position: Int) -> Double {
            let scale = frequency == 0 ? 1.0 : 2.0
            return (scale / Double(patch)).squareRoot()
                * cos(.pi * Double(frequency) * (Double(position) + 0.5) / Double(patch))
        }
        let f = functions[k]
        return wave(f.u, y) * wave(f.v, x) * PatchBasis.axes[f.axis][channel]
    }

    /// About how much function k varies among patches of pictures in 0...1: amplitudes fall as the inverse frequency.
    private func std(_ k: Int) -> Double {
        let f = functions[k]
        return 0.4 * Double(patch) / (1 + 0.8 * Double(f.u + f.v)) * (f.axis == 0 ? 1 : 0.6)
    }

    /// The embedding [width, 3, patch, patch] and its bias, which takes grey to zero.
    package static func embedding(patch: Int, width: Int) -> (weight: Initializer, bias: Initializer) {
        (
            .computed { PatchBasis(patch: patch, count: width).embedding(width: width).weight },
            .computed { PatchBasis(patch: patch, count: width).embedding(width: width).bias }
        )
    }

    private func embedding(width: Int) -> (weight: Tensor, bias: Tensor) {
        var weights = [Float](repeating: 0, count: width * 3 * patch * patch)
        var biases = [Float](repeating: 0, count: width)
        for k in functions.indices.prefix(width) {
            var grey = 0.0
            for channel in 0..<3 {
                for y in 0..<patch {
                    for x in 0..<patch {
                        let weight = value(k, channel: channel, y: y, x: x) / std(k)
                        weights[((k * 3 + channel) * patch + y) * patch + x] = Float(weight)
                        grey += 0.5 * weight
                    }
                }
            }
            biases[k] = -Float(grey)
        }
        return (Tensor(weights, shape: [width, 3, patch, patch]), Tensor(biases, shape: [width]))
    }

    /// The head [3·patch², width, 1, 1] from features to pixels, at a share of the embedding's scale.
    package static func head(patch: Int, width: Int, share: Double) -> Initializer {
        .computed { PatchBasis(patch: patch, count: width).head(width: width, share: share) }
    }

    private func head(width: Int, share: Double) -> Tensor {
        var weights = [Float](repeating: 0, count: width * 3 * patch * patch)
        for k in functions.indices.prefix(width) {
            for y in 0..<patch {
                for x in 0..<patch {
                    for channel in 0..<3 {
                        let output = (y * patch + x) * 3 + channel
                        weights[output * width + k] = Float(
                            share * value(k, channel: channel, y: y, x: x) * std(k))
                    }
                }
            }
        }
        return Tensor(weights, shape: [3 * patch * patch, width, 1, 1])
    }
}
