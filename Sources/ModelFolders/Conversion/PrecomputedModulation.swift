import Checkpoints
import Layers
import Networks
import Sampling
import Tensors

/// The modulation of a model's own schedules, drawing and captioning, as a packed model keeps it: nothing but time and
/// indicator enters it, so that a third of the velocity network's parameters need not be read at all.
///
/// Two tensors beside the network's parameters: `modulation.keys` [pairs, 2], times and indicators, and
/// `modulation.vectors` [pairs, (6·depth + 2)·width].
enum PrecomputedModulation {
    static let keys = "modulation.keys"
    static let vectors = "modulation.vectors"

    /// The tensors of a network for the schedules of a configuration; none where its solver chooses the times on the way.
    static func tensors(
        of network: VelocityNetwork, _ configuration: FlowTokConfiguration, prefix: String
    ) -> [(name: String, tensor: Tensor)] {
        let pairs = pairs(configuration)
        guard !pairs.isEmpty else { return [] }
        let keys = Tensor(pairs.flatMap { [$0.time, Float($0.indicator.rawValue)] }, shape: [pairs.count, 2])
        return [(prefix + self.keys, keys), (prefix + vectors, network.modulation(pairs))]
    }

    /// Gives a network what its file holds for it, if anything.
    ///
    /// - Throws: `WeightMismatch` where that does not fit the network; `CheckpointError` where it cannot be read.
    static func restore(_ network: VelocityNetwork, from checkpoint: Checkpoint, prefix: String) throws {
        guard let entry = checkpoint.entry(prefix + keys) else { return }
        let found = try checkpoint.entry(prefix + vectors).map { try ($0.shape, checkpoint.tensor(prefix + vectors)) }
        guard entry.shape.count == 2, entry.shape[1] == 2, let (shape, rows) = found,
            shape == [entry.shape[0], network.modulationWidth]
        else {
            throw WeightMismatch(
                file: checkpoint.path,
                misshaped: [
                    "\(prefix)\(vectors) \(found.map { "\($0.0)" } ?? "missing"), expected [\(entry.shape.first ?? 0), \(network.modulationWidth)] beside \(prefix)\(keys) \(entry.shape)"
                ])
        }
        let values = try checkpoint.tensor(prefix + keys).values
        let pairs = stride(from: 0, to: values.count, by: 2).compactMap { i in
            Int32(exactly: values[i + 1]).flatMap(Indicator.init).map { (time: values[i], indicator: $0) }
        }
        guard pairs.count == shape[0] else {
            throw WeightMismatch(file: checkpoint.path, unreadable: ["\(prefix)\(keys): an indicator that is none"])
        }
        network.keep(pairs, modulation: rows)
    }

    /// Every time and indicator at which the model's own settings evaluate the field.
    private static func pairs(_ configuration: FlowTokConfiguration) -> [(time: Float, indicator: Indicator)] {
        let sampling = configuration.sampling
        let times = FlowIntegrator(sampling.solver, steps: sampling.steps).evaluationTimes()
        let pairs = Guidance(scale: sampling.guidance, interval: sampling.guidanceInterval[0]...sampling.guidanceInterval[1])
            .evaluations(at: times)
        guard configuration.textDecoder != nil else { return pairs }
        let captioning = configuration.captioning
        let isBackward = captioning.direction == .backward
        return pairs
            + FlowIntegrator(captioning.solver, steps: captioning.steps).evaluationTimes(backward: isBackward)
            .map { (time: $0, indicator: isBackward ? .conditional : .imageToText) }
    }
}
