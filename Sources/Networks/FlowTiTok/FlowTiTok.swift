import Layers
import Tensors

/// FlowTok's 1D image tokenizer: a variational autoencoder between pixels and K latent tokens whose decoder is guided by
/// the caption (FlowTok, section 3.2; reference sections 7.1 to 7.5). Pixels are [batch, 3, side, side] in 0...1.
public struct FlowTiTok: Sendable {
    public let configuration: FlowTiTokConfiguration
    public let decoder: FlowTiTokDecoder
    private let encoding: Encoding

    private enum Encoding: Sendable {
        case made(FlowTiTokEncoder)
        case deferred(Lazy<FlowTiTokEncoder>)
    }

    public var encoder: FlowTiTokEncoder {
        switch encoding {
        case .made(let encoder): encoder
        case .deferred(let encoder): encoder.value
        }
    }

    /// `logvarBias` is where the encoder's log-variance starts when it is not read: near -5 for a small model, since with
    /// unit posterior noise at the start the autoencoder learns nothing for thousands of steps.
    public init(_ configuration: FlowTiTokConfiguration, weights: Weights, logvarBias: Float = 0) {
        self.configuration = configuration
        encoding = .made(FlowTiTokEncoder(configuration, weights: weights, logvarBias: logvarBias))
        decoder = FlowTiTokDecoder(configuration, weights: weights["decoder"])
    }

    /// A tokenizer that reads its encoder when it first encodes: drawing does without.
    ///
    /// - Parameters:
    ///   - expected: is asked for the encoder's parameters now, and need not give them.
    ///   - encoderWeights: where they come from then.
    public init(
        _ configuration: FlowTiTokConfiguration, weights: Weights, expected: Weights,
        encoderWeights: @escaping @Sendable () -> Weights
    ) {
        self.configuration = configuration
        _ = FlowTiTokEncoder(configuration, weights: expected, logvarBias: 0)
        encoding = .deferred(Lazy { FlowTiTokEncoder(configuration, weights: encoderWeights(), logvarBias: 0) })
        decoder = FlowTiTokDecoder(configuration, weights: weights["decoder"])
    }

    /// The posterior over the latents of images [batch, 3, side, side].
    public func encode(_ images: Tensor) -> LatentPosterior { encoder(images) }

    /// Images from latents [batch, K, D] and the hidden states of their captions [batch, text positions, text width].
    public func decode(_ latents: Tensor, guidedBy text: Tensor) -> Tensor { decoder(latents, text: text) }
}

/// The Gaussian over the latents that an encoder gives: mean and log-variance [batch, K, D].
public struct LatentPosterior: Sendable {
    public let mean: Tensor
    /// Between -30 and 20.
    public let logvar: Tensor

    /// From moments [batch, K, 2D], means first.
    public init(moments: Tensor) {
        let size = moments.shape[2] / 2
        mean = moments.sliced(axis: 2, 0..<size)
        logvar = moments.sliced(axis: 2, size..<2 * size).clamped(to: -30...20)
    }

    /// mean + exp(logvar / 2) ∘ noise.
    public func sample(noise: Tensor) -> Tensor { mean + (logvar * 0.5).applying(.exp) * noise }

    /// ½ Σ (mean² + variance - 1 - logvar) over the channels, summed over batch and tokens too; a scalar.
    public var klDivergence: Tensor {
        (mean.sumOfSquares() + logvar.applying(.exp).sum() - logvar.sum() + -Float(mean.count)) * 0.5
    }
}

/// A pre-norm block: attention with rotary positions on the patch tokens, and a SwiGLU network.
public struct FlowTiTokBlock: Sendable {
    let firstNorm: LayerNorm
    let attention: SelfAttention
    let secondNorm: LayerNorm
    let network: SwiGLU

    init(_ weights: Weights, shape: TransformerShape) {
        let initial = Initializer.truncatedNormal(std: 0.02)
        firstNorm = LayerNorm(weights["ln_1"], width: shape.width)
        attention = SelfAttention(weights["attn"], width: shape.width, heads: shape.heads, initial: initial)
        secondNorm = LayerNorm(weights["ln_2"], width: shape.width)
        network = SwiGLU(
            weights["mlp"], width: shape.width, hidden: SwiGLU.hiddenWidth(shape.width), initial: initial)
    }

    /// The attention of x [batch, tokens, width] before its residual.
    package func attended(_ x: Tensor, rotary: RotaryTable) -> Tensor { attention(firstNorm(x), rotary: rotary) }

    /// x [batch, tokens, width], the patch tokens first.
    package func callAsFunction(_ x: Tensor, rotary: RotaryTable) -> Tensor {
        let attended = attention(firstNorm(x), rotary: rotary, addedTo: x)
        return network(secondNorm(attended), addedTo: attended)
    }
}

/// Pixels to the moments of K latent tokens.
public struct FlowTiTokEncoder: Sendable {
    let configuration: FlowTiTokConfiguration
    let latentTokens: Tensor
    let patchEmbedding: Linear
    let positions: Tensor
    let seed: Linear?
    package let firstNorm: LayerNorm
    package let blocks: [FlowTiTokBlock]
    let lastNorm: LayerNorm
    let output: Linear
    package let rotary: RotaryTable

    init(_ configuration: FlowTiTokConfiguration, weights: Weights, logvarBias: Float) {
        let shape = configuration.encoder
        let width = shape.width
        let patch = configuration.patchSize
        let initial = Initializer.truncatedNormal(std: 0.02)
        let table = Initializer.normal(std: 1 / Float(width).squareRoot())
        self.configuration = configuration
        latentTokens = weights.tensor("latent_tokens", [configuration.latentTokens, width], initial: table)
        let weights = weights["encoder"]
        let basis = configuration.seeded ? PatchBasis.embedding(patch: patch, width: width) : nil
        patchEmbedding = Linear(
            convolution: weights["patch_embed"], channels: 3, patch: patch, to: width, initial: basis?.weight ?? initial,
            biasInitial: basis?.bias ?? .zeros)
        positions = weights.tensor(
            "latent_token_positional_embedding", [configuration.latentTokens, width], initial: table)
        seed =
            configuration.seeded
            ? PatchGroups(grid: configuration.encoderGrid, groups: configuration.latentTokens).map {
                Linear(weights["latent_seed"], from: $0.height * $0.width * width, to: width)
            } : nil
        firstNorm = LayerNorm(weights["ln_pre"], width: width)
        blocks = (0..<shape.layers).map { FlowTiTokBlock(weights["transformer"][$0], shape: shape) }
        lastNorm = LayerNorm(weights["ln_post"], width: width)
        output = Linear(
            weights["conv_out"], from: width, to: 2 * configuration.tokenSize, kernel: [1, 1],
            initial: configuration.seeded ? .normalMeansZeroVariance(std: 1 / Float(width).squareRoot()) : initial,
            biasInitial: .logVarianceBias(logvarBias))
        rotary = PositionTables.rotary2D(side: configuration.encoderGrid, headDimension: width / shape.heads)
    }

    /// images [batch, 3, side, side] → the embedded patches [batch, grid², width] of the encoder's grid, row-major.
    package func embed(_ images: Tensor) -> Tensor {
        let side = configuration.imageSize
        precondition(
            images.rank == 4 && images.shape[1...] == [3, side, side],
            "images of shape \(images.shape) for a tokenizer of \(side)×\(side) pixels")
        var images = images
        while images.shape[2] > configuration.encoderGrid * configuration.patchSize { images = images.averagePooled2x2() }
        let (grid, patch) = (configuration.encoderGrid, configuration.patchSize)
        let patches = images.reshaped([images.shape[0], 3, grid, patch, grid, patch]).permuted(0, 2, 4, 1, 3, 5)
        return patchEmbedding(patches.reshaped([images.shape[0], grid * grid, 3 * patch * patch]))
    }

    /// patches and latents as one sequence, normalised.
    package func sequence(_ patches: Tensor) -> Tensor {
        let batch = patches.shape[0]
        var latents = (latentTokens + positions).repeated(batch)
        if let seed, let groups = PatchGroups(grid: configuration.encoderGrid, groups: configuration.latentTokens) {
            let width = configuration.encoder.width
            let own = patches.reshaped([batch, groups.rows, groups.height, groups.columns, groups.width, width])
                .permuted(0, 1, 3, 2, 4, 5)
                .reshaped([batch, configuration.latentTokens, groups.height * groups.width * width])
            latents = latents + seed(own)
        }
        return firstNorm(.concatenated([patches, latents], axis: 1))
    }

    /// The normalised last tokens of the sequence: [batch, K, width].
    package func latentFeatures(_ sequence: Tensor) -> Tensor {
        let patches = configuration.encoderGrid * configuration.encoderGrid
        return lastNorm(sequence.sliced(axis: 1, patches..<patches + configuration.latentTokens))
    }

    /// Moments [batch, K, 2D].
    package func moments(_ features: Tensor) -> Tensor { output(features) }

    func callAsFunction(_ images: Tensor) -> LatentPosterior {
        let x = sequence(embed(images)).throughLayers(blocks.count) { index, x, _ in blocks[index](x, rotary: rotary) }
        return LatentPosterior(moments: moments(latentFeatures(x)))
    }
}

/// Latent tokens and a caption's hidden states to pixels.
public struct FlowTiTokDecoder: Sendable {
    let configuration: FlowTiTokConfiguration
    let maskToken: Tensor
    package let latentEmbedding: Linear
    let latentPositions: Tensor
    package let textProjection: Linear
    let textPositions: Tensor
    let seed: Linear?
    let firstNorm: LayerNorm
    package let blocks: [FlowTiTokBlock]
    let lastNorm: LayerNorm
    /// Of patches; none where windows alone are drawn, which blend.
    private let pixels: Linear?
    private let margins: Linear?
    private let refiner: Refiner?
    let smoothingWeight: Tensor
    let smoothingBias: Tensor
    package let rotary: RotaryTable

    /// Pixels are in 0...1: what a fresh decoder starts from.
    package static let grey: Float = 0.5

    package init(_ configuration: FlowTiTokConfiguration, weights: Weights) {
        let shape = configuration.decoder
        let (width, patch) = (shape.width, configuration.drawnPatchSize)
        let initial = Initializer.truncatedNormal(std: 0.02)
        let table = Initializer.normal(std: 1 / Float(width).squareRoot())
        self.configuration = configuration
        maskToken = weights.tensor("mask_token", [1, 1, width], initial: table)
        latentEmbedding = Linear(
            weights["decoder_embed"], from: configuration.tokenSize, to: width,
            initial: configuration.seeded ? .normal(std: 1 / Float(configuration.tokenSize).squareRoot()) : initial)
        latentPositions = weights.tensor(
            "latent_token_positional_embedding", [configuration.latentTokens, width], initial: table)
        textProjection = Linear(
            weights["text_guidance_proj"], from: configuration.textEmbeddingWidth, to: width, initial: initial)
        textPositions = weights.tensor(
            "text_guidance_positional_embedding", [configuration.textContextLength, width], initial: table)
        seed =
            configuration.seeded
            ? PatchGroups(grid: configuration.grid, groups: configuration.latentTokens).map {
                Linear(weights["mask_seed"], from: width, to: $0.height * $0.width * width)
            } : nil
        firstNorm = LayerNorm(weights["ln_pre"], width: width)
        blocks = (0..<shape.layers).map { FlowTiTokBlock(weights["transformer"][$0], shape: shape) }
        lastNorm = LayerNorm(weights["ln_post"], width: width)
        pixels =
            configuration.blended
            ? nil
            : Linear(
                weights["ffn.0"], from: width, to: 3 * patch * patch, kernel: [1, 1],
                initial: configuration.seeded
                    ? PatchBasis.head(patch: patch, width: width, share: 0.2) : initial)
        let window = 2 * patch
        margins =
            configuration.overlap
            ? Linear(weights["overlap"], from: width, to: 3 * window * window, initial: configuration.blended ? initial : .zeros) : nil
        refiner = configuration.refiner.map { Refiner($0, weights: weights["refiner"], width: width, patch: patch) }
        smoothingWeight = weights.tensor("conv_out.weight", [3, 3, 3, 3], initial: .identityKernel3x3)
        smoothingBias = weights.tensor("conv_out.bias", [3], initial: .constant(Self.grey))
        rotary = PositionTables.rotary2D(side: configuration.grid, headDimension: width / shape.heads)
    }

    /// Mask tokens, latents and text as one sequence, normalised.
    package func sequence(_ latents: Tensor, text: Tensor) -> Tensor {
        precondition(
            latents.rank == 3 && latents.shape[1...] == [configuration.latentTokens, configuration.tokenSize],
            "latents of shape \(latents.shape) for \(configuration.latentTokens) tokens of \(configuration.tokenSize)")
        precondition(
            text.rank == 3 && text.shape[0] == latents.shape[0]
                && text.shape[1...] == [configuration.textContextLength, configuration.textEmbeddingWidth],
            "text guidance of shape \(text.shape) for latents of shape \(latents.shape)")
        let batch = latents.shape[0]
        let width = configuration.decoder.width
        let grid = configuration.grid
        let embedded = latentEmbedding(latents).addingRepeated(latentPositions)
        var masks = maskToken.reshaped([width]).repeated(batch * grid * grid).reshaped([batch, grid * grid, width])
        if let seed, let groups = PatchGroups(grid: grid, groups: configuration.latentTokens) {
            let spread = seed(embedded)
                .reshaped([batch, groups.rows, groups.columns, groups.height, groups.width, width])
                .permuted(0, 1, 3, 2, 4, 5).reshaped([batch, grid * grid, width])
            masks = masks + spread
        }
        let guidance = textProjection(text).addingRepeated(textPositions)
        return firstNorm(.concatenated([masks, embedded, guidance], axis: 1))
    }

    /// The normalised patch tokens: [batch, grid², width].
    package func patchFeatures(_ sequence: Tensor) -> Tensor {
        lastNorm(sequence.sliced(axis: 1, 0..<configuration.grid * configuration.grid))
    }

    /// The pixels of patch features before the last convolution: [batch, 3, side, side].
    package func planes(_ features: Tensor) -> Tensor {
        let (grid, patch, side) = (configuration.grid, configuration.drawnPatchSize, configuration.imageSize)
        let batch = features.shape[0]
        let planes = pixels?(features).reshaped([batch, grid, grid, patch, patch, 3]).permuted(0, 5, 1, 3, 2, 4)
            .reshaped([batch, 3, side, side])
        let added = margins?(features)
            .addedWindows(grid: grid, patch: patch, margin: patch / 2, channels: 3, blended: configuration.blended)
        switch (planes, added) {
        case (let planes?, let added?): return planes + added
        case (let drawn?, nil), (nil, let drawn?): return drawn
        case (nil, nil): preconditionFailure("a decoder that draws neither patches nor windows")
        }
    }

    /// Images [batch, 3, side, side], not clamped, from patch features.
    package func image(_ features: Tensor) -> Tensor {
        let image = planes(features).convolved3x3(smoothingWeight, bias: smoothingBias)
        return refiner.map { image + $0(features, pixels: image) } ?? image
    }

    /// The patch features [batch, grid², width] of latents and text.
    package func features(_ latents: Tensor, text: Tensor) -> Tensor {
        patchFeatures(sequence(latents, text: text).throughLayers(blocks.count) { index, x, _ in blocks[index](x, rotary: rotary) })
    }

    package func callAsFunction(_ latents: Tensor, text: Tensor) -> Tensor { image(features(latents, text: text)) }
}

extension FlowTiTok: ImageTokenizer {
    public var imageSize: Int { configuration.imageSize }
    public var tokens: TokenShape { configuration.tokens }
    public var textGuidance: TextGuidanceShape? { configuration.textGuidance }
    public var byteRounding: ByteRounding { .nearest }

    public func tokenize(_ images: Tensor) throws -> ImageTokens {
        try check(images: images)
        return .latents(encode(images).mean)
    }

    public func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        let latents = try checkedLatents(tokens)
        guard let text = try checkedText(text, count: latents.shape[0]) else {
            throw ImageTokenizerError.missingTextGuidance
        }
        return decode(latents, guidedBy: text)
    }
}
