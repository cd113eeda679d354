import Checkpoints
import Layers
import Networks
import Tensors
import TextTokenizers

/// Captions as MaskGen reads them: the states before CLIP's last block, and the caption's vector in the space that CLIP
/// shares with images (TA-TiTok reference, section 8).
package struct CLIPConditioner: Sendable {
    package let encoder: CLIPTextEncoder
    /// The map to that space, [width of the space, width of the tower].
    private let projection: Tensor

    /// - Throws: `FlowTokError.unusableModel` where the checkpoint does not hold the projection.
    package init(_ files: CLIPFiles, precision: Precision) throws {
        encoder = try files.load(precision: precision)
        let checkpoint = try Checkpoint.ofModel(files.weightsFile)
        let width = files.configuration.width
        if let name = ["text_projection", "text.text_projection"].first(where: checkpoint.contains) {
            projection = try checkpoint.tensor(name).transposed(rows: width, file: files.weightsFile, name: name)
        } else if checkpoint.contains("text_projection.weight") {
            projection = try checkpoint.tensor("text_projection.weight")
        } else {
            throw FlowTokError.unusableModel(file: files.weightsFile, reason: "text_projection is missing, which MaskGen needs")
        }
        guard projection.rank == 2, projection.shape[1] == width else {
            throw FlowTokError.unusableModel(
                file: files.weightsFile, reason: "text_projection has shape \(projection.shape), expected one for texts of \(width)")
        }
    }

    /// The numbers of a caption's vector.
    package var vectorWidth: Int { projection.shape[0] }

    /// What conditions the generator, and what guides the decoder of the tokenizer.
    package func callAsFunction(_ caption: String) -> (condition: TextCondition, guidance: Tensor) {
        let ids = encoder.textTokenizer.encode(caption)
        let (states, last) = encoder.transformer.states(ids)
        // The end token has the highest id of all.
        let end = ids.indices.max { ids[$0] < ids[$1] || (ids[$0] == ids[$1] && $0 > $1) } ?? 0
        let vector = last.sliced(axis: 1, end..<end + 1).reshaped([1, last.shape[2]]).linear(projection)
        return (TextCondition(hidden: states, pooled: vector), last)
    }
}

extension Tensor {
    /// The transpose of a matrix that a file must hold with so many rows.
    fileprivate func transposed(rows: Int, file: String, name: String) throws -> Tensor {
        guard rank == 2, shape[0] == rows else {
            throw FlowTokError.unusableModel(file: file, reason: "\(name) has shape \(shape), expected \(rows) rows")
        }
        return permuted(1, 0)
    }
}
