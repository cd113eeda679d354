import FlowTok
import Layers
import Networks
import Sampling
import Tensors

extension Benchmark {
    /// One guided evaluation of a velocity network, both fields of every picture as one batch: `velocity.SIZE.PRECISION`, with
    /// `.batchN` for more than one picture. The modulation of the evaluation's time is in the network's table, as it is in
    /// all runs with given times.
    public static func velocity(_ size: NetworkSize, _ precision: Precision, batch: Int = 1) -> Benchmark {
        velocity(network(size.velocity, precision), size: size.rawValue, precision, batch: batch)
    }

    /// The same for the network of a model.
    public static func velocity(_ model: FlowTok, batch: Int = 1) -> Benchmark {
        velocity(model.model.velocity, size: model.configuration.name, model.precision, batch: batch)
    }

    /// A network of a shape, with random weights.
    static func network(_ form: VelocityConfiguration, _ precision: Precision) -> VelocityNetwork {
        VelocityNetwork(form, weights: Weights(PackingWeights(RecurringWeights(), as: precision)))
    }

    static func velocity(_ network: VelocityNetwork, size: String, _ precision: Precision, batch: Int) -> Benchmark {
        let form = network.configuration
        var random = CounterRandom(seed: 3)
        let tokens = Tensor.randomNormal([batch, form.tokens, form.channels], using: &random)
        return Benchmark(
            "velocity.\(size).\(precision.rawValue)" + suffix(batch), .velocity, precision: precision, size: size, batch: batch,
            gigaflops: form.gigaflops(2 * batch)
        ) {
            Precision.$current.withValue(precision) {
                _ = network.guided(tokens, time: 0.5, by: Guidance(scale: 2))
            }
        }
    }

    /// The decoding of pictures' latents: `decode.256.PRECISION`, with `.batchN` for more than one.
    public static func decode(_ size: NetworkSize, _ precision: Precision, batch: Int = 1) -> Benchmark {
        decode(tokenizer(size.tokenizer, precision), size: String(size.tokenizer.imageSize), precision, batch: batch)
    }

    /// The same for the tokenizer of a model.
    public static func decode(_ model: FlowTok, batch: Int = 1) -> Benchmark {
        decode(model.model.imageTokenizer, size: model.configuration.name, model.precision, batch: batch)
    }

    /// A tokenizer of a shape, with random weights.
    static func tokenizer(_ form: FlowTiTokConfiguration, _ precision: Precision) -> FlowTiTok {
        FlowTiTok(form, weights: Weights(PackingWeights(RecurringWeights(), as: precision)))
    }

    static func decode(_ tokenizer: FlowTiTok, size: String, _ precision: Precision, batch: Int) -> Benchmark {
        let form = tokenizer.configuration
        var random = CounterRandom(seed: 4)
        let latents = Tensor.randomNormal([batch, form.latentTokens, form.tokenSize], using: &random)
        let text = Tensor.randomNormal([batch, form.textContextLength, form.textEmbeddingWidth], using: &random)
        return Benchmark(
            "decode.\(size).\(precision.rawValue)" + suffix(batch), .decode, precision: precision, size: size, batch: batch,
            gigaflops: form.decoderGigaflops(batch)
        ) {
            Precision.$current.withValue(precision) { _ = tokenizer.decode(latents, guidedBy: text) }
        }
    }

    /// A picture by the library, whose model is open: a call of `generate` at the model's own settings.
    public static func draw(_ model: FlowTok) -> Benchmark {
        Benchmark("draw.\(model.precision.rawValue)", .draw, precision: model.precision, size: model.configuration.name) {
            let request = GenerationRequest("a red fox", seed: 1)
            let clock = ContinuousClock()
            let start = clock.now
            _ = try model.generate(request)
            return ((clock.now - start) / .seconds(1), nil)
        }
    }

    private static func suffix(_ batch: Int) -> String { batch > 1 ? ".batch\(batch)" : "" }
}
