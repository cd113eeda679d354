import Layers
import Tensors

/// Values that a formula gives, so that a parity test needs no weight file. Element i of a tensor is
/// base + scale · u(name, i), u in [-1, 1) from the splitmix64 sequence that the name's FNV-1a hash starts.
package enum SyntheticValues {
    /// u(name, index).
    package static func uniform(hash: UInt64, index: Int) -> Double {
        var z = hash &+ (UInt64(truncatingIfNeeded: index) &+ 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        z ^= z >> 31
        return Double(Int64(z >> 40)) * 0x1p-23 - 1
    }

    /// The tensor of that name: computed in double, rounded once, on all threads.
    package static func tensor(_ name: String, shape: [Int], base: Double, scale: Double) -> Tensor {
        let hash = stableHash(name)
        let piece = 1 << 16
        return Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            let count = buffer.count
            parallelFor((count + piece - 1) / piece) { index in
                for i in index * piece..<min(count, (index + 1) * piece) {
                    out[i] = Float(base + scale * uniform(hash: hash, index: i))
                }
            }
        }
    }
}

/// An entry of a manifest's list of tensors.
package struct SyntheticParameter: Decodable, Sendable {
    package let name: String
    package let shape: [Int]
    package let base: Double?
    package let scale: Double?
    /// In place of base and scale, for integers.
    package let values: [Double]?

    package var tensor: Tensor {
        values.map { Tensor($0.map { Float($0) }, shape: shape) }
            ?? SyntheticValues.tensor(name, shape: shape, base: base ?? 0, scale: scale ?? 0)
    }
}
