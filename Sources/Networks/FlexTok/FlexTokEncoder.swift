import Layers
import Tensors

/// Latents of the autoencoder to the vectors of the registers, before quantization (FlexTok, section 3.1; reference
/// section 6).
public struct FlexTokEncoder: Sendable {
    private let configuration: FlexTokConfiguration
    private let patchEmbedding: Linear
    private let registers: Tensor
    package let blocks: [FlexTokBlock]
    private let output: Linear
    private let positions: Tensor

    init(_ configuration: FlexTokConfiguration, weights: Weights) {
        let (shape, grid) = (configuration.encoder, configuration.grid)
        self.configuration = configuration
        patchEmbedding = Linear(weights["enc_patch_emb.patch_proj"], from: configuration.patchValues, to: shape.width)
        registers = weights["enc_register_module"].tensor(
            "registers", [configuration.registers, shape.width], initial: .truncatedNormal(std: 0.02))
        blocks = (0..<shape.depth).map { FlexTokBlock(shape, weights: weights["enc_transformer.blocks"][$0]) }
        // Numbers of about unit size spread over the levels from the start. Were they zero, all images would begin with the same
        // codes, and the decoder would first learn to do without.
        output = Linear(
            weights["enc_to_latents.proj"], from: shape.width, to: configuration.levels.count,
            initial: .normal(std: 1 / Float(shape.width).squareRoot()))
        positions = PositionTables.sinusoidal2D(rows: grid, columns: grid, width: shape.width)
    }

    /// Embedded patches without their positions: latents [batch, channels, height, width] → [batch, patches, width].
    package func embed(_ latents: Tensor) -> Tensor { patchEmbedding(latents.patches(configuration.patchSize)) }

    /// Embedded patches with their positions in a grid of `rows` rows.
    package func placed(_ patches: Tensor, rows: Int) -> Tensor {
        patches.addingRepeated(positions.cropped(grid: configuration.grid, rows: rows, columns: patches.shape[1] / rows))
    }

    /// Patches and the registers after them as one sequence.
    package func sequence(_ patches: Tensor) -> Tensor {
        .concatenated([patches, registers.repeated(patches.shape[0])], axis: 1)
    }

    /// The vectors at the end of a sequence.
    package func head(_ sequence: Tensor) -> Tensor {
        let first = sequence.shape[1] - configuration.registers
        return output(
            sequence.sliced(axis: 1, first..<sequence.shape[1]).layerNormalized(epsilon: FlexTokTrunkConfiguration.epsilon))
    }

    /// Latents [batch, channels, height, width], at most as large as the grid → vectors [batch, registers, dimensions].
    public func callAsFunction(_ latents: Tensor) -> Tensor {
        let patches = placed(embed(latents), rows: latents.shape[2] / configuration.patchSize)
        let mask = configuration.maskMode.mask(patches: patches.shape[1])
        return head(blocks.reduce(sequence(patches)) { $1($0, mask: mask) })
    }
}

extension Tensor {
    /// Square patches of planar images [batch, channels, height, width], row-major, the values of each by row, column and
    /// channel: [batch, patches, patch²·channels].
    func patches(_ patch: Int) -> Tensor {
        precondition(
            rank == 4 && shape[2] % patch == 0 && shape[3] % patch == 0, "patches of \(patch)×\(patch) of shape \(shape)")
        let (batch, channels, rows, columns) = (shape[0], shape[1], shape[2] / patch, shape[3] / patch)
        return reshaped([batch, channels, rows, patch, columns, patch]).permuted(0, 2, 4, 3, 5, 1)
            .reshaped([batch, rows * columns, patch * patch * channels])
    }

    /// The way back to `rows` rows of patches.
    func unpatched(_ patch: Int, rows: Int) -> Tensor {
        let (batch, columns, channels) = (shape[0], shape[1] / rows, shape[2] / (patch * patch))
        return reshaped([batch, rows, columns, patch, patch, channels]).permuted(0, 5, 1, 3, 2, 4)
            .reshaped([batch, channels, rows * patch, columns * patch])
    }

    /// The upper left corner of a table of a grid's positions [grid², width].
    func cropped(grid: Int, rows: Int, columns: Int) -> Tensor {
        precondition(rows <= grid && columns <= grid, "\(rows)×\(columns) patches in a grid of \(grid)×\(grid)")
        guard rows < grid || columns < grid else { return self }
        let width = shape[1]
        return reshaped([grid, grid, width]).sliced(axis: 0, 0..<rows).sliced(axis: 1, 0..<columns)
            .reshaped([rows * columns, width])
    }
}
