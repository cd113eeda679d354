import Checkpoints
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// Architectures and configurations told from names and shapes.
@Suite struct TokenizerRecognitionTests {
    /// A source of weights that only notes what a model asks for.
    private static func shapes(_ golden: GoldenCase, under prefix: String = "") -> [String: [Int]] {
        Dictionary(
            golden.parameters.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.shape) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The cases of `titok` that hold a TiTok or TA-TiTok.
    private static func tiTokCases(full: Bool) -> [String] {
        Goldens.cases(of: "titok").filter { name in
            guard Goldens.isFullSize(name) == full, let golden = try? GoldenCase("titok", name) else { return false }
            let named = try? golden.decode("config", "class", as: String.self)
            return named.flatMap { TiTokConfiguration.Kind(rawValue: $0) } != nil && golden.contains("encoder_out")
        }
    }

    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: tiTokCases(full: true))
    func publishedTiToks(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let configuration = try golden.decode("config", as: TiTokConfiguration.self)
        let found = try RecognisedCheckpoint(shapes: Self.shapes(golden), file: name)?.configuration as? TiTokConfiguration
        #expect(found == configuration)
        #expect(found?.publishedName.map { "full_" + $0 } == name)
    }

    /// A width of 96 leaves the heads open, which is said; one of 48 has one head, and that is said too. The family is told in any case.
    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: tiTokCases(full: false))
    func tinyTiToks(_ name: String) throws {
        let golden = try GoldenCase("titok", name)
        let configuration = try golden.decode("config", as: TiTokConfiguration.self)
        #expect(RecognisedCheckpoint.signature(of: Set(golden.parameters.map(\.name)))?.family == .tiTok)
        let widths = [configuration.encoder.width, configuration.decoder.width]
        let hasHeads = widths.allSatisfy { $0 % 64 == 0 || $0 < 64 }
        do {
            let recognised = try #require(try RecognisedCheckpoint(shapes: Self.shapes(golden), file: name))
            var expected = configuration
            expected.encoder.heads = max(1, configuration.encoder.width / 64)
            expected.decoder.heads = max(1, configuration.decoder.width / 64)
            #expect(hasHeads && recognised.configuration as? TiTokConfiguration == expected)
            let narrow = Set(widths.filter { $0 < 64 })
            #expect(Set(recognised.warnings) == Set(narrow.map { "\(name): assumed one head for a width of \($0), which shapes do not tell" }))
        } catch let error as ImageTokenizerError {
            #expect(!hasHeads && error.description.contains("heads"), "\(error)")
        }
    }

    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)))
    func flowTokFiles() throws {
        for name in Goldens.cases(of: "flowtok", prefix: "flowtitok_", full: true) {
            let golden = try GoldenCase("flowtok", name)
            var configuration = try golden.decode("config", as: FlowTiTokConfiguration.self)
            let shapes = Self.shapes(golden)
            if shapes["encoder.positional_embedding.freqs_cos"] == nil { configuration.imageSize = 512 }
            #expect(try RecognisedCheckpoint(shapes: shapes, file: name)?.configuration as? FlowTiTokConfiguration == configuration)
        }
        for name in Goldens.cases(of: "flowtok", prefix: "flowtok_", full: true) {
            let golden = try GoldenCase("flowtok", name)
            let shape = try golden.decode("config", as: FlowTokCaseShape.self)
            let expected = FlowNetworksConfiguration(
                velocity: VelocityConfiguration(
                    depth: shape.depth, width: shape.width, heads: shape.heads, tokens: shape.num_latent_tokens,
                    channels: shape.channels, indicators: 2),
                textVariationalEncoder: TextVariationalConfiguration(
                    width: shape.clip_dim, layers: shape.text_encoder.layers, heads: shape.text_encoder.heads,
                    hidden: shape.text_encoder.ff, channels: shape.channels))
            let found = try RecognisedCheckpoint(shapes: Self.shapes(golden), file: name)
            #expect(found?.configuration as? FlowNetworksConfiguration == expected)
        }
        for name in Goldens.cases(of: "flowtok", prefix: "clip_vit", full: true) {
            let golden = try GoldenCase("flowtok", name)
            let shape = try golden.decode("config", as: ClipCaseShape.self)
            let plain = Self.shapes(golden)
            let prefixed = Dictionary(uniqueKeysWithValues: plain.map { ("text." + $0.key, $0.value) })
            for (format, shapes) in [(CLIPTextConfiguration.Format.openAI, plain), (.openCLIP, prefixed)] {
                let expected = CLIPTextConfiguration(
                    format: format, vocabularySize: shape.vocab_size, contextLength: shape.context_length,
                    width: shape.width, layers: shape.layers, heads: shape.heads)
                #expect(try RecognisedCheckpoint(shapes: shapes, file: name)?.configuration as? CLIPTextConfiguration == expected)
            }
        }
    }

    @Test func huggingFaceCLIP() throws {
        var shapes = [
            "text_model.embeddings.token_embedding.weight": [49408, 768],
            "text_model.embeddings.position_embedding.weight": [77, 768], "logit_scale": [],
        ]
        for layer in 0..<12 {
            shapes["text_model.encoder.layers.\(layer).layer_norm1.weight"] = [768]
            shapes["text_model.encoder.layers.\(layer).self_attn.q_proj.weight"] = [768, 768]
        }
        let expected = CLIPTextConfiguration(
            format: .huggingFace, vocabularySize: 49408, contextLength: 77, width: 768, layers: 12, heads: 12)
        #expect(try RecognisedCheckpoint(shapes: shapes, file: "clip")?.configuration as? CLIPTextConfiguration == expected)
    }

    /// A generator's checkpoint is not taken for an image tokenizer.
    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)))
    func generators() throws {
        for name in Goldens.cases(of: "titok") where name.contains("mask") && name != "maskgit_vqgan" {
            let names = try GoldenCase("titok", name).parameters.map(\.name)
            guard !names.isEmpty else { continue }
            let family = RecognisedCheckpoint.signature(of: Set(names))?.family
            #expect(family == nil || family?.isGenerator == true, "\(name) is taken for \(family?.title ?? "")")
        }
        let generators: [(String, ModelFamily)] = [
            ("maskgit_vit", .maskGIT), ("maskgit_uvit", .maskGIT), ("maskgen_vq", .maskGenVQ), ("maskgen_kl", .maskGenKL),
        ]
        for (name, family) in generators {
            let names = try GoldenCase("titok", "tiny_" + name).parameters.map(\.name)
            #expect(RecognisedCheckpoint.signature(of: Set(names))?.family == family)
        }
    }

    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)), arguments: ["rar", "tokenbridge"])
    func autoregressive(_ system: String) throws {
        for name in Goldens.cases(of: system) {
            let golden = try GoldenCase(system, name)
            guard !golden.parameters.isEmpty else { continue }
            let shapes = Self.shapes(golden)
            let expected: ModelFamily = system == "rar" ? .rar : name.contains("vae") ? .tokenBridgeTokenizer : .tokenBridge
            #expect(RecognisedCheckpoint.signature(of: Set(shapes.keys))?.family == expected)
            // Heads of the tiny cases are other than those of the published models.
            guard Goldens.isFullSize(name), expected != .tokenBridgeTokenizer else { continue }
            let found = try RecognisedCheckpoint(shapes: shapes, file: name)
            #expect(found?.configuration?.publishedName == (system == "rar" ? "RAR-B" : "TokenBridge-L"))
        }
    }

    @Test func contradictions() throws {
        func error(_ change: (inout [String: [Int]]) -> Void) -> String {
            var shapes = Self.tiny
            change(&shapes)
            do {
                let found = try RecognisedCheckpoint(shapes: shapes, file: "x.bin")
                return "recognised: \(found?.family?.id ?? "nothing")"
            } catch {
                return "\(error)"
            }
        }
        #expect(error { $0["encoder.positional_embedding"] = [16, 64] }.contains("form no square"))
        #expect(error { $0["encoder.conv_out.weight"] = [7, 64, 1, 1] }.contains("expected 8 or 16"))
        #expect(error { $0["encoder.patch_embed.weight"] = [64, 3, 8, 4] }.contains("[width, 3, patch, patch]"))
        #expect(error { $0["latent_tokens"] = [1 << 40, 64] }.contains("latent_tokens has shape"))
        #expect(error { $0["latent_tokens"] = [1 << 20, 64] }.contains("num_latent_tokens"))
        #expect(error { $0["latent_tokens"] = [] }.contains("expected 2 axes"))
        #expect(error { $0["quantize.embedding.weight"] = nil }.contains("quantize.embedding.weight is missing"))
        #expect(error { $0["encoder.patch_embed.weight"] = [64, 3, 8, 8] } == error { _ in })
        #expect(error { $0 = ["foo": [1]] } == "recognised: nothing")
        #expect(error { $0 = [:] } == "recognised: nothing")
        #expect(error { _ in }.hasPrefix("recognised: titok"))
        #expect(error { $0["encoder.ln_pre.weight"] = [1] }.hasPrefix("recognised: titok"))
    }

    /// A single-stage tokenizer with a codebook, as far as its shapes say.
    private static let tiny: [String: [Int]] = [
        "latent_tokens": [5, 64], "encoder.patch_embed.weight": [64, 3, 8, 8], "encoder.positional_embedding": [17, 64],
        "encoder.transformer.0.attn.in_proj_weight": [192, 64], "encoder.transformer.0.ln_1.weight": [64],
        "encoder.conv_out.weight": [8, 64, 1, 1], "decoder.positional_embedding": [17, 128],
        "decoder.decoder_embed.weight": [128, 8], "decoder.mask_token": [1, 1, 128],
        "decoder.transformer.0.ln_1.weight": [128], "quantize.embedding.weight": [32, 8],
    ]
}
