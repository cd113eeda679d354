import Layers
import Networks
import Tensors

/// Where the parameters of a GigaTok start that is to learn in reasonable time at a small size. The official start is for widths of
/// 512 and more: at a quarter of that, attention begins all alike, and what it reads is next to nothing beside the first token,
/// which stands for the whole image. Here positions are those of the grid, a latent token's the mean over the cell that its query
/// is the mean of, and maps keep the size of what they read. Only the start is different: names, shapes and network are the
/// published ones.
struct GigaTokLocalStart {
    private let configuration: GigaTokConfiguration
    private let fresh: [String: Tensor]
    private(set) var parameters: [String: Tensor] = [:]

    init(_ configuration: GigaTokConfiguration) {
        self.configuration = configuration
        fresh = LocalStart.fresh { _ = GigaTok(configuration, weights: $0) }
        let isSequence = configuration.layout == .sequence
        half(isSequence ? "s2to1encoder" : "s2dencoder", configuration.encoder, embedding: "encoder_embed")
        half(isSequence ? "s1to2decoder" : "s2ddecoder", configuration.decoder, embedding: "decoder_embed")
        // Convolutions outside residual blocks: all that leads from pixels to the transformer and back.
        for name in fresh.keys where name.hasPrefix("encoder.") || name.hasPrefix("decoder.") {
            let isThrough = ["conv_in.weight", "conv_out.weight", "downsample.conv.weight", "upsample.conv1.weight", "nin_shortcut.weight"]
                .contains { name.hasSuffix($0) }
            if isThrough { keepSize(name) }
        }
    }

    /// A map or a convolution that keeps the deviation of what it reads.
    private mutating func keepSize(_ name: String) {
        guard let shape = fresh[name]?.shape else { return }
        parameters[name] = LocalStart.normal(name, shape)
    }

    /// The positions, the attention and the maps in and out of one of the transformers.
    private mutating func half(_ place: String, _ shape: TransformerShape, embedding: String) {
        let (width, places) = (shape.width, LocalStart.positions(side: configuration.grid, width: shape.width))
        parameters[place + ".positional_embedding"] = places.reshaped([places.shape[0], 1, width])
        if configuration.layout == .sequence {
            let means = LocalStart.cells(of: places, side: configuration.grid, tokens: configuration.latentTokens)
            parameters[place + ".latent_token_positional_embedding"] = means.reshaped([configuration.latentTokens, 1, width])
        }
        for layer in 0..<shape.layers {
            for kind in ["self_attn", "multihead_attn"] {
                let name = "\(place).transformer.\(layer).\(kind)."
                guard fresh[name + "in_proj_weight"] != nil else { continue }
                parameters.merge(LocalStart.attention(name, width: width)) { $1 }
            }
        }
        for name in [embedding, "global_proj", "conv_out"] { keepSize("\(place).\(name).weight") }
    }
}
