import Datasets
import Files
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Tensors

/// Trains image tokenizers of any kind.
final class TokenizerKindTrainer<Kind: TokenizerKind>: TrainingTask {
    let store: ParameterStore
    let dependencyFingerprint: String
    private let model: TokenizerKindRecipe<Kind>.Model
    private let source: any SampleSource
    private let shown: any SampleSource
    private let fixed: NamedTensors
    private let learner: any TokenizerLearner
    private let pixelLoss: PixelLoss
    private var usage: CodebookUsage?

    /// - Parameters:
    ///   - source: training samples; `shown`: those of the sample grids.
    ///   - start: parameters to start from, instead of fresh ones.
    /// - Throws: `WeightMismatch` where `start` lacks parameters or has them in another shape; what reading the files that the
    ///   configuration names throws.
    init(
        _ model: TokenizerKindRecipe<Kind>.Model, source: any SampleSource, shown: any SampleSource,
        start: [String: Tensor]? = nil
    ) throws {
        let (kind, network) = (model.kind, model.network)
        self.model = model
        self.source = source
        self.shown = shown
        let given = try kind.given(network)
        let known = NamedTensors(given.merging(start ?? [:]) { $1 })
        let fresh = FreshWeights(seed: model.training.seed)
        let isFresh: (String) -> Bool = { name in
            name.hasPrefix(AdversarialLoss.prefix + ".") || kind.isOfTraining(name) || (start == nil && given[name] == nil)
        }
        store = ParameterStore(from: RoutedWeights(fresh, where: isFresh, otherwise: known))
        fixed = known
        learner = try kind.learner(
            network, weights: Weights(RoutedWeights(known, where: { kind.isFixed($0, of: network) }, otherwise: store)), store: store)
        pixelLoss = try PixelLoss(model.losses, parameters: store)
        try known.verify("the tokenizer to start from")
        if case .codes(let size, _) = network.tokens.values { usage = CodebookUsage(codes: size) }
        var fingerprint = Fingerprint()
        fingerprint.add(given)
        fingerprint.add((start ?? [:]).filter { kind.isFixed($0.key, of: network) })
        dependencyFingerprint = given.isEmpty && start == nil ? "" : fingerprint.text
    }

    /// All parameters: those that are trained, and those that stay as they were.
    private func all(_ trained: any WeightSource) -> any WeightSource {
        let (kind, network) = (model.kind, model.network)
        return RoutedWeights(fixed, where: { kind.isFixed($0, of: network) }, otherwise: trained)
    }

    func decays(_ parameter: ParameterStore.Entry) -> Bool { model.kind.decays(parameter.name, rank: parameter.shape.count) }

    private static var usageName: String { "codebook_usage" }

    var memory: [String: Tensor] {
        get {
            var memory = learner.memory
            if let usage { memory[Self.usageName] = Tensor(usage.recent.map { Float($0) }, shape: [usage.recent.count]) }
            return memory
        }
        set {
            var rest = newValue
            if let recent = rest.removeValue(forKey: Self.usageName) { usage?.recent = recent.values.map { Int32($0) } }
            learner.memory = rest
        }
    }

    func finish(step: Int) { learner.finish(step: step) }

    func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let count = group.count
        var images = try Tensor(images: source, first: group.firstSample, count: count, side: model.kind.imageSize(model.network))
        var random = CounterRandom(seed: model.training.seed, stream: UInt64(truncatingIfNeeded: group.number))
        if model.flip { images = images.mirrored((0..<count).map { _ in random.uniform() < 0.5 }) }
        let objective = try learner.loss(images, step: group.step, random: &random)
        var (loss, metrics) = (objective.loss, objective.metrics)
        if let image = objective.image {
            let pixels = pixelLoss(image, target: images, step: group.step)
            loss = pixels.loss + loss
            metrics = pixels.metrics + metrics
        }
        if !objective.codes.isEmpty, let share = usage?.add(objective.codes) { metrics.append((TrainingRun.codebookUse, share)) }
        return (loss, metrics)
    }

    func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        let images = try Tensor(images: shown, first: 0, count: 8, side: model.kind.imageSize(model.network))
        let rows = [images] + (try model.kind.reconstructions(images, model.network, weights: Weights(all(parameters))))
        return [("reconstructions", try Image.grid(rows.flatMap { try $0.images() }, columns: 8, gap: 2))]
    }

    func export(parameters: any WeightSource, to folder: String) throws {
        let recorder = WeightRecorder(all(parameters))
        model.kind.ask(Weights(recorder), of: model.network)
        let network = try model.kind.finished(model.network, weights: Weights(all(parameters))) { count in
            try Tensor(images: shown, first: 0, count: count, side: model.kind.imageSize(model.network))
        }
        try ImageTokenizerFolder.write(
            name: model.name, network, weights: recorder.parameters + model.kind.tables(model.network),
            to: folder + "/" + RunFolder.model)
    }
}

extension Tensor {
    /// Samples `first..<first + count` of a source as [count, 3, side, side] in 0...1, made in parallel.
    init(images source: any SampleSource, first: UInt64, count: Int, side: Int) throws {
        self = try .init(Batch.samples(source, first: first, count: count).map(\.image), side: side)
    }

    /// Images [batch, 3, side, side], those that `choice` names from right to left.
    package func mirrored(_ choice: [Bool]) -> Tensor {
        let (width, size) = (shape[3], count / max(1, shape[0]))
        return withUnsafeBufferPointer { values in
            Tensor(uninitialized: shape) { out in
                for i in values.indices {
                    out[i] = choice[i / size] ? values[i - i % width + width - 1 - i % width] : values[i]
                }
            }
        }
    }
}
