import Tensors

extension CounterRandom {
    /// Standard normal values.
    package mutating func normals(_ count: Int) -> [Float] { (0..<count).map { _ in normal() } }

    /// A whole number in the range.
    package mutating func integer(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

extension Tensor {
    /// Standard normal values from a seed, times `scale`.
    package static func normal(_ shape: [Int], seed: UInt64, scale: Float = 1) -> Tensor {
        var random = CounterRandom(seed: seed)
        return .randomNormal(shape, using: &random) * scale
    }
}
