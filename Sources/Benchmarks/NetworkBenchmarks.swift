import FlowTok
import Layers
import Networks
import Sampling
import Tensors

extension Benchmark {
    /// One guided evaluation of a velocity network, both fields as a batch of two: `velocity.SIZE.PRECISION`. The
    /// modulation of the evaluation's time is in the network's table, as it is in all runs with given times.
    public static func velocity(_ size: NetworkSize, _ precision: Precision) -> Benchmark {
        let network = VelocityNetwork(
            size.velocity, weights: Weights(PackingWeights(RecurringWeights(), as: precision)))
        return velocity(network, size: size.rawValue, precision)
    }

    /// The same for the network of a model.
    public static func velocity(_ model: FlowTok) -> Benchmark {
        velocity(model.model.velocity, size: model.configuration.name, model.precision)
    }

    private static func velocity(_ network: VelocityNetwork, size: String, _ precision: Precision) -> Benchmark {
        let form = network.configuration
        var random = CounterRandom(seed: 3)
        let tokens = Tensor.randomNormal([1, form.tokens, form.channels], using: &random)
        return Benchmark(
            "velocity.\(size).\(precision.rawValue)", .velocity, precision: precision, size: size,
            gigaflops: form.gigaflops(2)
        ) {
            Precision.$current.withValue(precision) {
                _ = network.guided(tokens, time: 0.5, by: Guidance(scale: 2))
            }
        }
    }

    /// The decoding of one picture's latents: `decode.256.PRECISION`.
    public static func decode(_ size: NetworkSize, _ precision: Precision) -> Benchmark {
        let tokenizer = FlowTiTok(
            size.tokenizer, weights: Weights(PackingWeights(RecurringWeights(), as: precision)))
        return decode(tokenizer, size: String(size.tokenizer.imageSize), precision)
    }

    /// The same for the tokenizer of a model.
    public static func decode(_ model: FlowTok) -> Benchmark {
        decode(model.model.imageTokenizer, size: model.configuration.name, model.precision)
    }

    private static func decode(_ tokenizer: FlowTiTok, size: String, _ precision: Precision) -> Benchmark {
        let form = tokenizer.configuration
        var random = CounterRandom(seed: 4)
        let latents = Tensor.randomNormal([1, form.latentTokens, form.tokenSize], using: &random)
        let text = Tensor.randomNormal([1, form.textContextLength, form.textEmbeddingWidth], using: &random)
        return Benchmark(
            "decode.\(size).\(precision.rawValue)", .decode, precision: precision, size: size,
            gigaflops: form.decoderGigaflops
        ) {
            Precision.$current.withValue(precision) { _ = tokenizer.decode(latents, guidedBy: text) }
        }
    }
}
