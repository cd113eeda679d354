import Checkpoints
import Networks

/// What training scripts and libraries put around a model: keys such as `state_dict` and `ema_model`, prefixes such as
/// `model.` and `module.`, in any nesting.
enum Wrappers {
    /// Components of names that wrap a module wherever they stand.
    private static let anywhere: Set<Substring> = [
        "_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
    ]
    /// Words around a whole model.
    private static let around: Set<Substring> = [
        "ema", "ema_model", "model_ema", "ema_state_dict", "params_ema", "averaged_model", "model", "models", "state_dict",
        "model_state_dict", "state", "module", "params", "weights", "net", "network", "online_model", "text_encoder", "text_model", "checkpoint",
        "clip", "clip_model",
    ]

    /// A name without the components that wrap modules inside a model.
    static func unwrapped(_ name: String) -> String {
        guard name.contains("module") || name.contains("_orig_mod") else { return name }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let kept = parts.dropLast().filter { !anywhere.contains($0) } + parts.suffix(1)
        return kept.joined(separator: ".")
    }

    /// What stands before the names of a model that is known here, with its last point: averaged weights before others, then
    /// the fewest components; nil where none is found.
    static func prefix(in names: [String], families: [ModelFamily]) -> String? {
        let all = Set(names)
        var best: (prefix: String, rank: (Int, Int, Int))?
        for family in families {
            for signature in family.signatures {
                guard let first = signature.names.first else { continue }
                for (place, name) in names.enumerated() where name.hasSuffix(first) {
                    let prefix = name.dropLast(first.count)
                    guard prefix.isEmpty || prefix.hasSuffix("."), !prefix.contains("/"), fits(prefix, family),
                        signature.names.allSatisfy({ all.contains(prefix + $0) })
                    else { continue }
                    let words = prefix.split(separator: ".")
                    let isAveraged = words.contains { $0.contains("ema") || $0.contains("average") || $0.contains("shadow") }
                    let rank = (prefix.isEmpty ? 0 : isAveraged ? 1 : 2, words.count, place)
                    if best.map({ rank < $0.rank }) ?? true { best = (String(prefix), rank) }
                }
            }
        }
        return best?.prefix
    }

    /// Many a larger model holds CLIP; only a wrapper makes a file one.
    private static func fits(_ prefix: Substring, _ family: ModelFamily) -> Bool {
        guard case .textEncoder = family.network else { return true }
        return prefix.split(separator: ".").allSatisfy(around.contains)
    }
}

extension Checkpoint {
    /// Opens the file of a model that is known here, without what wraps it. Where nothing is recognised, the file as
    /// `init(path:)` opens it.
    ///
    /// - Throws: `CheckpointError`.
    package static func ofModel(_ path: String) throws -> Checkpoint {
        // What lies around a state may be more than is read, or name things twice; the state alone may still be fine.
        guard let whole = try? Checkpoint(path: path, strippingPrefixes: false, containers: []) else {
            return try Checkpoint(path: path)
        }
        let families = ModelFamilies.all
        if let prefix = Wrappers.prefix(in: whole.names, families: families) { return try whole.under(prefix) }
        let unwrapped = whole.names.map(Wrappers.unwrapped)
        if Set(unwrapped).count == unwrapped.count, let prefix = Wrappers.prefix(in: unwrapped, families: families) {
            return try whole.renamed(Wrappers.unwrapped).under(prefix)
        }
        return try Checkpoint(path: path)
    }
}
