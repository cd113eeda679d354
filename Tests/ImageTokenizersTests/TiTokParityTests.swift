import Checkpoints
import ImageTokenizers
import Layers
import Tensors
import TestSupport
import Testing

/// TiTok and TA-TiTok against the official implementation's outputs: every case of the `titok` goldens whose class is
/// one of theirs and that stores what the encoder gives.
@Suite struct TiTokParityTests {
    private struct Named: Decodable {
        let `class`: String?
    }

    static func cases(full: Bool) -> [String] {
        Goldens.cases(of: "titok").filter { name in
            guard name.hasPrefix("full_") == full, let golden = try? GoldenCase("titok", name),
                let named = try? golden.decode("config", as: Named.self).class
            else { return false }
            return TiTokConfiguration.Kind(rawValue: named) != nil && golden.contains("encoder_out")
        }
    }

    @Test(
        "TiTok agrees with the official one, from a checkpoint file",
        .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: cases(full: false))
    func agrees(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let configuration = try golden.decode("config", as: TiTokConfiguration.self)
        let model = try withTemporaryFile("model.safetensors") { path in
            try Checkpoint.write(golden.parameters.map { ($0.name, $0.tensor) }, to: path)
            return try ImageTokenizerConfiguration.tiTok(configuration).load(Checkpoint(path: path))
        }
        try compare(golden, try #require(model as? TiTok), full: false)
    }

    @Test(
        "Released shapes of TiTok agree with the official one",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)), arguments: cases(full: true))
    func fullAgrees(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let configuration = try golden.decode("config", as: TiTokConfiguration.self)
        #expect(configuration.problem == nil)
        let weights = golden.weights
        let model = TiTok(configuration, weights: Weights(weights))
        #expect(weights.problems.isEmpty && weights.unused().isEmpty, "\(weights.problems), unused \(weights.unused())")
        try compare(golden, model, full: true)
    }

    /// The tolerances of the reference's section 16. Group norm amplifies the small mixtures of codes that a legacy
    /// pixel decoder reads.
    private func tolerance(_ output: String, legacy: Bool, full: Bool) -> Float {
        if output == "reconstruction_u8" { return 1 }
        let afterCodes = output.hasPrefix("reconstruction") || output.hasPrefix("pixel_")
        if legacy && afterCodes { return 5e-4 }
        return full ? 1e-4 : legacy && !output.hasPrefix("dec_") ? 2e-5 : 5e-5
    }

    private func compare(_ golden: GoldenCase, _ model: TiTok, full: Bool) throws {
        let legacy = model.configuration.isLegacy
        let results = try outputs(of: model, golden)
        let report = GoldenReport(golden.name)
        for output in golden.outputs where !output.hasPrefix("input/") {
            if output == "indices" || output == "second_indices" { continue }
            let result = try #require(results[output] ?? enlarged(output, model, results), "nothing computes \(output)")
            let expected = try golden.tensor(output)
            report.compare(
                output, golden.strided(try result(), like: expected), expected,
                tolerance: tolerance(output, legacy: legacy, full: full))
        }
        if let quantizer = model.quantizer { try compareCodes(golden, model, quantizer) }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }

    /// Indices are equal wherever the recorded margin is no tie; runners-up are as near as the official ones.
    private func compareCodes(_ golden: GoldenCase, _ model: TiTok, _ quantizer: VectorQuantizer) throws {
        let images = try #require(golden.input("image"))
        let distances = quantizer.distances(model.features(images)).values
        let margins = try golden.tensor("argmin_margin").values
        let seconds = try golden.integers("second_indices")
        guard case .indices(let found) = try model.tokenize(images) else {
            Issue.record("a tokenizer with a codebook gives latents")
            return
        }
        let width = model.configuration.codebookSize
        for (i, (index, expected)) in zip(found.flatMap { $0 }, try golden.integers("indices")).enumerated() {
            #expect(Int(index) == expected || margins[i] < 1e-5, "token \(i), margin \(margins[i])")
            let row = distances[i * width..<(i + 1) * width]
            let second = row.enumerated().filter { $0.offset != expected }.map(\.element).min() ?? 0
            #expect(row[i * width + seconds[i]] - second < 1e-4, "the runner-up of token \(i)")
        }
        print("\(golden.name) | \(margins.count) tokens equal, least margin \(margins.min() ?? 0)")
    }

    /// What a level of the pixel decoder gives: `pixel_up_<level>_out`.
    private func enlarged(
        _ output: String, _ model: TiTok, _ results: [String: () throws -> Tensor]
    ) -> (() throws -> Tensor)? {
        let parts = output.split(separator: "_")
        guard parts.count == 4, parts[0] == "pixel", parts[1] == "up", let level = Int(parts[2]),
            let pixels = model.pixelDecoder?.decoder, pixels.levels.indices.contains(level),
            let codes = results["pixel_decoder_in"]
        else { return nil }
        return { try pixels.levels[level...].reversed().reduce(pixels.stem(try codes())) { $1($0) } }
    }

    /// Everything that a case may store, by name, in the official layout; computed when asked for.
    private func outputs(of model: TiTok, _ golden: GoldenCase) throws -> [String: () throws -> Tensor] {
        let shape = model.configuration
        let (encoder, decoder) = (model.encoder, model.decoder)
        let images = try #require(golden.input("image"))
        let batch = images.shape[0]
        let text = golden.input("text")

        let patches = encoder.embed(images)
        let encoderInput = encoder.sequence(patches)
        let encoderOutput = encoder.blocks.reduce(encoderInput) { $1($0) }
        let features = encoder.head(encoderOutput)

        // The decoder works on the official tokens, so that one token does not spoil all that follows it.
        let posterior = model.quantizer == nil ? model.posterior(images) : nil
        let latents: Tensor
        if let posterior {
            latents = posterior.sample(noise: tokens(try #require(golden.input("noise"))))
        } else {
            let indices = try golden.integers("indices").map { Int32($0) }
            let count = shape.latentTokens
            latents = model.lookUp((0..<batch).map { Array(indices[$0 * count..<($0 + 1) * count]) })
        }
        let quantized = model.quantizer.map { $0(features) }
        let decoderInput = decoder.sequence(latents, text: text)
        let decoderOutput = decoder.blocks.reduce(decoderInput) { $1($0) }
        let patchFeatures = decoder.patchFeatures(decoderOutput)
        let raw = decoder.unsmoothed(patchFeatures)
        let codes = model.pixelDecoder?.softCodes(raw, grid: shape.decoderGrid)
        let image = try model.decode(latents, guidedBy: text)

        return [
            "enc_after_patch_embed": { planar(patches, grid: shape.encoderGrid) },
            "enc_after_ln_pre": { encoderInput },
            "enc_block_0_out": { encoder.blocks[0](encoderInput) },
            "enc_block_last_out": { encoderOutput },
            "encoder_out": { channelsFirst(features) },
            "mean": { channelsFirst(try #require(posterior).mean) },
            "logvar": { channelsFirst(try #require(posterior).logvar) },
            "z_sampled": { channelsFirst(latents) },
            "kl": { divergences(features) },
            "argmin_distance": {
                Tensor(try #require(quantized).distances, shape: [batch, 1, shape.latentTokens])
            },
            "argmin_margin": {
                let all = try #require(model.quantizer).distances(features)
                let rows = all.values.split(into: all.shape[1]).map { $0.sorted() }
                return Tensor(rows.map { $0[1] - $0[0] }, shape: [batch, 1, shape.latentTokens])
            },
            "z_quantized": { channelsFirst(try #require(quantized).values) },
            "quantizer_loss": { try #require(quantized).loss.reshaped([1]) },
            "commitment_loss": { try #require(quantized).commitmentLoss.reshaped([1]) },
            "codebook_loss": { try #require(quantized).codebookLoss.reshaped([1]) },
            "dec_after_ln_pre": { decoderInput },
            "dec_block_0_out": { decoder.blocks[0](decoderInput) },
            "dec_after_ln_post": { patchFeatures },
            "dec_ffn_out": { raw },
            "dec_logits": { planar(raw, grid: shape.decoderGrid) },
            "pixel_decoder_in": { try #require(codes) },
            "reconstruction": { image },
            "reconstruction_mode": { try model.decode(try #require(posterior).mean, guidedBy: text) },
            "reconstruction_u8": { bytes(image, model.byteRounding) },
        ]
    }
}

/// [batch, tokens, channels] in the official layout [batch, channels, 1, tokens].
private func channelsFirst(_ x: Tensor) -> Tensor {
    x.permuted(0, 2, 1).reshaped([x.shape[0], x.shape[2], 1, x.shape[1]])
}

/// The way back.
private func tokens(_ x: Tensor) -> Tensor {
    x.reshaped([x.shape[0], x.shape[1], x.shape[3]]).permuted(0, 2, 1)
}

/// [batch, grid², channels] as [batch, channels, grid, grid].
private func planar(_ x: Tensor, grid: Int) -> Tensor {
    x.permuted(0, 2, 1).reshaped([x.shape[0], x.shape[2], grid, grid])
}

/// The divergence of each token alone: [batch, tokens].
private func divergences(_ moments: Tensor) -> Tensor {
    let (batch, count) = (moments.shape[0], moments.shape[1])
    let values = (0..<batch * count).map { index in
        let token = moments.sliced(axis: 0, index / count..<index / count + 1)
            .sliced(axis: 1, index % count..<index % count + 1)
        return LatentPosterior(moments: token).klDivergence.item
    }
    return Tensor(values, shape: [batch, count])
}

/// The bytes of images as numbers, channel by channel.
func bytes(_ images: Tensor, _ rounding: ByteRounding) -> Tensor {
    let (height, width) = (images.shape[2], images.shape[3])
    let values = rounding.pixels(images).flatMap { $0 }.map { Float($0) }
    return Tensor(values, shape: [images.shape[0], height, width, 3]).permuted(0, 3, 1, 2)
}

extension Array {
    /// Rows of `length` each.
    func split(into length: Int) -> [[Element]] {
        stride(from: 0, to: count, by: length).map { Array(self[$0..<$0 + length]) }
    }
}
