import Layers
import Tensors

/// A residual block: h = conv2(silu(norm2(conv1(silu(norm1(x)))))), then x + h, or shortcut(x) + h where the number of
/// channels changes (reference section 5.2).
struct GigaTokBlock: Sendable {
    private let firstNorm: GroupNorm
    private let first: Convolution
    private let secondNorm: GroupNorm
    private let second: Convolution
    private let shortcut: Convolution?

    init(_ weights: Weights, from inputs: Int, to outputs: Int, groups: Int) {
        firstNorm = GroupNorm(weights["norm1"], channels: inputs, groups: groups)
        first = Convolution(weights["conv1"], from: inputs, to: outputs, kernel: 3, initial: .small)
        secondNorm = GroupNorm(weights["norm2"], channels: outputs, groups: groups)
        second = Convolution(weights["conv2"], from: outputs, to: outputs, kernel: 3, initial: .small)
        shortcut =
            inputs == outputs ? nil : Convolution(weights["nin_shortcut"], from: inputs, to: outputs, kernel: 1, initial: .small)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
        second(first(x, after: firstNorm), after: secondNorm, addedTo: shortcut.map { $0(x) } ?? x)
    }
}

/// Pixels to features of the grid: the convolutions of a GigaTok's encoder (reference sections 4 and 5.2).
public struct GigaTokConvolutionalEncoder: Sendable {
    private struct Level: Sendable {
        let blocks: [GigaTokBlock]
        /// Halves the resolution; nil at the lowest.
        let reduction: Convolution?

        /// In place, so that nothing keeps the level's input while it works.
        func apply(to x: inout Tensor) {
            for block in blocks { x = block(x) }
            if let reduction { x = reduction(x) }
            x.releaseOtherResolutions()
        }
    }

    private let input: Convolution
    private let levels: [Level]
    private let middle: [GigaTokBlock]
    private let norm: GroupNorm
    private let output: Convolution

    package init(_ configuration: GigaTokConfiguration, weights: Weights) {
        let channels = configuration.encoderMultipliers.map { configuration.baseChannels * $0 }
        let deepest = channels[channels.count - 1]
        input = Convolution(weights["conv_in"], from: 3, to: configuration.baseChannels, kernel: 3, initial: .small)
        levels = channels.indices.map { level in
            let place = weights["conv_blocks"][level]
            let above = level == 0 ? configuration.baseChannels : channels[level - 1]
            return Level(
                blocks: (0..<configuration.residualBlocks).map {
                    GigaTokBlock(place["res"][$0], from: $0 == 0 ? above : channels[level], to: channels[level], groups: configuration.groups)
                },
                reduction: level == channels.count - 1
                    ? nil
                    : Convolution(
                        place["downsample.conv"], from: channels[level], to: channels[level], kernel: 3, stride: 2,
                        initial: .small))
        }
        middle = (0..<2).map { GigaTokBlock(weights["mid"][$0], from: deepest, to: deepest, groups: configuration.groups) }
        norm = GroupNorm(weights["norm_out"], channels: deepest, groups: configuration.groups)
        output = Convolution(weights["conv_out"], from: deepest, to: configuration.channels, kernel: 3, initial: .small)
    }

    /// images [batch, 3, side, side] in -1...1 → [batch, Z, grid, grid].
    public func callAsFunction(_ images: Tensor) -> Tensor {
        var x = input(images)
        for level in levels { level.apply(to: &x) }
        for block in middle { x = block(x) }
        return output(x, after: norm)
    }
}

/// Features of the grid to pixels: the convolutions of a GigaTok's decoder, each level of which is scaled and shifted by
/// the features' statistics (reference sections 4 and 5.6).
public struct GigaTokConvolutionalDecoder: Sendable {
    package struct Level: Sendable {
        package let adaptation: AdaptiveGroupNorm
        let blocks: [GigaTokBlock]
        /// To the channels of the pixels of 2×2 blocks; nil at the highest resolution.
        let enlargement: Convolution?

        /// In place, so that nothing keeps the level's input while it works.
        ///
        /// - Parameter features: what the decoder was given, which the level adapts to.
        package func apply(to x: inout Tensor, features: Tensor) {
            x = adaptation(x, features)
            for block in blocks { x = block(x) }
            if let enlargement { x = enlargement(x).depthToSpace2x2() }
            x.releaseOtherResolutions()
        }
    }

    private let input: Convolution
    private let middle: [GigaTokBlock]
    /// Lowest resolution first.
    package let levels: [Level]
    private let norm: GroupNorm
    private let output: Convolution

    package init(_ configuration: GigaTokConfiguration, weights: Weights) {
        let channels = configuration.decoderMultipliers.reversed().map { configuration.baseChannels * $0 }
        input = Convolution(weights["conv_in"], from: configuration.channels, to: channels[0], kernel: 3, initial: .small)
        middle = (0..<2).map { GigaTokBlock(weights["mid"][$0], from: channels[0], to: channels[0], groups: configuration.groups) }
        levels = channels.indices.map { level in
            let place = weights["conv_blocks"][level]
            let below = channels[max(0, level - 1)]
            return Level(
                adaptation: AdaptiveGroupNorm(weights["adaptive"][level], channels: below, features: configuration.channels, groups: configuration.groups),
                blocks: (0...configuration.residualBlocks).map {
                    GigaTokBlock(place["res"][$0], from: $0 == 0 ? below : channels[level], to: channels[level], groups: configuration.groups)
                },
                enlargement: level == channels.count - 1
                    ? nil
                    : Convolution(
                        place["upsample.conv1"], from: channels[level], to: 4 * channels[level], kernel: 3, initial: .small))
        }
        let last = channels[channels.count - 1]
        norm = GroupNorm(weights["norm_out"], channels: last, groups: configuration.groups)
        output = Convolution(weights["conv_out"], from: last, to: 3, kernel: 3, initial: .small)
    }

    /// What the first convolution makes of features [batch, Z, grid, grid].
    package func embed(_ features: Tensor) -> Tensor { input(features) }

    /// What the lowest level reads.
    package func stem(_ features: Tensor) -> Tensor { middle.reduce(embed(features)) { $1($0) } }

    /// features [batch, Z, grid, grid] → images [batch, 3, side, side], nominally in -1...1 and not clamped.
    public func callAsFunction(_ features: Tensor) -> Tensor {
        var x = stem(features)
        for level in levels { level.apply(to: &x, features: features) }
        return output(x, after: norm)
    }
}

/// A group norm whose scale and shift come from other features' deviations and means over their pixels (reference
/// section 5.6).
package struct AdaptiveGroupNorm: Sendable {
    private let scale: Linear
    private let shift: Linear
    private let channels: Int
    private let groups: Int

    init(_ weights: Weights, channels: Int, features: Int, groups: Int) {
        scale = Linear(weights["gamma"], from: features, to: channels, initial: .small)
        shift = Linear(weights["beta"], from: features, to: channels, initial: .small)
        self.channels = channels
        self.groups = groups
    }

    /// x [batch, channels, height, width] by features [batch, Z, grid, grid] → x's shape.
    package func callAsFunction(_ x: Tensor, _ features: Tensor) -> Tensor {
        x.groupNormalized(
            groups: groups, gain: .filled([channels], with: 1), bias: .zeros([channels]), epsilon: 1e-6
        ).scaledPlanes(by: scale(features.planeDeviations(epsilon: 1e-6)), plus: shift(features.planeMeans()))
    }
}
