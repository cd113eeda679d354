/// The SHA-256 of FIPS 180-4, by which a download is compared with what its publisher states.
public struct SHA256: Sendable {
    private var state: SIMD8<UInt32> = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    private var pending: [UInt8] = []
    private var byteCount = 0

    public init() {}

    /// Takes the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
        var rest = bytes[...]
        if !pending.isEmpty {
            let missing = min(64 - pending.count, rest.count)
            pending += rest.prefix(missing)
            rest = rest.dropFirst(missing)
            guard pending.count == 64 else { return }
            pending.withUnsafeBytes { compress($0) }
            pending = []
        }
        let whole = rest.count & ~63
        compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)))
        pending = Array(rest.dropFirst(whole))
    }

    /// Takes the next bytes.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        Array(bytes).withUnsafeBytes { update($0) }
    }

    /// The digest of everything taken so far: 64 hexadecimal digits.
    public func hexadecimalDigest() -> String {
        var copy = self
        let bits = UInt64(byteCount) * 8
        let zeros = (119 - byteCount % 64) % 64
        copy.update([0x80] + [UInt8](repeating: 0, count: zeros))
        copy.update((0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
        return copy.state.words.map(\.hexadecimal).joined()
    }

    /// The digest of a file.
    ///
    /// - Throws: `FileError` where the file cannot be read.
    public static func hexadecimalDigest(ofFile path: String) throws -> String {
        let contents = try MappedFile(path: path, mapping: true)
        var hash = SHA256()
        contents.withBytes { hash.update($0) }
        return hash.hexadecimalDigest()
    }

    /// Works through whole blocks of 64 bytes.
    private mutating func compress(_ blocks: UnsafeRawBufferPointer) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { w in
            SHA256.constants.withUnsafeBufferPointer { k in
                for block in stride(from: 0, to: blocks.count, by: 64) {
                    for i in 0..<16 {
                        w[i] = UInt32(bigEndian: blocks.loadUnaligned(fromByteOffset: block + 4 * i, as: UInt32.self))
                    }
                    for i in 16..<64 {
                        let (a, b) = (w[i - 15], w[i - 2])
                        let small0 = a.rotated(7) ^ a.rotated(18) ^ (a >> 3)
                        let small1 = b.rotated(17) ^ b.rotated(19) ^ (b >> 10)
                        w[i] = w[i - 16] &+ small0 &+ w[i - 7] &+ small1
                    }
                    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
                    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
                    for i in 0..<64 {
                        let large1 = e.rotated(6) ^ e.rotated(11) ^ e.rotated(25)
                        let first = h &+ large1 &+ ((e & f) ^ (~e & g)) &+ k[i] &+ w[i]
                        let large0 = a.rotated(2) ^ a.rotated(13) ^ a.rotated(22)
                        let second = large0 &+ ((a & b) ^ (a & c) ^ (b & c))
                        (h, g, f, e) = (g, f, e, d &+ first)
                        (d, c, b, a) = (c, b, a, first &+ second)
                    }
                    state &+= [a, b, c, d, e, f, g, h]
                }
            }
        }
    }

    /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes: computed exactly, as the
    /// integer cube roots of p · 2⁹⁶.
    private static let constants: [UInt32] = {
        var primes: [UInt64] = []
        var candidate: UInt64 = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map { prime in
            // The root lies below 7 · 2³², so its cube takes 105 bits.
            let target = UInt128(prime) << 96
            var (low, high) = (UInt128(0), UInt128(7) << 32)
            while high - low > 1 {
                let middle = (low + high) / 2
                if middle * middle * middle <= target { low = middle } else { high = middle }
            }
            return UInt32(truncatingIfNeeded: low)
        }
    }()
}

extension SIMD8<UInt32> {
    fileprivate var words: [UInt32] { indices.map { self[$0] } }
}

extension UInt32 {
    @inline(__always) fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}

extension UInt32 {
    /// Eight hexadecimal digits.
    package var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
