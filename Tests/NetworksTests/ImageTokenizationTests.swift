import Checkpoints
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// What the common front of all tokenizers promises, on fresh weights.
@Suite struct ImageTokenizationTests {
    private static let shape = TransformerShape(width: 32, layers: 1, heads: 2)

    private static func configuration(
        _ quantization: TiTokConfiguration.Quantization, kind: TiTokConfiguration.Kind = .plain, legacy: Bool = false,
        pixels: Bool = false
    ) -> TiTokConfiguration {
        TiTokConfiguration(
            kind: kind, imageSize: 32, patchSize: 16, latentTokens: 3, tokenSize: 4, quantization: quantization,
            codebookSize: 10, usesUnitVectors: legacy, isLegacy: legacy, hasPixelDecoder: pixels, textContextLength: 5,
            textEmbeddingWidth: 6, encoder: shape, decoder: shape,
            pixels: MaskGITVQGANConfiguration(hiddenChannels: 32, residualBlocks: 1, codeSize: 8, codebookSize: 12))
    }

    private static let flow = FlowTiTokConfiguration(
        imageSize: 32, patchSize: 16, latentTokens: 3, tokenSize: 4, textContextLength: 5, textEmbeddingWidth: 6,
        encoder: shape, decoder: shape)

    static let all: [any ImageTokenizerConfiguration] = [
        configuration(.vector), configuration(.variational),
        configuration(.vector, legacy: true, pixels: true), configuration(.vector, kind: .textAware),
        configuration(.variational, kind: .textAware), flow,
        configuration(.vector).pixels,
        FlexTokConfiguration(
            autoencoder: AutoencoderKLConfiguration(latentChannels: 4, blockChannels: [32, 32], scalingFactor: 0.5),
            encoder: FlexTokTrunkConfiguration(width: 32, depth: 1, headDimension: 16),
            decoder: FlexTokTrunkConfiguration(width: 32, depth: 1, headDimension: 16), registers: 6, grid: 4),
    ]

    private func fresh(_ configuration: any ImageTokenizerConfiguration, _ source: any WeightSource) -> any ImageTokenizer {
        configuration.imageTokenizer(Weights(source))
    }

    /// Whether a configuration that does not say its class serves a text-aware one's checkpoint.
    private static func becomes(_ other: any ImageTokenizerConfiguration, _ wanted: any ImageTokenizerConfiguration) -> Bool {
        guard var configuration = other as? TiTokConfiguration else { return false }
        configuration.kind = .textAware
        return AnyHashable(configuration) == AnyHashable(wanted)
    }

    @Test(arguments: all)
    func thereAndBack(_ configuration: any ImageTokenizerConfiguration) throws {
        #expect(configuration.invalidReason == nil)
        let recorder = WeightRecorder(FreshWeights(seed: 1))
        let tokenizer = fresh(configuration, recorder)
        let side = tokenizer.imageSize
        let images = SyntheticValues.tensor("images", shape: [2, 3, side, side], base: 0.5, scale: 0.5)
        let text = tokenizer.textGuidance.map { Tensor.normal([2, $0.contextLength, $0.width], seed: 2) }
        #expect(tokenizer.needsTextGuidance == (text != nil))
        let tokens = try tokenizer.tokenize(images)
        #expect(tokens.count == 2)
        switch tokens {
        case .latents(let latents):
            #expect(latents.shape == [2, tokenizer.tokens.count, tokenizer.tokens.channels] && tokenizer.tokens.codebookSize == nil)
        case .indices(let indices):
            #expect(indices.allSatisfy { $0.count == tokenizer.tokens.count } && tokenizer.tokens.codebookSize != nil)
        }
        let again = try tokenizer.detokenize(tokens, guidedBy: text)
        #expect(again.shape == images.shape && again.values.allSatisfy(\.isFinite))

        // Written out, recognised by its names and read back, it is the same tokenizer.
        do {
            let folder = try TemporaryFolder()
            let path = folder("model.safetensors")
            try Checkpoint.write(recorder.parameters.map { ($0.0, $0.1) }, to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect(checkpoint.family == ModelFamilies.family(of: configuration))
            let title = try #require(RecognisedCheckpoint.signature(of: Set(checkpoint.names))?.title)
            let loaded = try configuration.load(checkpoint)
            // Kernels that were packed sum in another order.
            let served = try loaded.detokenize(tokens, guidedBy: text).values
            let largest = again.values.reduce(1) { max($0, abs($1)) }
            #expect(served.count == again.values.count && zip(served, again.values).allSatisfy { abs($0 - $1) <= 1e-5 * largest })
            // Other configurations refuse it, and say what it is where that is the reason.
            for other in Self.all where AnyHashable(other) != AnyHashable(configuration) && !Self.becomes(other, configuration) {
                do {
                    _ = try other.load(checkpoint)
                    Issue.record("a checkpoint for \(configuration) serves \(other)")
                } catch let error as ImageTokenizerError {
                    #expect(error.description.contains(title), "\(error)")
                } catch {
                    #expect(error is WeightMismatch)
                }
            }
        }
    }

    @Test(arguments: all)
    func whatDoesNotFit(_ configuration: any ImageTokenizerConfiguration) throws {
        let tokenizer = fresh(configuration, FreshWeights(seed: 1))
        let side = tokenizer.imageSize
        #expect(throws: ImageTokenizerError.self) { try tokenizer.tokenize(.zeros([1, 3, side, side + 16])) }
        #expect(throws: ImageTokenizerError.self) { try tokenizer.tokenize(.zeros([3, side, side])) }
        let count = tokenizer.tokens.count
        let good: ImageTokens, wrong: [ImageTokens]
        if let size = tokenizer.tokens.codebookSize {
            good = .indices([[Int32](repeating: 0, count: count)])
            wrong = [
                .latents(.zeros([1, count, tokenizer.tokens.channels])), .indices([[Int32](repeating: 0, count: count + 1)]),
                .indices([[Int32](repeating: Int32(size), count: count)]), .indices([[Int32](repeating: -1, count: count)]),
                .indices([[Int32](repeating: 0, count: count), []]),
            ]
        } else {
            good = .latents(.zeros([1, count, tokenizer.tokens.channels]))
            wrong = [
                .indices([[Int32](repeating: 0, count: count)]), .latents(.zeros([count, tokenizer.tokens.channels])),
                .latents(.zeros([1, count + 1, tokenizer.tokens.channels])), .latents(.zeros([])),
            ]
        }
        let text = tokenizer.textGuidance.map { Tensor.zeros([1, $0.contextLength, $0.width]) }
        for tokens in wrong {
            #expect(throws: ImageTokenizerError.self) { try tokenizer.detokenize(tokens, guidedBy: text) }
        }
        guard let guidance = tokenizer.textGuidance else { return }
        #expect(throws: ImageTokenizerError.missingTextGuidance) { try tokenizer.detokenize(good) }
        #expect(throws: ImageTokenizerError.self) {
            try tokenizer.detokenize(good, guidedBy: .zeros([1, guidance.contextLength + 1, guidance.width]))
        }
    }

    @Test func aFirstStageHasNoPixels() throws {
        let model = TiTok(Self.configuration(.vector, legacy: true), weights: Weights(FreshWeights(seed: 3)))
        #expect(model.codeLogits(model.lookUp([[0, 1, 2]])).shape == [1, 4, 12])
        #expect(throws: ImageTokenizerError.noPixelDecoder) { try model.detokenize(.indices([[0, 1, 2]])) }
    }

    @Test func foreignFiles() throws {
        do {
            let folder = try TemporaryFolder()
            let path = folder("other.safetensors")
            try Checkpoint.write([("in_blocks.0.attn.qkv.weight", .zeros([3, 1])), ("embeddings.weight", .zeros([1]))], to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect {
                try checkpoint.imageTokenizerConfiguration()
            } throws: {
                "\($0)".contains("UViTBert") && "\($0)".contains(path)
            }
        }
        do {
            let folder = try TemporaryFolder()
            let path = folder("unknown.safetensors")
            try Checkpoint.write([("foo", .zeros([1]))], to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect { try checkpoint.imageTokenizerConfiguration() } throws: { "\($0)".contains("(foo, …)") }
            #expect { try Self.all[0].load(checkpoint) } throws: {
                ($0 as? WeightMismatch).map { $0.unexpected == ["foo"] && $0.missing.count > 10 } ?? false
            }
        }
        var impossible = Self.configuration(.vector)
        impossible.latentTokens = 1 << 40
        do {
            let folder = try TemporaryFolder()
            let path = folder("foo.safetensors")
            try Checkpoint.write([("foo", .zeros([1]))], to: path)
            #expect { try impossible.load(Checkpoint(path: path)) } throws: {
                "\($0)".contains("num_latent_tokens")
            }
        }
    }

    @Test func bytesOfPixels() {
        let values: [Float] = [-1, 0, 0.5, 1, 2, 254.9 / 255, .nan, .infinity, -.infinity, 0.003, 1 / 255, 127.6 / 255]
        #expect(values.map(ByteRounding.truncating.byte) == [0, 0, 127, 255, 255, 254, 0, 255, 0, 0, 1, 127])
        #expect(values.map(ByteRounding.nearest.byte) == [0, 0, 128, 255, 255, 255, 0, 255, 0, 1, 1, 128])
        let image = Tensor([1, 0, 0, 1, 0.2, 0.4], shape: [1, 3, 1, 2])
        #expect(ByteRounding.nearest.pixels(image) == [[255, 0, 51, 0, 255, 102]])
    }
}
