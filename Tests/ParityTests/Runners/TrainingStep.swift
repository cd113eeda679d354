import Checkpoints
import Layers
import Tensors
import TestSupport
import Testing
import Training

extension Comparison {
    /// Compares the gradients of all parameters with what a case stores of them: `grad_norm/…`, and the first values as
    /// `grad_head/…`.
    ///
    /// - Parameters:
    ///   - prefix: of all names.
    ///   - global: the name of the norm of them all.
    func compareGradients(_ store: ParameterStore, _ slopes: [Tensor], prefix: String = "", global: String) throws {
        let norms = slopes.map(\.norm)
        let norm = norms.total
        try compareRelative(prefix + global, [Float(norm)], tolerance: 1e-3)
        for (entry, (slope, size)) in zip(store.entries, zip(slopes, norms)) {
            // The smallest gradients are rounding: the error counts against the parameter's norm, or a share of the whole.
            let floor = Float(max(size, 1e-5 * norm))
            let expected = try golden.tensor(prefix + "grad_norm/" + entry.name).values[0]
            compare(prefix + "grad_norm/" + entry.name, worst: abs(Float(size) - expected) / floor, tolerance: 1e-3)
            let head = try golden.tensor(prefix + "grad_head/" + entry.name).values
            let worst = zip(slope.values, head).map { abs($0 - $1) }.max() ?? .infinity
            compare(prefix + "grad_head/" + entry.name, worst: worst / floor, tolerance: 1e-3)
        }
    }

    /// Clipping and one update by AdamW, with weight decay and, for the parameters that the manifest lists, without;
    /// compared with `delta_head/…`, the changes of the first values.
    func compareUpdate(
        _ checkpoint: Checkpoint, _ store: ParameterStore, _ slopes: [Tensor], rate: Float, settings: AdamWSettings,
        prefix: String = ""
    ) throws {
        let spared = Set(try golden.decode("no_weight_decay", as: [String].self))
        let scale = Float(min(1, Double(settings.clip ?? .infinity) / slopes.map(\.norm).total))
        for decays in [true, false] {
            // Each group is taken from an update of all of them.
            let copy = ParameterStore(from: CheckpointWeights(checkpoint))
            for entry in store.entries { _ = copy.tensor(named: entry.name, shape: entry.shape, initial: .zeros) }
            var settings = settings
            if !decays { settings.weightDecay = 0 }
            AdamW(copy, settings: settings).update(slopes, rate: rate)
            for (index, entry) in copy.entries.enumerated() where spared.contains(entry.name) != decays {
                let output = prefix + "delta_head/" + entry.name
                let expected = try golden.tensor(output).values
                let (after, before, slope) = (
                    entry.leaf.values, try checkpoint.tensor(entry.name).values, slopes[index].values
                )
                // The first update is the gradient's sign nearly: where the gradient is rounding, nothing can be told.
                let worst =
                    expected.indices.filter { abs(slope[$0]) * scale > 1e-6 }
                    .map { abs(after[$0] - before[$0] - expected[$0]) }.max() ?? 0
                // Changes are differences of numbers of order 1, of which float32 keeps seven digits.
                compare(output, worst: worst / rate, tolerance: 5e-3)
            }
        }
    }
}

extension [Double] {
    /// The norm of what has these norms in its parts.
    fileprivate var total: Double { reduce(0) { $0 + $1 * $1 }.squareRoot() }
}
