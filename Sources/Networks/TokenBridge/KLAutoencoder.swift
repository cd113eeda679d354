import Layers
import Tensors

/// The convolutional variational autoencoder of Latent Diffusion (Rombach et al., 2022), as MAR and TokenBridge use it.
/// Parameter names are the official ones.
package struct KLAutoencoder: Sendable {
    package let encoder: KLEncoder
    package let decoder: KLDecoder
    private let momentsMap: Linear
    private let latentsMap: Linear
    private let channels: Int

    init(_ configuration: TokenBridgeTokenizerConfiguration, weights: Weights) {
        channels = configuration.channels
        encoder = KLEncoder(configuration, weights: weights["encoder"])
        decoder = KLDecoder(configuration, weights: weights["decoder"])
        momentsMap = Linear(weights["quant_conv"], from: 2 * channels, to: 2 * channels, kernel: [1, 1])
        latentsMap = Linear(weights["post_quant_conv"], from: channels, to: channels, kernel: [1, 1])
    }

    /// Means and log-variances of images [batch, 3, height, width] in -1...1: [batch, places, 2·channels], row-major.
    package func moments(_ images: Tensor) -> Tensor { momentsMap(encoder(images).placesFirst) }

    /// Images [batch, 3, height, width], nominally in -1...1, of latents [batch, places, channels] of a grid of rows.
    package func decode(_ z: Tensor, rows: Int) -> Tensor { decoder(latentsMap(z).planar(rows: rows)) }
}

extension Tensor {
    /// Planes [batch, channels, height, width] → [batch, places, channels], row-major.
    var placesFirst: Tensor { permuted(0, 2, 3, 1).reshaped([shape[0], shape[2] * shape[3], shape[1]]) }

    /// The way back for a grid of rows.
    func planar(rows: Int) -> Tensor {
        reshaped([shape[0], rows, shape[1] / rows, shape[2]]).permuted(0, 3, 1, 2)
    }
}

/// x + conv2(silu(norm2(conv1(silu(norm1(x)))))), x through a 1×1 convolution where the number of channels changes.
struct KLResidualBlock: Sendable {
    private let firstNorm, secondNorm: GroupNorm
    private let first, second: Convolution
    private let shortcut: Convolution?

    init(_ weights: Weights, from inputs: Int, to outputs: Int) {
        firstNorm = GroupNorm(weights["norm1"], channels: inputs, groups: TokenBridgeTokenizerConfiguration.groups)
        first = Convolution(weights["conv1"], from: inputs, to: outputs, kernel: 3)
        secondNorm = GroupNorm(weights["norm2"], channels: outputs, groups: TokenBridgeTokenizerConfiguration.groups)
        second = Convolution(weights["conv2"], from: outputs, to: outputs, kernel: 3)
        shortcut = inputs == outputs ? nil : Convolution(weights["nin_shortcut"], from: inputs, to: outputs, kernel: 1)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        let branch = second(secondNorm(first(firstNorm(x).applying(.silu))).applying(.silu))
        return (shortcut?(x) ?? x) + branch
    }
}

/// x + attention of one head over all places.
package struct KLAttention: Sendable {
    private let norm: GroupNorm
    private let queries, keys, values, output: Linear

    init(_ weights: Weights, channels: Int) {
        norm = GroupNorm(weights["norm"], channels: channels, groups: TokenBridgeTokenizerConfiguration.groups)
        func map(_ name: String) -> Linear { Linear(weights[name], from: channels, to: channels, kernel: [1, 1]) }
        (queries, keys, values, output) = (map("q"), map("k"), map("v"), map("proj_out"))
    }

    package func callAsFunction(_ x: Tensor) -> Tensor {
        let places = norm(x).placesFirst
        let packed = Tensor.concatenated([queries(places), keys(places), values(places)], axis: 2)
        return x + output(packed.selfAttention(heads: 1)).planar(rows: x.shape[2])
    }
}

/// What lies between the lowest levels of both halves: a block, attention, a block.
package struct KLMiddle: Sendable {
    let first: KLResidualBlock
    package let attention: KLAttention
    let second: KLResidualBlock

    init(_ weights: Weights, channels: Int) {
        first = KLResidualBlock(weights["block_1"], from: channels, to: channels)
        attention = KLAttention(weights["attn_1"], channels: channels)
        second = KLResidualBlock(weights["block_2"], from: channels, to: channels)
    }

    func callAsFunction(_ x: Tensor) -> Tensor { second(attention(first(x))) }

    /// What the attention gives.
    package func attended(_ x: Tensor) -> Tensor { attention(first(x)) }
}

package struct KLEncoder: Sendable {
    /// A level, highest resolution first.
    private struct Level: Sendable {
        let blocks: [KLResidualBlock]
        let attentions: [KLAttention]
        /// The convolution that halves the extents; nil at the lowest resolution.
        let halving: Halving?

        func callAsFunction(_ x: Tensor) -> Tensor {
            var x = x
            for (index, block) in blocks.enumerated() {
                x = block(x)
                if attentions.indices.contains(index) { x = attentions[index](x) }
            }
            return halving?(x) ?? x
        }
    }

    /// A 3×3 convolution with stride 2 and a row and a column of zeros after the image.
    private struct Halving: Sendable {
        let weight, bias: Tensor

        init(_ weights: Weights, channels: Int) {
            weight = weights.tensor("weight", [channels, channels, 3, 3], initial: .xavierUniform)
            bias = weights.tensor("bias", [channels], initial: .zeros)
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            x.convolved(weight, bias: bias, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1))
        }
    }

    private let input: Convolution
    private let levels: [Level]
    package let middle: KLMiddle
    private let norm: GroupNorm
    private let output: Convolution

    init(_ configuration: TokenBridgeTokenizerConfiguration, weights: Weights) {
        var channels = configuration.hiddenChannels
        input = Convolution(weights["conv_in"], from: 3, to: channels, kernel: 3)
        levels = (0..<configuration.depth).map { level in
            let place = weights["down"][level]
            let outputs = configuration.channels(level)
            let blocks = (0..<configuration.residualBlocks).map { index in
                defer { channels = outputs }
                return KLResidualBlock(place["block"][index], from: channels, to: outputs)
            }
            return Level(
                blocks: blocks,
                attentions: configuration.attends(level) ? blocks.indices.map { KLAttention(place["attn"][$0], channels: outputs) } : [],
                halving: level + 1 < configuration.depth ? Halving(place["downsample.conv"], channels: outputs) : nil)
        }
        middle = KLMiddle(weights["mid"], channels: channels)
        norm = GroupNorm(weights["norm_out"], channels: channels, groups: TokenBridgeTokenizerConfiguration.groups)
        output = Convolution(weights["conv_out"], from: channels, to: 2 * configuration.channels, kernel: 3)
    }

    /// What the middle reads.
    package func stem(_ images: Tensor) -> Tensor { levels.reduce(input(images)) { $1($0) } }

    /// images [batch, 3, height, width] → [batch, 2·channels, height / patch, …].
    package func callAsFunction(_ images: Tensor) -> Tensor { output(norm(middle(stem(images))).applying(.silu)) }
}

package struct KLDecoder: Sendable {
    /// A level, highest resolution first, as they are stored; they run backwards.
    private struct Level: Sendable {
        let blocks: [KLResidualBlock]
        /// After doubling; nil at the highest resolution.
        let enlargement: Convolution?

        func callAsFunction(_ x: Tensor) -> Tensor {
            let features = blocks.reduce(x) { $1($0) }
            return enlargement.map { $0(features.doubled2x2()) } ?? features
        }
    }

    private let input: Convolution
    package let middle: KLMiddle
    private let levels: [Level]
    private let norm: GroupNorm
    private let output: Convolution

    init(_ configuration: TokenBridgeTokenizerConfiguration, weights: Weights) {
        let deepest = configuration.channels(configuration.depth - 1)
        input = Convolution(weights["conv_in"], from: configuration.channels, to: deepest, kernel: 3)
        middle = KLMiddle(weights["mid"], channels: deepest)
        levels = (0..<configuration.depth).map { level in
            let channels = configuration.channels(level)
            let above = configuration.channels(min(level + 1, configuration.depth - 1))
            let place = weights["up"][level]
            return Level(
                blocks: (0...configuration.residualBlocks).map {
                    KLResidualBlock(place["block"][$0], from: $0 == 0 ? above : channels, to: channels)
                },
                enlargement: level == 0 ? nil : Convolution(place["upsample.conv"], from: channels, to: channels, kernel: 3))
        }
        let channels = configuration.channels(0)
        norm = GroupNorm(weights["norm_out"], channels: channels, groups: TokenBridgeTokenizerConfiguration.groups)
        output = Convolution(weights["conv_out"], from: channels, to: 3, kernel: 3)
    }

    /// What the middle reads.
    package func stem(_ z: Tensor) -> Tensor { input(z) }

    /// z [batch, channels, grid, grid] → images [batch, 3, grid · patch, grid · patch], not clamped.
    package func callAsFunction(_ z: Tensor) -> Tensor {
        let features = levels.reversed().reduce(middle(stem(z))) { $1($0) }
        return output(norm(features).applying(.silu))
    }
}
