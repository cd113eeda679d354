/// The 32-bit Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998), seeded from one 32-bit number.
public struct MersenneTwister: Sendable {
    private static let size = 624
    private static let shift = 397

    private var state: [UInt32]
    private var next: Int

    /// The stream of a seed.
    public init(seed: UInt32) {
        state = [UInt32](repeating: seed, count: MersenneTwister.size)
        for i in 1..<MersenneTwister.size {
            let last = state[i - 1]
            state[i] = 1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(i)
        }
        next = MersenneTwister.size
    }

    /// The next 32 bits.
    public mutating func next32() -> UInt32 {
        if next == MersenneTwister.size { refill() }
        var y = state[next]
        next += 1
        y ^= y >> 11
        y ^= (y << 7) & 0x9D2C_5680
        y ^= (y << 15) & 0xEFC6_0000
        return y ^ (y >> 18)
    }

    private mutating func refill() {
        let (size, shift) = (MersenneTwister.size, MersenneTwister.shift)
        state.withUnsafeMutableBufferPointer { state in
            for i in 0..<size {
                let after = i + 1 == size ? 0 : i + 1
                let other = i + shift < size ? i + shift : i + shift - size
                let mixed = (state[i] & 0x8000_0000) | (state[after] & 0x7FFF_FFFF)
                state[i] = state[other] ^ (mixed >> 1) ^ (mixed & 1 == 0 ? 0 : 0x9908_B0DF)
            }
        }
        next = 0
    }
}
