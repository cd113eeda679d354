/// A 64-bit hash that never changes between runs, machines or versions: FNV-1a, then the SplitMix64 finaliser.
///
/// Swift's own `Hasher` is seeded anew in every process, so nothing that decides what is held out may use it.
package enum StableHash {
    /// The hash of the UTF-8 bytes of `text`.
    package static func hash(_ text: String) -> UInt64 {
        hash(bytes: text.utf8)
    }

    /// The hash of a sequence of bytes.
    package static func hash(bytes: some Sequence<UInt8>) -> UInt64 {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes {
            state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        return mix(state)
    }

    /// Combines two hashes; the order matters.
    package static func combine(_ first: UInt64, _ second: UInt64) -> UInt64 {
        mix(first &+ 0x9e37_79b9_7f4a_7c15 &* (second | 1) &+ (second >> 1))
    }

    /// A number in [0, 1) that the text alone decides.
    package static func fraction(_ text: String) -> Double {
        fraction(of: hash(text))
    }

    /// The upper 53 bits of `hash` as a number in [0, 1).
    package static func fraction(of hash: UInt64) -> Double {
        Double(hash >> 11) * 0x1p-53
    }

    /// The finaliser of SplitMix64: every input bit reaches every output bit.
    package static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// A 64-bit number that tells contents apart (FNV-1a over 32-bit words): the same on every machine.
package struct Fingerprint: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(word: UInt32(byte)) }
    }

    /// Adds the bits of the values.
    package mutating func add(_ values: UnsafeBufferPointer<Float>) {
        for value in values { add(word: value.bitPattern) }
    }

    private mutating func add(word: UInt32) { state = (state ^ UInt64(word)) &* 0x100_0000_01B3 }

    /// The number in hexadecimal digits.
    package var text: String { String(state, radix: 16) }
}
