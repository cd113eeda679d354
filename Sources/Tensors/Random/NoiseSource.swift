import Foundation

/// A stream of random numbers that a sampler draws from, request by request. The same source gives the same draws to the
/// same requests.
public protocol NoiseSource {
    /// Values uniform in [0, 1).
    mutating func uniform(_ shape: [Int]) -> Tensor
    /// Standard normal values.
    mutating func normal(_ shape: [Int]) -> Tensor
    /// Values of the exponential distribution of mean 1, which a draw from a softmax takes: the code with the largest
    /// p / q wins.
    mutating func exponential(_ shape: [Int]) -> Tensor
    /// The numbers below `count` in random order.
    mutating func permutation(_ count: Int) -> [Int]
}

extension NoiseSource {
    /// Made of uniform values, one of each.
    public mutating func exponential(_ shape: [Int]) -> Tensor {
        let uniform = uniform(shape)
        return uniform.withUnsafeBufferPointer { uniform in
            Tensor(uninitialized: shape) { buffer in
                for i in buffer.indices { buffer[i] = -log(max(uniform[i], 0x1p-24)) }
            }
        }
    }
}

extension CounterRandom: NoiseSource {
    public mutating func uniform(_ shape: [Int]) -> Tensor { .randomUniform(shape, using: &self) }

    public mutating func normal(_ shape: [Int]) -> Tensor { .randomNormal(shape, using: &self) }

    public mutating func permutation(_ count: Int) -> [Int] {
        // Not the standard library's shuffle, whose draws another version may change.
        var order = Array(0..<count)
        for i in 0..<max(0, count - 1) { order.swapAt(i, i + Int(next32()) % (count - i)) }
        return order
    }
}

/// The random number generators that a user can choose.
public enum NoiseGenerator: String, Sendable, Codable, CaseIterable {
    /// The package's own: `CounterRandom`.
    case philox
    /// PyTorch's on the CPU: `TorchRandom`.
    case torch

    /// The stream of a seed.
    public func source(seed: UInt64) -> any NoiseSource & Sendable {
        switch self {
        case .philox: CounterRandom(seed: seed)
        case .torch: TorchRandom(seed: seed)
        }
    }
}
