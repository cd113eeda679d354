import Checkpoints
import Files
import Tensors

/// The image tokenizer that tokens come from, as token files record it.
public struct TokenizerIdentity: Sendable, Hashable {
    /// The model's name.
    public let name: String
    /// A digest that tells its weights from others', whatever type they are stored in; nil where only the name is known.
    public let weights: String?

    public init(name: String, weights: String? = nil) {
        self.name = name
        self.weights = weights
    }

    /// Whether tokens of `other` are tokens of this: digests decide, where both have one, and otherwise names.
    public func isSame(as other: TokenizerIdentity) -> Bool {
        if let weights, let others = other.weights { return weights == others }
        return name == other.name
    }

    /// The name, and what tells it from another one that has the same.
    func description(beside other: TokenizerIdentity) -> String {
        name == other.name ? "\(name)\" (weights \(weights ?? "unknown"))" : name + "\""
    }
}

extension Checkpoint {
    /// A digest of the parameter by which an image tokenizer is known, the first of these that is here. It is made of the
    /// signs of the values, which survive a conversion to another type. Nil where there is none of them.
    package func tokenizerDigest(_ names: [String]) throws -> String? {
        guard let name = names.first(where: contains) else { return nil }
        let values = try tensor(name)
        let signs = values.withUnsafeBufferPointer { buffer in
            stride(from: 0, to: buffer.count, by: 8).map { start in
                (start..<min(start + 8, buffer.count)).reduce(UInt8(0)) { $0 << 1 | (buffer[$1].sign == .minus ? 1 : 0) }
            }
        }
        var hash = SHA256()
        hash.update(signs)
        return String(hash.hexadecimalDigest().prefix(16))
    }
}
