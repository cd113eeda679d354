import Foundation

/// A counter-based generator (Philox 4×32 with ten rounds; Salmon et al., 2011): the draws are a pure function of seed,
/// stream and position, so that sample k of a run does not depend on what was drawn before it.
public struct CounterRandom: RandomNumberGenerator, Sendable {
    public let seed: UInt64
    public let stream: UInt64
    /// Blocks of four 32-bit draws that were used up.
    public private(set) var position: UInt64 = 0
    private var block: SIMD4<UInt32> = .zero
    private var left = 0
    private var spareNormal: Float?

    public init(seed: UInt64, stream: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
    }

    /// The block of four draws at a position.
    package static func philox(seed: UInt64, stream: UInt64, position: UInt64) -> SIMD4<UInt32> {
        var counter = SIMD4<UInt32>(
            UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: position >> 32),
            UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
        var key = SIMD2<UInt32>(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        for _ in 0..<10 {
            let first = UInt64(0xD251_1F53) * UInt64(counter[0])
            let second = UInt64(0xCD9E_8D57) * UInt64(counter[2])
            counter = SIMD4(
                UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: second),
                UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: first))
            key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return counter
    }

    /// The next 32 bits.
    public mutating func next32() -> UInt32 {
        if left == 0 {
            block = CounterRandom.philox(seed: seed, stream: stream, position: position)
            position &+= 1
            left = 4
        }
        left -= 1
        return block[3 - left]
    }

    public mutating func next() -> UInt64 {
        let low = UInt64(next32())
        return low | UInt64(next32()) << 32
    }

    /// Uniform in [0, 1), a multiple of 2⁻²⁴.
    public mutating func uniform() -> Float { Float(next32() >> 8) * 0x1p-24 }

    /// Standard normal, by Box and Muller's transform.
    public mutating func normal() -> Float {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        let radius = (-2 * log((Float(next32() >> 8) + 1) * 0x1p-24)).squareRoot()
        let angle = 2 * Float.pi * uniform()
        spareNormal = radius * sin(angle)
        return radius * cos(angle)
    }
}

extension Tensor {
    /// Standard normal values.
    public static func randomNormal(_ shape: [Int], using random: inout CounterRandom) -> Tensor {
        Tensor(uninitialized: shape) { buffer in
            for i in buffer.indices { buffer[i] = random.normal() }
        }
    }

    /// Values uniform in [lower, upper).
    public static func randomUniform(
        _ shape: [Int], from lower: Float = 0, to upper: Float = 1, using random: inout CounterRandom
    ) -> Tensor {
        Tensor(uninitialized: shape) { buffer in
            for i in buffer.indices { buffer[i] = lower + (upper - lower) * random.uniform() }
        }
    }

    /// Dropout: values kept with probability 1 - rate and scaled by 1 / (1 - rate), others 0.
    public func droppingOut(_ rate: Float, using random: inout CounterRandom) -> Tensor {
        guard rate > 0 else { return self }
        let mask = Tensor(uninitialized: shape) { buffer in
            for i in buffer.indices { buffer[i] = random.uniform() < rate ? 0 : 1 / (1 - rate) }
        }
        return self * mask
    }
}
