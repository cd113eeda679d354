import Foundation
import Layers
import Tensors

/// The shape of a convolutional variational autoencoder with attention at the lowest resolution.
public struct AutoencoderKLConfiguration: Sendable, Hashable, Codable {
    /// How the maps of the attention are called and stored.
    public enum AttentionLayout: String, Sendable, Codable {
        /// `to_q`, `to_k`, `to_v`, `to_out.0`.
        case current
        /// `query`, `key`, `value`, `proj_attn`, as before version 0.18 of diffusers.
        case former
        /// The same as 1×1 convolutions.
        case formerConvolutions = "former_convolutions"
    }

    public var latentChannels: Int
    /// Channels of the levels, highest resolution first; each has half the resolution of the one before.
    public var blockChannels: [Int]
    /// Residual blocks of a level of the encoder; the decoder has one more.
    public var layersPerBlock: Int
    /// Groups of every group norm.
    public var groups: Int
    /// What latents are multiplied with after encoding; nil where it has to be found elsewhere.
    public var scalingFactor: Double?
    public var attentionLayout: AttentionLayout

    public init(
        latentChannels: Int = 16, blockChannels: [Int] = [128, 256, 512, 512], layersPerBlock: Int = 2, groups: Int = 32,
        scalingFactor: Double? = nil, attentionLayout: AttentionLayout = .current
    ) {
        self.latentChannels = latentChannels
        self.blockChannels = blockChannels
        self.layersPerBlock = layersPerBlock
        self.groups = groups
        self.scalingFactor = scalingFactor
        self.attentionLayout = attentionLayout
    }

    enum CodingKeys: String, CodingKey {
        case latentChannels = "latent_channels"
        case blockChannels = "block_out_channels"
        case layersPerBlock = "layers_per_block"
        case groups = "norm_num_groups"
        case scalingFactor = "scaling_factor"
        case attentionLayout = "attention_layout"
    }

    /// How many times smaller than an image its latents are.
    public var downsampling: Int { 1 << (blockChannels.count - 1) }

    static let epsilon: Float = 1e-6

    /// Why no autoencoder of this shape can be built, or nil.
    public var problem: String? {
        if let bounds = firstOutside(
            [
                ("vae.latent_channels", latentChannels, 4096), ("the length of vae.block_out_channels", blockChannels.count, 8),
                ("vae.layers_per_block", layersPerBlock, 64), ("vae.norm_num_groups", groups, 1024),
            ] + blockChannels.map { ("vae.block_out_channels", $0, 16384) })
        {
            return bounds
        }
        if let channels = blockChannels.first(where: { $0 % groups != 0 }) {
            return "vae.block_out_channels \(channels) does not divide into \(groups) groups"
        }
        guard let scalingFactor else { return nil }
        return scalingFactor.isFinite && Float(scalingFactor).isNormal ? nil : "vae.scaling_factor is \(scalingFactor), expected a number other than 0"
    }
}

/// x + the branch conv2(silu(norm2(conv1(silu(norm1(x)))))); the shortcut is mapped where the number of channels changes.
struct AutoencoderBlock: Sendable {
    private let firstNorm: GroupNorm
    private let first: Convolution
    private let secondNorm: GroupNorm
    private let second: Convolution
    private let shortcut: Convolution?

    init(_ weights: Weights, from inputs: Int, to outputs: Int, groups: Int) {
        firstNorm = GroupNorm(
            weights["norm1"], channels: inputs, groups: groups, epsilon: AutoencoderKLConfiguration.epsilon)
        first = Convolution(weights["conv1"], from: inputs, to: outputs, kernel: 3)
        secondNorm = GroupNorm(
            weights["norm2"], channels: outputs, groups: groups, epsilon: AutoencoderKLConfiguration.epsilon)
        second = Convolution(weights["conv2"], from: outputs, to: outputs, kernel: 3)
        shortcut = inputs == outputs ? nil : Convolution(weights["conv_shortcut"], from: inputs, to: outputs, kernel: 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let branch = second(secondNorm(first(firstNorm(x).applying(.silu))).applying(.silu))
        return (shortcut.map { $0(x) } ?? x) + branch
    }
}

/// Attention of every pixel to every other with one head over all channels, added to its input. Its four maps stay as they
/// are stored: the autoencoder is computed in float32 whatever the precision of products.
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

    init(_ weights: Weights, channels: Int, configuration: AutoencoderKLConfiguration) {
        norm = GroupNorm(
            weights["group_norm"], channels: channels, groups: configuration.groups,
            epsilon: AutoencoderKLConfiguration.epsilon)
        let isCurrent = configuration.attentionLayout == .current
        let names = isCurrent ? ["to_q", "to_k", "to_v", "to_out.0"] : ["query", "key", "value", "proj_attn"]
        let kernel = configuration.attentionLayout == .formerConvolutions ? [1, 1] : []
        maps = names.map { name in
            Map(
                weight: weights[name].tensor("weight", [channels, channels] + kernel, initial: .xavierUniform),
                bias: weights[name].tensor("bias", [channels], initial: .zeros))
        }
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let (batch, channels, pixels) = (x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
        let rows = norm(x).reshaped([batch, channels, pixels]).permuted(0, 2, 1)
        let attended = Tensor.attention(
            queries: maps[0](rows), keys: maps[1](rows), values: maps[2](rows), heads: 1,
            scale: 1 / Float(channels).squareRoot())
        return x + maps[3](attended).permuted(0, 2, 1).reshaped(x.shape)
    }
}

/// The lowest resolution: a block, attention, a block.
struct AutoencoderMiddle: Sendable {
    private let first: AutoencoderBlock
    package let attention: AutoencoderAttention
    private let second: AutoencoderBlock

    init(_ weights: Weights, channels: Int, configuration: AutoencoderKLConfiguration) {
        first = AutoencoderBlock(weights["resnets"][0], from: channels, to: channels, groups: configuration.groups)
        attention = AutoencoderAttention(weights["attentions"][0], channels: channels, configuration: configuration)
        second = AutoencoderBlock(weights["resnets"][1], from: channels, to: channels, groups: configuration.groups)
    }

    func attended(_ x: Tensor) -> Tensor { attention(first(x)) }

    func callAsFunction(_ x: Tensor) -> Tensor { second(attended(x)) }
}

/// Pixels to the posterior over latents (reference section 5).
public struct AutoencoderKLEncoder: Sendable {
    private struct Level: Sendable {
        let blocks: [AutoencoderBlock]
        /// Halves the resolution; nil at the lowest.
        let reduction: Convolution?

        func callAsFunction(_ x: Tensor) -> Tensor {
            let features = blocks.reduce(x) { $1($0) }
            // One row and one column of zeros after the image, none before it.
            return reduction.map {
                features.convolved($0.weight, bias: $0.bias, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1))
            } ?? features
        }
    }

    private let input: Convolution
    private let levels: [Level]
    private let middle: AutoencoderMiddle
    private let norm: GroupNorm
    private let output: Convolution
    private let moments: Convolution

    package init(_ configuration: AutoencoderKLConfiguration, weights root: Weights) {
        let (weights, widths) = (root["encoder"], configuration.blockChannels)
        var channels = widths[0]
        input = Convolution(weights["conv_in"], from: 3, to: channels, kernel: 3)
        levels = widths.enumerated().map { index, width in
            let place = weights["down_blocks"][index]
            let blocks = (0..<configuration.layersPerBlock).map { block in
                defer { channels = width }
                return AutoencoderBlock(place["resnets"][block], from: channels, to: width, groups: configuration.groups)
            }
            let isLast = index == widths.count - 1
            return Level(
                blocks: blocks,
                reduction: isLast ? nil : Convolution(place["downsamplers.0.conv"], from: width, to: width, kernel: 3))
        }
        middle = AutoencoderMiddle(weights["mid_block"], channels: channels, configuration: configuration)
        norm = GroupNorm(
            weights["conv_norm_out"], channels: channels, groups: configuration.groups,
            epsilon: AutoencoderKLConfiguration.epsilon)
        let size = 2 * configuration.latentChannels
        output = Convolution(weights["conv_out"], from: channels, to: size, kernel: 3)
        moments = Convolution(root["quant_conv"], from: size, to: size, kernel: 1)
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
        found["enc_conv_out"] = output(norm(middle(x)).applying(.silu))
        found["moments"] = found["enc_conv_out"].map { moments($0) }
        return found
    }

    /// Images [batch, 3, height, width] in -1...1 → the posterior over latents [batch, channels, height / downsampling, …],
    /// not scaled.
    public func callAsFunction(_ images: Tensor) -> PlanarPosterior {
        Precision.$current.withValue(.float32) {
            let features = middle(levels.reduce(input(images)) { $1($0) })
            return PlanarPosterior(moments: moments(output(norm(features).applying(.silu))))
        }
    }
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

    public var deviation: Tensor { (logvar * 0.5).applying(.exp) }

    /// mean + deviation ∘ noise.
    public func sample(noise: Tensor) -> Tensor { mean + deviation * noise }

    /// ½ Σ (mean² + variance - 1 - logvar) over all values, summed over the batch.
    public var klDivergence: Tensor { (mean.sumOfSquares() + (logvar.applying(.exp) - logvar + -1).sum()) * 0.5 }
}

/// Latents to pixels (reference section 5).
public struct AutoencoderKLDecoder: Sendable {
    private struct Level: Sendable {
        let blocks: [AutoencoderBlock]
        /// After doubling; nil at the highest resolution.
        let enlargement: Convolution?

        func callAsFunction(_ x: Tensor) -> Tensor {
            let features = blocks.reduce(x) { $1($0) }
            return enlargement.map { $0(features.doubled2x2()) } ?? features
        }
    }

    private let latents: Convolution
    private let input: Convolution
    private let middle: AutoencoderMiddle
    /// Lowest resolution first.
    private let levels: [Level]
    private let norm: GroupNorm
    private let output: Convolution

    package init(_ configuration: AutoencoderKLConfiguration, weights root: Weights) {
        let (weights, widths) = (root["decoder"], Array(configuration.blockChannels.reversed()))
        var channels = widths[0]
        latents = Convolution(root["post_quant_conv"], from: configuration.latentChannels, to: configuration.latentChannels, kernel: 1)
        input = Convolution(weights["conv_in"], from: configuration.latentChannels, to: channels, kernel: 3)
        middle = AutoencoderMiddle(weights["mid_block"], channels: channels, configuration: configuration)
        levels = widths.enumerated().map { index, width in
            let place = weights["up_blocks"][index]
            let blocks = (0...configuration.layersPerBlock).map { block in
                defer { channels = width }
                return AutoencoderBlock(place["resnets"][block], from: channels, to: width, groups: configuration.groups)
            }
            let isLast = index == widths.count - 1
            return Level(
                blocks: blocks,
                enlargement: isLast ? nil : Convolution(place["upsamplers.0.conv"], from: width, to: width, kernel: 3))
        }
        norm = GroupNorm(
            weights["conv_norm_out"], channels: channels, groups: configuration.groups,
            epsilon: AutoencoderKLConfiguration.epsilon)
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
            x = level(x)
            found["dec_up\(index)"] = x
        }
        found["dec_up_last"] = x
        return found
    }

    /// Latents [batch, channels, height, width], no longer scaled → images [batch, 3, height · downsampling, …], nominally in
    /// -1...1.
    public func callAsFunction(_ z: Tensor) -> Tensor {
        Precision.$current.withValue(.float32) {
            output(norm(levels.reduce(middle(input(latents(z)))) { $1($0) }).applying(.silu))
        }
    }
}
