import Checkpoints
import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// A run of a manifest: its name and its settings.
struct GeneratorRun<Settings: Decodable>: Decodable {
    let name: String
    let settings: Settings

    private enum CodingKeys: String, CodingKey { case run }

    init(from decoder: any Decoder) throws {
        name = try decoder.container(keyedBy: CodingKeys.self).decode(String.self, forKey: .run)
        settings = try Settings(from: decoder)
    }
}

extension Comparison {
    /// The noise of a run, in the order in which the official code drew it.
    func noise(of run: String) -> ListedNoise {
        ListedNoise(golden.inputs.filter { $0.name.hasPrefix("input/\(run)/") })
    }

    /// A generator of the case's checkpoint, all of whose tensors must be used.
    func generator<Generator>(
        ignoring: (String) -> Bool = { _ in false }, _ make: (Weights) -> Generator
    ) throws -> Generator {
        let weights = CheckpointWeights(try checkpoint(as: .safetensors))
        let generator = make(Weights(PackingWeights(weights, as: .float32)))
        try weights.verify(ignoring: ignoring)
        return generator
    }

    /// All noise of a run was drawn in its order.
    func expectDrawn(_ noise: ListedNoise, in run: String) {
        #expect(noise.problems.isEmpty && noise.left.isEmpty, "\(run): \(noise.problems), left \(noise.left)")
    }

    /// Compares the tokens of a run, before every step and at the end.
    func compare(_ trace: TokenTrace, of run: String) throws {
        if golden.contains("\(run)/ids_before_step") { try compare("\(run)/ids_before_step", trace.before) }
        try compare("\(run)/ids", trace.end)
    }
}

/// The tokens before every step and at the end, from what a generator reports.
struct TokenTrace {
    private var steps: [[Int32]]

    init(start: Int32, count: Int) {
        steps = [[Int32](repeating: start, count: count)]
    }

    mutating func note(_ tokens: [[Int32]]) { steps.append(tokens.flatMap { $0 }) }

    var before: [Int] { steps.dropLast().flatMap { $0.map { Int($0) } } }
    var end: [Int] { steps[steps.count - 1].map { Int($0) } }
}

func compareMaskGIT(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: MaskGITConfiguration.self)
    #expect(configuration.invalidReason == nil)
    let generator = try comparison.generator(ignoring: MaskGITConfiguration.ignores) {
        MaskGITGenerator(configuration, weights: $0)
    }
    let network = generator.network
    let ids = try comparison.givenIntegers("forward/ids").map { Int32($0) }
    let labels = try comparison.givenIntegers("forward/labels")
    let none = labels.map { _ in configuration.noClass }
    var results: [String: () throws -> Tensor] = [
        "forward/logits_cond": { network.logits(ids, labels: labels) },
        "forward/logits_uncond": { network.logits(ids, labels: none) },
    ]
    switch network {
    case let network as ImageBert:
        let embedded = network.embed(ids, labels: labels)
        results["forward/embeddings_out"] = { embedded }
        results["forward/block_0_out"] = { network.layers[0](embedded) }
    case let network as UViTBert:
        var x = network.embed(ids, labels: labels)
        for (index, block) in network.inBlocks.enumerated() {
            x = block(x)
            let output = x
            results["forward/in_block_\(index)_out"] = { output }
        }
        let last = x
        let middle = network.midBlock(last)
        results["forward/mid_block_out"] = { middle }
        results["forward/out_block_0_out"] = { network.outBlocks[0](middle, skip: last) }
    default: Issue.record("\(golden.name): a network that nothing here knows")
    }
    try comparison.compareRest(results) { _ in 5e-5 }

    let classes = try golden.decode("labels", as: [Int].self)
    for run in try golden.decode("runs", as: [GeneratorRun<MaskGITSampling>].self) {
        var noise = comparison.noise(of: run.name)
        var trace = TokenTrace(start: configuration.maskID, count: classes.count * configuration.length)
        let tokens = try generator.generate(classes: classes, sampling: run.settings, noise: &noise) {
            trace.note($0.tokens)
        }
        comparison.expectDrawn(noise, in: run.name)
        #expect(tokens.flatMap { $0.map { Int($0) } } == trace.end)
        try comparison.compare(trace, of: run.name)
    }
}
