import Files
import Tensors

/// Random numbers of one sample: draw d of sample k of a run is a pure function of (seed, k, d).
///
/// Counter-based, so that sample k is the same whatever was drawn before it, on however many
/// threads, and after a resume.
public struct SceneRandom: Sendable {
    private var random: CounterRandom

    /// The numbers of sample `index` of the run that `seed` names.
    public init(seed: UInt64, index: UInt64) {
        // A run has one seed for everything; mixed, it gives scenes numbers that no other part draws.
        random = CounterRandom(seed: StableHash.mix(seed ^ 0x5ce7_e5), stream: index)
    }

    /// 64 random bits.
    public mutating func bits() -> UInt64 {
        random.next()
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
