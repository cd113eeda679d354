import Checkpoints
import Files
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors

/// Training of FlexTok (2502.13967; reference section 11): over the latents of an autoencoder that is given, images become ordered
/// codes, of which the first so many draw the latents by a rectified flow. FlexTok's own training was not published; what is not
/// known of it is a choice of this package's.
public struct FlexTokTraining: TokenizerKind {
    public static let id = "flextok"
    public static let drawsPixels = false

    /// How many tokens an image keeps.
    public enum Nesting: String, Sendable, Codable {
        /// Any number.
        case uniform
        /// 1, 2, 4, …, all.
        case powersOfTwo = "powers_of_two"
    }

    /// How the times of noise are drawn.
    public enum Times: String, Sendable, Codable {
        /// Uniform, warped so that middle ones are more frequent (s = 0.25).
        case warped
        case logitNormal = "logit_normal"
    }

    /// The autoencoder: a folder of `flowtok train tokenizer` of the kind "autoencoder", or of diffusers, or a FlexTok.
    public var autoencoder: String
    public var nesting: Nesting
    public var times: Times
    /// Moves times towards noise, where the codes matter: t becomes s t / (1 + (s - 1) t) (Esser et al., 2024, equation 23); 1 for none.
    public var timeShift: Float
    /// The share of images without any token, which guidance needs.
    public var tokenDropout: Float
    /// A frozen encoder whose features those of the decoder's second block are kept near to (REPA); nil for none.
    public var teacher: String?
    public var semanticWeight: Float
    /// The weight of what keeps the numbers to be rounded spread over their levels (`spreadLoss`); 0 for none.
    public var spreadWeight: Float
    /// After how many steps the encoder learns too: a decoder that reads tokens already keeps them apart.
    public var encoderDelay: Int
    /// Whether registers begin as those of cells of the image (`FlexTokLocalStart`).
    public var startsLocally: Bool

    enum CodingKeys: String, CodingKey {
        case autoencoder, nesting, times, teacher
        case startsLocally = "local_start"
        case timeShift = "time_shift"
        case tokenDropout = "token_dropout"
        case spreadWeight = "spread_weight"
        case encoderDelay = "encoder_delay"
        case semanticWeight = "semantic_weight"
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        autoencoder = try values.decode(String.self, forKey: .autoencoder)
        nesting = try values.decodeIfPresent(Nesting.self, forKey: .nesting) ?? .powersOfTwo
        times = try values.decodeIfPresent(Times.self, forKey: .times) ?? .warped
        timeShift = try values.decodeIfPresent(Float.self, forKey: .timeShift) ?? 1
        tokenDropout = try values.decodeIfPresent(Float.self, forKey: .tokenDropout) ?? 0.1
        teacher = try values.decodeIfPresent(String.self, forKey: .teacher)
        semanticWeight = try values.decodeIfPresent(Float.self, forKey: .semanticWeight) ?? 1
        spreadWeight = try values.decodeIfPresent(Float.self, forKey: .spreadWeight) ?? 0
        encoderDelay = try values.decodeIfPresent(Int.self, forKey: .encoderDelay) ?? 0
        startsLocally = try values.decodeIfPresent(Bool.self, forKey: .startsLocally) ?? false
    }

    public func validate(_ network: FlexTokConfiguration) throws(InvalidValue) {
        try expect("token_dropout", tokenDropout, in: 0...1)
        try expect("time_shift", timeShift, in: 0.01...100)
        try expectWeights([("semantic_weight", semanticWeight), ("spread_weight", spreadWeight)])
        guard encoderDelay >= 0 else { throw InvalidValue("encoder_delay is \(encoderDelay), expected 0 or more steps") }
        if teacher != nil, network.decoder.depth < 2 {
            throw InvalidValue("network.decoder.depth is \(network.decoder.depth), expected at least 2 with a teacher")
        }
        if startsLocally { try FlexTokLocalStart.validate(network) }
    }

    /// The shape of the autoencoder is its own.
    public func completed(_ network: FlexTokConfiguration) throws -> FlexTokConfiguration {
        var network = network
        let (shape, given) = (try GivenAutoencoder(path: autoencoder).configuration, network.autoencoder)
        guard given.latentChannels == shape.latentChannels else {
            throw InvalidValue("network.vae.latent_channels is \(given.latentChannels), expected \(shape.latentChannels) as in \(autoencoder)")
        }
        network.autoencoder = shape
        return network
    }

    static let prefix = "vae.vae."

    public func given(_ network: FlexTokConfiguration) throws -> [String: Tensor] {
        let found = try GivenAutoencoder(path: autoencoder).parameters()
        let fixed = Dictionary(uniqueKeysWithValues: found.map { (Self.prefix + $0.key, $0.value) })
        return startsLocally ? fixed.merging(FlexTokLocalStart(network).parameters) { $1 } : fixed
    }

    public func isFixed(_ parameter: String, of network: FlexTokConfiguration) -> Bool { parameter.hasPrefix(Self.prefix) }

    public func decays(_ parameter: String, rank: Int) -> Bool { rank >= 2 && !parameter.contains("posembs") && !parameter.contains("registers") }

    /// The head for the teacher's features.
    static let head = "decoder.module_dict.dec_repa_layer"

    public func isOfTraining(_ parameter: String) -> Bool { parameter.hasPrefix(Self.head) }

    public func tables(_ network: FlexTokConfiguration) -> [(String, Tensor)] { network.tables.map { ($0.name, $0.tensor) } }

    public func learner(_ network: FlexTokConfiguration, weights: Weights, store: ParameterStore) throws -> any TokenizerLearner {
        try FlexTokLearner(self, network, weights: weights)
    }

    /// What 1, 2, 4, … tokens of an image draw.
    public func reconstructions(_ images: Tensor, _ network: FlexTokConfiguration, weights: Weights) throws -> [Tensor] {
        let tokenizer = FlexTok(network, weights: weights)
        let tokens = try tokenizer.tokenize(images)
        let options = DecodeOptions(steps: 10, guidance: 2, method: .classifierFree)
        return try Self.powersOfTwo(network.registers).map { count in
            try tokenizer.detokenize(tokens.prefix(count), guidedBy: nil, options: options) { _ in }
        }
    }

    /// How far the n numbers of all tokens [batch, tokens, dimensions], which are bounded by tanh and rounded, are from using all
    /// levels alike and independently of each other; 0 for one image. Without it a small network soon gives numbers so large that
    /// tanh has no gradient left, and all tokens of an image the same code.
    ///
    /// It is the Kullback-Leibler divergence of a normal distribution with the batch's means m, variances v and covariances c from
    /// one of independent numbers with mean 0 and variance 1, in units where tanh makes that uniform (π²/12), over n:
    /// Σ ½ (m² + v - 1 - ln v) + ¼ Σ c² over pairs of numbers, which is what the determinant's logarithm is for small c. So that few
    /// images do not count as correlated, c² is estimated from pairs of different images: z(a)ᵢ z(a)ⱼ z(b)ᵢ z(b)ⱼ, whose sum over i
    /// and j is (z(a)·z(b))² less what i = j has in it.
    package static func spreadLoss(_ numbers: Tensor) -> Tensor {
        let batch = numbers.shape[0]
        guard batch > 1 else { return Tensor(0) }
        let width = numbers.count / batch
        let scaled = numbers.reshaped([batch, width]) * (Float(12).squareRoot() / .pi)
        let squares = scaled * scaled
        let share = Tensor.filled([1, batch], with: 1 / Float(batch))
        let (mean, square, similarity, ofSquares) = Precision.$current.withValue(.float32) {
            (
                share.matrixProduct(scaled), share.matrixProduct(squares), scaled.matrixProduct(scaled, otherTransposed: true),
                squares.matrixProduct(squares, otherTransposed: true)
            )
        }
        let variance = square - mean * mean + 1e-4
        let pairs = Tensor(uninitialized: [batch, batch]) { buffer in
            for i in buffer.indices { buffer[i] = i / batch == i % batch ? 0 : 1 / Float(batch * (batch - 1) * width) }
        }
        let covariance = ((similarity * similarity - ofSquares) * pairs).sum()
        return (square - variance.logarithm() + -1).mean() * 0.5 + covariance * 0.25
    }

    /// 1, 2, 4, … up to `most`, and that.
    package static func powersOfTwo(_ most: Int) -> [Int] {
        var counts = [1]
        while let last = counts.last, 2 * last <= most { counts.append(2 * last) }
        return counts.last == most ? counts : counts + [most]
    }
}

/// A FlexTok in training.
private final class FlexTokLearner: TokenizerLearner {
    private let options: FlexTokTraining
    private let network: FlexTok
    /// The autoencoder's, packed as products are computed: next to the noise of a sample, what rounding changes is nothing.
    private lazy var autoencoder = AutoencoderKLEncoder(
        network.configuration.autoencoder.shape, weights: Weights(PackingWeights(weights.source, as: .current), path: weights.path)["vae.vae"])
    private let weights: Weights
    private let encoder: FlexTokEncoder
    private let decoder: FlexTokDecoder
    private let counts: [Int]
    private let semantics: (teacher: FrozenEncoder, head: [Linear])?

    init(_ options: FlexTokTraining, _ configuration: FlexTokConfiguration, weights: Weights) throws {
        self.options = options
        self.weights = weights
        network = FlexTok(configuration, weights: weights)
        (encoder, decoder) = (try network.encoder, try network.decoder)
        let registers = configuration.registers
        counts = options.nesting == .uniform ? Array(1...registers) : FlexTokTraining.powersOfTwo(registers)
        semantics = try options.teacher.map {
            let teacher = try FrozenEncoder(path: $0)
            let (width, place) = (configuration.decoder.width, weights[FlexTokTraining.head])
            let head = [
                Linear(place["mlp.1"], from: width, to: 4 * width), Linear(place["mlp.3"], from: 4 * width, to: 4 * width),
                Linear(place["out_proj"], from: 4 * width, to: teacher.width),
            ]
            return (teacher, head)
        }
    }

    /// The share of noise of an image.
    private func time(_ random: inout CounterRandom) -> Float {
        let time = unshifted(&random)
        return options.timeShift * time / (1 + (options.timeShift - 1) * time)
    }

    private func unshifted(_ random: inout CounterRandom) -> Float {
        switch options.times {
        case .logitNormal: return 1 / (1 + exp(-random.normal()))
        case .warped:
            let (u, strength) = (random.uniform(), Float(0.25))
            let cosine = cos(Float.pi * u / 2)
            return min(max(1 - u - strength * (cosine * cosine - 1 + u), 0), 1)
        }
    }

    func loss(_ images: Tensor, step: Int, random: inout CounterRandom) throws -> TokenizerObjective {
        let configuration = network.configuration
        let batch = images.shape[0]
        let (channels, side) = (configuration.autoencoder.latentChannels, configuration.latentSide)
        let shape = [batch, channels, side, side]
        let posterior = autoencoder(images * 2 + -1)
        let latents = (posterior.sample(noise: .randomNormal(shape, using: &random)) * network.scalingFactor).detached
        let noise = Tensor.randomNormal(shape, using: &random)
        let times = (0..<batch).map { _ in time(&random) }
        let kept = (0..<batch).map { _ in counts[Int(random.next32()) % counts.count] }
        let dropped = (0..<batch).map { _ in random.uniform() < options.tokenDropout }

        let numbers = step < options.encoderDelay ? encoder(latents).detached : encoder(latents)
        let bounded = network.quantizer.bounded(numbers)
        let tokens = decoder.masked(decoder.embed(codes: network.quantizer.quantized(bounded: bounded)), keeping: kept)
        let size = tokens.count / batch
        let choices = Tensor.concatenated([tokens, decoder.nullRegisters(batch: 1)], axis: 0).reshaped([batch + 1, size])
        let registers = choices.rows((0..<batch).map { dropped[$0] ? Int32(batch) : Int32($0) }).reshaped(tokens.shape)

        let point = noise.scaledPerSample(times) + latents.scaledPerSample(times.map { 1 - $0 })
        var middle: Tensor?
        var block = 0
        let velocity = decoder.evaluate(point, times: times, registers: registers) { sequence in
            if block == 1 { middle = sequence }
            block += 1
        }
        let error = (velocity - (noise - latents)).meanSquare()
        var objective = TokenizerObjective(
            loss: error, metrics: [("flow_loss", Double(error.item))],
            codes: network.quantizer.codes(bounded: bounded.detached) ?? [])
        if options.spreadWeight > 0 {
            let spread = FlexTokTraining.spreadLoss(numbers)
            objective.loss = objective.loss + spread * options.spreadWeight
            objective.metrics.append(("spread_loss", Double(spread.item)))
        }
        if let semantics, let middle {
            let patches = configuration.grid * configuration.grid
            let features = middle.sliced(axis: 1, 0..<patches).layerNormalized(epsilon: 1e-5)
            let head = semantics.head
            let alignment = featureAlignmentLoss(
                head[2](head[1](head[0](features, activation: .silu), activation: .silu)),
                teacher: semantics.teacher(images, grid: configuration.grid))
            objective.loss = objective.loss + alignment * options.semanticWeight
            objective.metrics.append(("semantic_loss", Double(alignment.item)))
        }
        return objective
    }
}
