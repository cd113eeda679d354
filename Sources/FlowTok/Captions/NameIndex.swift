import Files
import Foundation
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// Where a model's text side puts each name: the mean of the text posterior of "a fox", "an owl", …, in the latents of images. A
/// picture of one thing lies near the mean of its name, so that the nearest names are captions to propose, whatever the text decoder
/// makes of it. Training computes it for each model that it writes, and keeps it with the weights.
package struct NameIndex: Sendable {
    package let names: EmojiNames
    /// Numbers of one name's latents, K·D.
    private let width: Int
    private let latents: [Float]
    private let squares: [Float]

    /// The tensor that a model's file has it in: named after the table of names that it was made of, since other names have others.
    package static func tensorName(_ names: EmojiNames = .shared) -> String {
        let text = names.entries.map { $0.article + " " + $0.name }.joined(separator: "\n")
        return ModelFolder.nameIndexPrefix + String(StableHash.hash(text), radix: 16)
    }

    /// The means of the names of a table: [names, K·D].
    ///
    /// - Throws: what the tokenizer throws.
    package static func latents(
        of model: FlowTokModel, _ tokenizer: SentencePieceTokenizer, names: EmojiNames = .shared
    ) throws -> Tensor {
        let captions = try names.entries.map { try tokenizer.encode(CaptionGrammar.alone($0)) }
        let parts = stride(from: 0, to: captions.count, by: 64).map { start in
            let some = captions[start..<min(start + 64, captions.count)]
            let mean = model.textVariationalEncoder(model.textEncoder(some.flatMap { $0 })).mean
            return mean.reshaped([some.count, mean.shape[1] * mean.shape[2]])
        }
        return .concatenated(parts, axis: 0)
    }

    /// Nil for a tensor of another shape than a model's names have.
    ///
    /// - Parameters:
    ///   - latents: what `latents(of:_:names:)` gave.
    ///   - shape: of the model's latents, K and D.
    package init?(_ latents: Tensor, shape: [Int], names: EmojiNames = .shared) {
        guard latents.shape == [names.entries.count, shape.reduce(1, *)] else { return nil }
        let (width, values) = (latents.shape[1], latents.values)
        self.names = names
        self.width = width
        self.latents = values
        squares = (0..<names.entries.count).map { row in
            values[row * width..<(row + 1) * width].reduce(0) { $0 + $1 * $1 }
        }
    }

    /// A name and how far an image lies from it: the mean squared distance of their latents.
    package typealias Neighbour = (entry: EmojiNames.Entry, distance: Float)

    /// For each image's normalised latents [images, K, D] the names that are nearest, the nearest first.
    package func nearest(to images: Tensor, _ count: Int) -> [[Neighbour]] {
        let values = images.values
        precondition(values.count == images.shape[0] * width, "latents of shape \(images.shape) for names of \(width) numbers")
        return (0..<images.shape[0]).map { image in
            let distances = latents.withUnsafeBufferPointer { latents in
                values.withUnsafeBufferPointer { values in
                    squares.indices.map { row -> Float in
                        var product: Float = 0
                        for i in 0..<width { product += latents[row * width + i] * values[image * width + i] }
                        return squares[row] - 2 * product
                    }
                }
            }
            let own = values[image * width..<(image + 1) * width].reduce(0) { $0 + $1 * $1 }
            return distances.indices.sorted { distances[$0] < distances[$1] }.prefix(count).map {
                (names.entries[$0], (distances[$0] + own) / Float(width))
            }
        }
    }
}
