import Files
import Layers
import Networks
import Tensors

/// The parameters of a trained tokenizer for one whose decoder draws more: a larger grid of patches, overlap, a refiner.
///
/// What has the same name and shape is taken. The decoder's seed, which gives the patches of a latent token their first
/// values, is spread over the finer grid, each patch beginning as the one that it is a part of. What the decoder has more
/// begins fresh, which leaves overlap and refiner adding nothing.
struct TokenizerGrowth {
    let weights: [String: Tensor]

    /// - Throws: `ConfigurationError.badConfiguration` where anything but the decoder does not fit: with other latents there
    ///   is nothing to grow.
    init(_ start: TokenizerFolder, to configuration: TokenizerTrainingConfiguration, file: String) throws {
        let recorder = WeightRecorder(FreshWeights(seed: configuration.training.seed))
        let source = Weights(recorder)
        _ = FlowTiTok(configuration.imageTokenizer, weights: source["image_tokenizer"], logvarBias: configuration.logvarBias)
        _ = TextTransformer(configuration.textEncoder, weights: source["text_encoder"])
        var weights: [String: Tensor] = [:]
        for (name, initial) in recorder.parameters {
            let found = start.weights[name]
            if let found, found.shape == initial.shape {
                weights[name] = found
            } else if let found, name.hasPrefix("image_tokenizer.decoder.mask_seed."),
                let spread = Self.spread(found, from: start.imageTokenizer, to: configuration.imageTokenizer),
                spread.shape == initial.shape
            {
                weights[name] = spread
            } else if TokenizerTrainer.isDecoder(name) {
                weights[name] = initial
            } else {
                throw ConfigurationError.badConfiguration(
                    file: file,
                    reason: "start: \(name) has shape \(found.map { "\($0.shape)" } ?? "none"), expected \(initial.shape): only a decoder grows")
            }
        }
        self.weights = weights
    }

    /// The weight or bias of a seed for a grid that is finer by a whole factor; nil where the grids do not fit.
    private static func spread(_ seed: Tensor, from old: FlowTiTokConfiguration, to new: FlowTiTokConfiguration) -> Tensor? {
        let factor = new.grid / old.grid
        guard factor > 1, new.grid == factor * old.grid,
            let (coarse, fine) = old.patchGroups.flatMap({ a in new.patchGroups.map { (a, $0) } }),
            fine.height == factor * coarse.height, fine.width == factor * coarse.width
        else { return nil }
        let patches = coarse.height * coarse.width
        let perPatch = seed.shape[0] / patches
        let parts = (0..<fine.height * fine.width).map { index in
            let (row, column) = (index / fine.width / factor, index % fine.width / factor)
            let parent = row * coarse.width + column
            return seed.sliced(axis: 0, parent * perPatch..<(parent + 1) * perPatch)
        }
        return .concatenated(parts, axis: 0)
    }
}
