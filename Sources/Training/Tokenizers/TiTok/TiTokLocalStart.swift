import Layers
import Networks
import Tensors

/// Where the parameters of a TiTok start that is to learn in reasonable time at a small size. With the official start all latent
/// tokens begin alike, and must first discover which patches are theirs. Here positions are those of a grid, a latent token's the
/// mean of its neighbouring patches', and queries are compared with keys by the same map, so that each latent token begins by
/// reading its own patches, and each patch by asking its own latent token. Patches are embedded, and drawn, by slow cosines. Only
/// the start is different: names, shapes and network are the published ones.
struct TiTokLocalStart {
    private let configuration: TiTokConfiguration
    private let fresh: [String: Tensor]
    private(set) var parameters: [String: Tensor] = [:]

    /// - Parameter configuration: of a single stage.
    init(_ configuration: TiTokConfiguration) {
        self.configuration = configuration
        fresh = LocalStart.fresh { _ = TiTok(configuration, weights: $0) }
        half("encoder", configuration.encoder, grid: configuration.encoderGrid)
        half("decoder", configuration.decoder, grid: configuration.decoderGrid)
        // What is told from other latent tokens is their position alone.
        let width = configuration.encoder.width
        parameters["latent_tokens"] = .zeros([configuration.latentTokens, width])
        let embedding = PatchBasis.embedding(patch: configuration.encoderPatchSize, width: width)
        set("encoder.patch_embed.weight", embedding.weight)
        set("encoder.patch_embed.bias", embedding.bias)
        keepSize("encoder.conv_out.weight")
        keepSize("decoder.decoder_embed.weight")
        let drawn = configuration.decoder.width
        set("decoder.ffn.0.weight", PatchBasis.head(patch: configuration.decoderPatchSize, width: drawn, share: 0.2))
        // Pixels are in 0...1: a fresh decoder starts from grey.
        set("decoder.conv_out.bias", .constant(0.5))
        if configuration.quantization == .variational {
            let outputs = 2 * configuration.tokenSize
            set("encoder.conv_out.weight", .normalMeansZeroVariance(std: 1 / Float(width).squareRoot()))
            set("encoder.conv_out.bias", .logVarianceBias(-5), shape: [outputs])
        }
    }

    private mutating func set(_ name: String, _ initial: Initializer, shape: [Int]? = nil) {
        guard let shape = shape ?? fresh[name]?.shape else { return }
        parameters[name] = FreshWeights(seed: 0).tensor(named: name, shape: shape, initial: initial)
    }

    /// A map that keeps the deviation of what it reads.
    private mutating func keepSize(_ name: String) {
        guard let shape = fresh[name]?.shape else { return }
        parameters[name] = LocalStart.normal(name, shape)
    }

    /// The positions and the attention of one of the transformers.
    private mutating func half(_ place: String, _ shape: TransformerShape, grid: Int) {
        let (width, tokens) = (shape.width, configuration.latentTokens)
        let patches = LocalStart.positions(side: grid, width: width)
        parameters[place + ".positional_embedding"] = .concatenated([.zeros([1, width]), patches], axis: 0)
        parameters[place + ".latent_token_positional_embedding"] = Self.groupMeans(patches, grid: grid, groups: tokens)
        for layer in 0..<shape.layers {
            let attention = "\(place).transformer.\(layer).attn."
            parameters.merge(LocalStart.attention(attention, width: width)) { $1 }
        }
    }

    /// The mean position of the patches of every latent token: rectangles where the grid divides into so many, runs of patches
    /// where not.
    private static func groupMeans(_ patches: Tensor, grid: Int, groups: Int) -> Tensor {
        let width = patches.shape[1]
        let rectangles = PatchGroups(grid: grid, groups: groups)
        var sums = [Float](repeating: 0, count: groups * width)
        var counts = [Float](repeating: 0, count: groups)
        let values = patches.values
        for place in 0..<grid * grid {
            let group =
                rectangles.map { place / grid / $0.height * $0.columns + place % grid / $0.width } ?? place * groups / (grid * grid)
            counts[group] += 1
            for i in 0..<width { sums[group * width + i] += values[place * width + i] }
        }
        return Tensor(sums.indices.map { sums[$0] / max(1, counts[$0 / width]) }, shape: [groups, width])
    }
}
