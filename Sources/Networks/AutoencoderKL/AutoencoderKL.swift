import Layers
import Tensors

/// x + the branch conv2(silu(norm2(conv1(silu(norm1(x)))))); the shortcut is mapped where the number of channels changes.
struct AutoencoderBlock: Sendable {
    private let firstNorm: GroupNorm
    private let first: Convolution
    private let secondNorm: GroupNorm
    private let second: Convolution
    private let shortcut: Convolution?

    init(_ weights: Weights, from inputs: Int, to outputs: Int, _ shape: AutoencoderKLShape) {
        firstNorm = GroupNorm(weights["norm1"], channels: inputs, groups: shape.groups)
        first = Convolution(weights["conv1"], from: inputs, to: outputs, kernel: 3)
        secondNorm = GroupNorm(weights["norm2"], channels: outputs, groups: shape.groups)
        second = Convolution(weights["conv2"], from: outputs, to: outputs, kernel: 3)
        shortcut = inputs == outputs ? nil : Convolution(weights[shape.layout.shortcut], from: inputs, to: outputs, kernel: 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        second(first(x, after: firstNorm), after: secondNorm, addedTo: shortcut.map { $0(x) } ?? x)
    }
}

/// Attention of every pixel to every other with one head over all channels, added to its input. Its four maps stay as they
/// are stored: they are few, and FlexTok computes its autoencoder in float32 whatever the precision of products.
struct AutoencoderAttention: Sendable {
    private struct Map: Sendable {
        let weight: Tensor
        let bias: Tensor

        func callAsFunction(_ x: Tensor) -> Tensor {
            x.linear(weight.rank == 2 ? weight : weight.reshaped(Array(weight.shape.prefix(2))), bias: bias)
        }
    }

    private let norm: GroupNorm
    private let maps: [Map]

    init(_ weights: Weights, channels: Int, _ shape: AutoencoderKLShape) {
        norm = GroupNorm(weights[shape.layout.attentionNorm], channels: channels, groups: shape.groups)
        maps = shape.layout.attentionMaps.map { name in
            Map(
                weight: weights[name].tensor(
                    "weight", [channels, channels] + shape.layout.attentionKernel, initial: .xavierUniform),
                bias: weights[name].tensor("bias", [channels], initial: .zeros))
        }
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let rows = norm(x).placesOfPlanes()
        let attended = Tensor.attention(
            queries: maps[0](rows), keys: maps[1](rows), values: maps[2](rows), heads: 1,
            scale: 1 / Float(x.shape[1]).squareRoot())
        return x + maps[3](attended).permuted(0, 2, 1).reshaped(x.shape)
    }
}

/// The lowest resolution: a block, attention, a block.
struct AutoencoderMiddle: Sendable {
    private let first: AutoencoderBlock
    private let attention: AutoencoderAttention
    private let second: AutoencoderBlock

    init(_ weights: Weights, channels: Int, _ shape: AutoencoderKLShape) {
        let blocks = shape.layout.middleBlocks.map { AutoencoderBlock(weights[$0], from: channels, to: channels, shape) }
        (first, second) = (blocks[0], blocks[1])
        attention = AutoencoderAttention(weights[shape.layout.middleAttention], channels: channels, shape)
    }

    func attended(_ x: Tensor) -> Tensor { attention(first(x)) }

    func callAsFunction(_ x: Tensor) -> Tensor { second(attended(x)) }
}

/// Pixels to the posterior over latents (FlexTok's reference, section 5).
public struct AutoencoderKLEncoder: Sendable {
    private struct Level: Sendable {
        let blocks: [AutoencoderBlock]
        /// After every block, or none.
        let attentions: [AutoencoderAttention]
        /// Halves the resolution; nil at the lowest.
        let reduction: Convolution?

        func callAsFunction(_ x: Tensor) -> Tensor {
            var features = x
            for (index, block) in blocks.enumerated() {
                features = block(features)
                if attentions.indices.contains(index) { features = attentions[index](features) }
            }
            return reduction.map { $0(features) } ?? features
        }
    }

    private let input: Convolution
    private let levels: [Level]
    private let middle: AutoencoderMiddle
    private let norm: GroupNorm
    private let output: Convolution
    private let latentMoments: Convolution

    package init(_ shape: AutoencoderKLShape, weights root: Weights) {
        let (weights, layout) = (root["encoder"], shape.layout)
        var channels = shape.levels[0]
        input = Convolution(weights["conv_in"], from: 3, to: channels, kernel: 3)
        levels = shape.levels.enumerated().map { level, width in
            let place = weights[layout.encoderLevel(level)]
            let blocks = (0..<shape.blocks).map { index in
                defer { channels = width }
                return AutoencoderBlock(place[layout.block(index)], from: channels, to: width, shape)
            }
            let isAttended = shape.attendedLevels.contains(level)
            return Level(
                blocks: blocks,
                attentions: isAttended
                    ? blocks.indices.map { AutoencoderAttention(place[layout.attention($0)], channels: width, shape) } : [],
                reduction: level == shape.levels.count - 1
                    ? nil
                    // One row and one column of zeros after the image, none before it.
                    : Convolution(
                        place[layout.reduction], from: width, to: width, kernel: 3, stride: 2,
                        padding: Padding(top: 0, left: 0, bottom: 1, right: 1)))
        }
        middle = AutoencoderMiddle(weights, channels: channels, shape)
        norm = GroupNorm(weights[layout.outputNorm], channels: channels, groups: shape.groups)
        let size = 2 * shape.latentChannels
        output = Convolution(weights["conv_out"], from: channels, to: size, kernel: 3)
        latentMoments = Convolution(root["quant_conv"], from: size, to: size, kernel: 1)
    }

    /// What the parts of the encoder give on the way, under the names of the reference's goldens.
    package func trace(_ images: Tensor) -> [String: Tensor] {
        var found = ["enc_conv_in": input(images)]
        found["enc_down0_resnet0"] = found["enc_conv_in"].map { levels[0].blocks[0]($0) }
        var x = input(images)
        for (index, level) in levels.enumerated() {
            x = level(x)
            found["enc_down\(index)"] = x
        }
        found["enc_down_last"] = x
        found["enc_mid_attn"] = middle.attended(x)
        found["enc_mid"] = middle(x)
        found["enc_conv_out"] = output(middle(x), after: norm)
        found["moments"] = found["enc_conv_out"].map { latentMoments($0) }
        return found
    }

    /// Images [batch, 3, height, width] in -1...1 → means and then log-variances of latents
    /// [batch, 2·channels, height / downsampling, …], not scaled.
    public func moments(_ images: Tensor) -> Tensor {
        let features = middle(levels.reduce(input(images)) { $1($0) })
        return latentMoments(output(features, after: norm))
    }

    /// The posterior that these are of.
    public func callAsFunction(_ images: Tensor) -> PlanarPosterior { PlanarPosterior(moments: moments(images)) }
}

/// The Gaussian over planar latents that an encoder gives.
public struct PlanarPosterior: Sendable {
    /// [batch, channels, height, width].
    public let mean: Tensor
    /// Between -30 and 20.
    public let logvar: Tensor

    /// From moments [batch, 2·channels, height, width], means first.
    init(moments: Tensor) {
        let channels = moments.shape[1] / 2
        mean = moments.sliced(axis: 1, 0..<channels)
        logvar = moments.sliced(axis: 1, channels..<2 * channels).clamped(to: -30...20)
    }

    public var std: Tensor { (logvar * 0.5).applying(.exp) }

    /// mean + std ∘ noise.
    public func sample(noise: Tensor) -> Tensor { mean + std * noise }

    /// ½ Σ (mean² + variance - 1 - logvar) over all values, summed over the batch.
    public var klDivergence: Tensor { (mean.sumOfSquares() + (logvar.applying(.exp) - logvar + -1).sum()) * 0.5 }
}

/// Latents to pixels (FlexTok's reference, section 5).
public struct AutoencoderKLDecoder: Sendable {
    private struct Level: Sendable {
        let blocks: [AutoencoderBlock]
        /// Doubles first; nil at the highest resolution.
        let enlargement: Convolution?

        /// In place, so that nothing keeps the level's input while it works.
        func apply(to x: inout Tensor) {
            for block in blocks { x = block(x) }
            if let enlargement { x = enlargement(x) }
            x.releaseOtherResolutions()
        }
    }

    private let latents: Convolution
    private let input: Convolution
    private let middle: AutoencoderMiddle
    /// Lowest resolution first.
    private let levels: [Level]
    private let norm: GroupNorm
    private let output: Convolution

    package init(_ shape: AutoencoderKLShape, weights root: Weights) {
        let (weights, layout) = (root["decoder"], shape.layout)
        var channels = shape.levels[shape.levels.count - 1]
        latents = Convolution(root["post_quant_conv"], from: shape.latentChannels, to: shape.latentChannels, kernel: 1)
        input = Convolution(weights["conv_in"], from: shape.latentChannels, to: channels, kernel: 3)
        middle = AutoencoderMiddle(weights, channels: channels, shape)
        levels = shape.levels.enumerated().reversed().map { level, width in
            let place = weights[layout.decoderLevel(level, of: shape.levels.count)]
            let blocks = (0...shape.blocks).map { index in
                defer { channels = width }
                return AutoencoderBlock(place[layout.block(index)], from: channels, to: width, shape)
            }
            return Level(
                blocks: blocks,
                enlargement: level == 0 ? nil : Convolution(place[layout.enlargement], from: width, to: width, kernel: 3, isDoubling: true))
        }
        norm = GroupNorm(weights[layout.outputNorm], channels: channels, groups: shape.groups)
        output = Convolution(weights["conv_out"], from: channels, to: 3, kernel: 3)
    }

    /// What the parts of the decoder give on the way, under the names of the reference's goldens.
    package func trace(_ z: Tensor) -> [String: Tensor] {
        var found = ["dec_post_quant": latents(z)]
        var x = input(latents(z))
        found["dec_conv_in"] = x
        x = middle(x)
        found["dec_mid"] = x
        for (index, level) in levels.enumerated() {
            level.apply(to: &x)
            found["dec_up\(index)"] = x
        }
        found["dec_up_last"] = x
        return found
    }

    /// Latents [batch, channels, height, width], no longer scaled → images [batch, 3, height · downsampling, …], nominally in
    /// -1...1.
    public func callAsFunction(_ z: Tensor) -> Tensor {
        var x = middle(input(latents(z)))
        for level in levels { level.apply(to: &x) }
        return output(x, after: norm)
    }
}
