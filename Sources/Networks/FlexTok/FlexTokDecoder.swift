import Foundation
import Layers
import Tensors

/// The velocity of noised latents at a time, given the codes of an image: a diffusion transformer over patches and registers
/// (FlexTok, section 3.2; reference section 8).
public struct FlexTokDecoder: Sendable {
    private let configuration: FlexTokConfiguration
    private let codeEmbedding: Linear
    private let codePositions: Tensor
    private let maskToken: Tensor
    private let nullCondition: Tensor
    private let patchEmbedding: Linear
    private let timeFirst: Linear
    private let timeSecond: Linear
    package let blocks: [FlexTokModulatedBlock]
    private let finalModulation: Linear
    private let output: Linear
    private let positions: Tensor
    /// What the times that were asked for give, in a decoder that serves inference.
    private let modulations: ModulationCache?

    static let frequencies = 256

    init(_ configuration: FlexTokConfiguration, weights: Weights) {
        let (shape, grid) = (configuration.decoder, configuration.grid)
        let width = shape.width
        let small = Initializer.truncatedNormal(std: 0.02)
        self.configuration = configuration
        codeEmbedding = Linear(weights["dec_from_latents.proj"], from: configuration.levels.count, to: width)
        codePositions = weights["dec_registers_posemb_module"].tensor(
            "posembs", [1, 1, width, configuration.registers], initial: small)
        maskToken = weights["dec_nested_dropout"].tensor("dropout_mask_token", [width], initial: small)
        nullCondition = weights["dec_latent_dropout"].tensor("nullcond", [width], initial: small)
        patchEmbedding = Linear(weights["dec_noise_patch_emb.patch_proj"], from: configuration.patchValues, to: width)
        timeFirst = Linear(weights["dec_time_embedder.mlp.0"], from: Self.frequencies, to: width)
        timeSecond = Linear(weights["dec_time_embedder.mlp.2"], from: width, to: width)
        blocks = (0..<shape.depth).map { FlexTokModulatedBlock(shape, weights: weights["dec_transformer.blocks"][$0]) }
        finalModulation = Linear(
            lazy: weights["dec_to_patches.adaLN_modulation.1"], from: width, to: 2 * width, initial: .zeros)
        output = Linear(weights["dec_to_patches.proj"], from: width, to: configuration.patchValues, initial: .zeros)
        positions = PositionTables.sinusoidal2D(rows: grid, columns: grid, width: width)
        let isConstant = finalModulation.isConstant && blocks.allSatisfy(\.modulation.isConstant)
        modulations =
            isConstant ? ModulationCache(width: width, vectors: FlexTokModulatedBlock.vectors * shape.depth + 2, bytes: 256 << 20) : nil
    }

    // MARK: - Registers

    /// Embedded vectors of codes [batch, registers, dimensions] with their positions: [batch, registers, width].
    package func embed(codes: Tensor) -> Tensor {
        let positions = codePositions.reshaped([configuration.decoder.width, configuration.registers]).permuted(1, 0)
        return codeEmbedding(codes).addingRepeated(positions)
    }

    /// Registers of which those from the number kept on are masked, one number to a sample.
    public func masked(_ registers: Tensor, keeping counts: [Int]) -> Tensor {
        let (batch, count, width) = (registers.shape[0], registers.shape[1], registers.shape[2])
        precondition(counts.count == batch, "\(counts.count) numbers of tokens for \(batch) images")
        guard counts.contains(where: { $0 < count }) else { return registers }
        let table = Tensor.concatenated([registers.reshaped([batch * count, width]), maskToken.reshaped([1, width])], axis: 0)
        let places = counts.enumerated().flatMap { sample, kept in
            (0..<count).map { $0 < kept ? Int32(sample * count + $0) : Int32(batch * count) }
        }
        return table.rows(places, shape: [batch, count])
    }

    /// The registers of a batch that tell the decoder nothing.
    public func nullRegisters(batch: Int) -> Tensor {
        nullCondition.repeated(batch * configuration.registers)
            .reshaped([batch, configuration.registers, configuration.decoder.width])
    }

    // MARK: - Time

    /// cos(t f_i) and then sin(t f_i), f_i = (1000 / largest time) 256^(-i/128): [times, 256]. Arguments reach 1000, so that
    /// the order of roundings is the official code's.
    package static func timeFeatures(_ times: [Float], largest: Float) -> Tensor {
        let half = frequencies / 2
        let factor = 1000 / largest
        let rates = (0..<half).map { exp(-Float(log(256.0)) * Float($0) / Float(half)) * factor }
        return Tensor(uninitialized: [times.count, frequencies]) { buffer in
            for (row, time) in times.enumerated() {
                for (i, rate) in rates.enumerated() {
                    buffer[row * frequencies + i] = cos(time * rate)
                    buffer[row * frequencies + half + i] = sin(time * rate)
                }
            }
        }
    }

    /// The embedding of times: [times, width].
    package func time(_ times: [Float]) -> Tensor {
        timeSecond(timeFirst(Self.timeFeatures(times, largest: configuration.maxTimestep)).applying(.silu))
    }

    /// All modulation of times: [times, vectors·width].
    private func modulation(_ times: [Float]) -> Tensor {
        Precision.$current.withValue(.float32) {
            let activated = time(times).applying(.silu)
            return .concatenated(blocks.map { $0.modulation(activated) } + [finalModulation(activated)], axis: 1)
        }
    }

    /// Computes what evaluations at these times need of them, all at once, so that the matrices that give it are read once
    /// for a whole schedule. Does nothing in training.
    public func prepare(_ times: [Float]) {
        if modulations?.prepare(times.map { ModulationCache.Key($0, 0) }, { times, _ in modulation(times) }) == true {
            Machine.releaseCachedMemory()
        }
    }

    /// The vectors of a batch with one time to a sample: twelve to each block, and the two of the head.
    private func vectors(_ times: [Float]) -> [Tensor] {
        if let modulations {
            return modulations.vectors(times.map { ModulationCache.Key($0, 0) }) { times, _ in modulation(times) }
        }
        return modulation(times).parts(FlexTokModulatedBlock.vectors * blocks.count + 2)
    }

    // MARK: - Velocity

    /// Noised latents [batch, channels, height, width] as embedded patches with their positions.
    package func embed(_ x: Tensor) -> Tensor {
        let patches = patchEmbedding(x.patches(configuration.patchSize))
        let rows = x.shape[2] / configuration.patchSize
        return patches.addingRepeated(
            positions.cropped(grid: configuration.grid, rows: rows, columns: patches.shape[1] / rows))
    }

    /// The sequence of patches and registers after every block, the last one last.
    package func trace(_ x: Tensor, times: [Float], registers: Tensor) -> [Tensor] {
        var found: [Tensor] = []
        _ = evaluate(x, times: times, registers: registers) { found.append($0) }
        return found
    }

    /// The velocity of x [batch, channels, height, width] at times in 0...1 (1 is noise), one to a sample, given registers
    /// [batch, registers, width].
    public func callAsFunction(_ x: Tensor, times: [Float], registers: Tensor) -> Tensor {
        evaluate(x, times: times, registers: registers) { _ in }
    }

    /// The same, with a look at the sequence of patches and registers after every block.
    package func evaluate(_ x: Tensor, times: [Float], registers: Tensor, look: (Tensor) -> Void) -> Tensor {
        precondition(
            x.rank == 4 && times.count == x.shape[0] && registers.shape == [x.shape[0], configuration.registers, configuration.decoder.width],
            "\(times.count) times and registers of shape \(registers.shape) for latents of shape \(x.shape)")
        let patches = embed(x)
        let groups = TokenGroups(batch: x.shape[0], patches: patches.shape[1], registers: configuration.registers)
        let vectors = vectors(times)
        var tokens = groups.cut(.concatenated([patches, registers], axis: 1))
        for (index, block) in blocks.enumerated() {
            let first = FlexTokModulatedBlock.vectors * index
            tokens = block(tokens, vectors: vectors[first..<first + FlexTokModulatedBlock.vectors], groups: groups)
            look(groups.joined(tokens))
        }
        let read = groups.joined(tokens).sliced(axis: 1, 0..<patches.shape[1]).modulated(
            shift: vectors[vectors.count - 2], scale: vectors[vectors.count - 1], epsilon: FlexTokTrunkConfiguration.epsilon)
        return output(read).unpatched(configuration.patchSize, rows: x.shape[2] / configuration.patchSize)
    }
}
