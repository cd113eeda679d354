import Datasets
import Files
import FlowTok
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors

/// Trains generators of any kind over the tokens of a fixed image tokenizer.
final class GeneratorKindTrainer<Kind: GeneratorKind>: TrainingTask {
    let store: ParameterStore
    let dependencyFingerprint: String
    private let model: GeneratorKindRecipe<Kind>.Model
    private let network: Kind.Network
    private let tokenizer: GeneratorTokenizer
    private let examples: GeneratorExamples
    private let learner: any GeneratorLearner
    private var hasWrittenFixedParts = false

    init(
        _ model: GeneratorKindRecipe<Kind>.Model, network: Kind.Network, tokenizer: GeneratorTokenizer,
        examples: GeneratorExamples
    ) {
        self.model = model
        self.network = network
        self.tokenizer = tokenizer
        self.examples = examples
        store = ParameterStore(from: FreshWeights(seed: model.training.seed))
        learner = model.kind.learner(network, weights: Weights(store))
        var fingerprint = Fingerprint()
        fingerprint.add(tokenizer.fingerprint.utf8)
        fingerprint.add(examples.fingerprint.utf8)
        dependencyFingerprint = fingerprint.text
    }

    func decays(_ parameter: ParameterStore.Entry) -> Bool { model.kind.decays(parameter.name, rank: parameter.shape.count) }

    func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let (count, first) = (group.count, group.firstSample)
        let batch = try examples.batch(first: first, count: count, side: tokenizer.configuration.imageSize)
        var images = batch.images
        var random = CounterRandom(seed: model.training.seed, stream: UInt64(truncatingIfNeeded: group.number))
        if model.flip { images = images.mirrored((0..<count).map { _ in random.uniform() < 0.5 }) }
        let labels = batch.labels.map { random.uniform() < model.labelDropout ? nil : $0 }
        // Codes do not depend on how the generator's products are computed.
        let tokens = try Precision.$current.withValue(.float32) { try tokenizer.tokenizer.tokenize(images) }
        guard case .indices(let codes) = tokens else { preconditionFailure("a tokenizer of latents") }
        return learner.loss(codes, labels: labels, captions: batch.captions, random: &random)
    }

    /// Four pictures of each of some classes or captions, one to a column.
    func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)] {
        let generator = network.generator(Weights(parameters))
        let (condition, columns) = try examples.condition(rows: 4)
        let published = generator.defaults
        let settings = try GeneratorSettings(
            steps: published.steps == nil ? nil : model.sampling.steps, guidance: model.sampling.guidance,
            temperature: model.sampling.temperature
        ).filled(from: published)
        var noise: any NoiseSource = NoiseGenerator.philox.source(seed: 0)
        let tokens = try generator.generate(condition, settings: settings, noise: &noise) { _ in }
        let images = try tokenizer.tokenizer.detokenize(tokens).images()
        return [("drawn", try Image.grid(images, columns: columns, gap: 2))]
    }

    func sampleCaptions(parameters: any WeightSource) throws -> String {
        try examples.shown().enumerated().map { "column \($0 + 1): \($1)\n" }.joined()
    }

    func export(parameters: any WeightSource, to folder: String) throws {
        let recorder = WeightRecorder(parameters)
        _ = network.generator(Weights(recorder))
        try GeneratorFolder.write(
            name: model.name, network, weights: recorder.parameters, subjects: examples.trained,
            tokenizer: tokenizer.configuration, tokenizerWeights: hasWrittenFixedParts ? nil : tokenizer.parameters,
            to: folder + "/" + RunFolder.model)
        hasWrittenFixedParts = true
    }
}
