/// Random numbers of one sample: draw d of sample k of a run is a pure function of (seed, k, d).
///
/// Counter-based (SplitMix64 over the counter), so that sample k is the same whatever was drawn before it, on however many
/// threads, and after a resume.
public struct SceneRandom: Sendable {
    private let stream: UInt64
    private var draw: UInt64 = 0

    /// The numbers of sample `index` of the run that `seed` names.
    public init(seed: UInt64, index: UInt64) {
        stream = StableHash.mix(StableHash.mix(seed &+ 0x9e37_79b9_7f4a_7c15) ^ StableHash.mix(index &* 0xd1b5_4a32_d192_ed03 &+ 0x8cb9_2ba7_2f3d_8dd7))
    }

    /// 64 random bits.
    public mutating func bits() -> UInt64 {
        draw &+= 1
        return StableHash.mix(stream &+ draw &* 0x9e37_79b9_7f4a_7c15)
    }

    /// A number in [0, 1).
    public mutating func unit() -> Double {
        Double(bits() >> 11) * 0x1p-53
    }

    /// True with probability `probability`. Always draws one number, so that a changed probability shifts nothing else.
    public mutating func chance(_ probability: Double) -> Bool {
        unit() < probability
    }

    /// A whole number in 0 ..< `count`, at least 1.
    public mutating func below(_ count: Int) -> Int {
        Int(bits().multipliedFullWidth(by: UInt64(max(1, count))).high)
    }

    /// A number in [-1, 1).
    public mutating func signed() -> Double {
        2 * unit() - 1
    }

    /// An index into `weights`, each as likely as its weight; 0 where all weights are 0.
    public mutating func index(weights: [Double]) -> Int {
        var rest = unit() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return 0
    }
}
