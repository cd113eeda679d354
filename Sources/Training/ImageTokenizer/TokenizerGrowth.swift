import Files
import Layers
import Networks
import Tensors

/// The parameters of a trained tokenizer for one whose decoder draws more: larger patches, a larger grid of them, overlap, a
/// refiner.
///
/// What has the same name and shape is taken. Larger patches begin as the enlarged pixels of the smaller ones, and windows that
/// blend as patches whose outermost pixels go on outwards. The decoder's
/// seed, which gives the patches of a latent token their first values, is spread over a finer grid, each patch beginning as the
/// one that it is a part of. What the decoder has more begins fresh, which leaves overlap and refiner adding nothing.
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
        let blends = configuration.imageTokenizer.blended && !start.imageTokenizer.blended
        for (name, initial) in recorder.parameters {
            let found = start.weights[name]
            if blends, name.hasPrefix(Self.overlap), let patch = start.weights[name.replacing(Self.overlap, with: Self.patch, maxReplacements: 1)] {
                weights[name] = Self.window(patch, shape: initial.shape)
            } else if let found, found.shape == initial.shape {
                weights[name] = found
            } else if let found, name.hasPrefix("image_tokenizer.decoder.mask_seed."),
                let spread = Self.spread(found, from: start.imageTokenizer, to: configuration.imageTokenizer),
                spread.shape == initial.shape
            {
                weights[name] = spread
            } else if let found, [Self.patch, Self.overlap].contains(where: name.hasPrefix),
                let enlarged = Self.enlarged(found, to: initial.shape)
            {
                weights[name] = enlarged
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

    /// What leads to the pixels of a patch, and of a patch with its margin.
    private static let patch = "image_tokenizer.decoder.ffn.0."
    private static let overlap = "image_tokenizer.decoder.overlap."

    /// The side of the square of pixels, of three colours each, that a head with so many outputs draws.
    private static func side(_ outputs: Int) -> Int { Int((Double(outputs) / 3).squareRoot().rounded()) }

    /// The weight [3·extent², …] or bias, by channel, row and column, of a head that draws windows: of the pixels of one that draws
    /// patches [3·side², …], by row, column and channel, in the middle of the window, and of the nearest of them around it.
    private static func window(_ head: Tensor, shape: [Int]) -> Tensor {
        let (old, extent) = (side(head.shape[0]), side(shape[0]))
        let length = shape.dropFirst().reduce(1, *)
        return Tensor(uninitialized: shape) { out in
            head.withUnsafeBufferPointer { values in
                // Of a window's side its patch is the half in the middle.
                func nearest(_ place: Int) -> Int { min(max((2 * place - extent / 2) * old / extent, 0), old - 1) }
                for (index, place) in (0..<3).flatMap({ c in (0..<extent * extent).map { (c, $0) } }).enumerated() {
                    let pixel = nearest(place.1 / extent) * old + nearest(place.1 % extent)
                    for k in 0..<length { out[index * length + k] = values[(pixel * 3 + place.0) * length + k] }
                }
            }
        }
    }

    /// The weight [3·side², …] or bias of a head whose pixels are enlarged, linearly between neighbours, to the shape of one with a
    /// larger side; nil where that is none.
    private static func enlarged(_ head: Tensor, to shape: [Int]) -> Tensor? {
        guard let outputs = head.shape.first, let wanted = shape.first, head.shape.dropFirst() == shape.dropFirst() else { return nil }
        let (old, new) = (side(outputs), side(wanted))
        guard 3 * old * old == outputs, 3 * new * new == wanted, new > old else { return nil }
        // Rows of three colours each, of a pixel.
        let row = 3 * shape.dropFirst().reduce(1, *)
        /// The two pixels of the smaller head that a pixel lies between, and the weight of the second.
        let between = (0..<new).map { place in
            let at = min(max((Float(place) + 0.5) * Float(old) / Float(new) - 0.5, 0), Float(old - 1))
            return (first: Int(at), second: min(Int(at) + 1, old - 1), share: at - at.rounded(.down))
        }
        return Tensor(uninitialized: shape) { out in
            head.withUnsafeBufferPointer { values in
                for y in 0..<new {
                    for x in 0..<new {
                        let (down, along) = (between[y], between[x])
                        let corners = [
                            (down.first, along.first, (1 - down.share) * (1 - along.share)), (down.first, along.second, (1 - down.share) * along.share),
                            (down.second, along.first, down.share * (1 - along.share)), (down.second, along.second, down.share * along.share),
                        ].map { (place: ($0 * old + $1) * row, share: $2) }
                        let to = (y * new + x) * row
                        for i in 0..<row {
                            out[to + i] = corners.reduce(0) { $0 + values[$1.place + i] * $1.share }
                        }
                    }
                }
            }
        }
    }
}
