import Foundation
import ModelFolders
import Networks
import TestSupport
import Testing

/// Official configurations read and written, and what is refused before anything is allocated.
@Suite struct TiTokConfigurationTests {
    private static let small = TransformerShape(width: 64, layers: 1, heads: 2)

    private static func decode(_ text: String) throws -> TiTokConfiguration {
        try JSONDecoder().decode(TiTokConfiguration.self, from: Data(text.utf8))
    }

    private static func json(_ vqModel: String, crop: String = "256") -> String {
        #"{"model": {"vq_model": {"vit_enc_model_size": "base", "vit_dec_model_size": "large", "vit_enc_patch_size": 16, "vit_dec_patch_size": 16, "token_size": 16, \#(vqModel)}}, "dataset": {"preprocessing": {"crop_size": \#(crop)}}}"#
    }

    @Test func published() throws {
        #expect(TiTokConfiguration.published.count == 15)
        for (name, configuration) in TiTokConfiguration.published {
            #expect(configuration.invalidReason == nil, "\(name)")
            #expect(configuration.publishedName == name)
            let text = try JSONEncoder().encode(TypedConfiguration(configuration))
            let again = try JSONDecoder().decode(TypedConfiguration.self, from: text)
            #expect(again.family == .tiTok && AnyHashable(again.configuration) == AnyHashable(configuration), "\(name)")
        }
    }

    @Test func otherShapesSurviveWriting() throws {
        var legacy = TiTokConfiguration(
            imageSize: 64, patchSize: 16, latentTokens: 4, tokenSize: 3, codebookSize: 11, isLegacy: true,
            hasPixelDecoder: true, encoder: Self.small, decoder: TransformerShape(width: 512, layers: 8, heads: 8))
        legacy.pixels = MaskGITVQGANConfiguration(hiddenChannels: 32, codeSize: 16)
        for configuration in [
            legacy as any ImageTokenizerConfiguration, legacy.pixels,
            FlowTiTokConfiguration(
                imageSize: 64, patchSize: 16, latentTokens: 5, tokenSize: 4, textContextLength: 7,
                textEmbeddingWidth: 24, encoder: Self.small, decoder: Self.small),
        ] {
            let text = try JSONEncoder().encode(TypedConfiguration(configuration))
            let again = try JSONDecoder().decode(TypedConfiguration.self, from: text)
            #expect(AnyHashable(again.configuration) == AnyHashable(configuration))
        }
    }

    /// The legacy files leave out `is_legacy` and `quantize_mode`.
    @Test func officialDefaults() throws {
        let read = try Self.decode(Self.json(#""num_latent_tokens": 32, "codebook_size": 4096"#))
        #expect(read.isLegacy && read.hasPixelDecoder && read.quantization == .vector && read.kind == .plain)
        #expect(read.textContextLength == 77 && read.textEmbeddingWidth == 768)
        let aware = try Self.decode(
            Self.json(#""num_latent_tokens": 32, "text_embed_dim": 768, "is_legacy": false, "finetune_decoder": false"#))
        #expect(aware.kind == .textAware)
    }

    @Test(arguments: [
        (#""num_latent_tokens": 1099511627776"#, "256", "num_latent_tokens is 1099511627776"),
        (#""num_latent_tokens": 0"#, "256", "num_latent_tokens is 0"),
        (#""num_latent_tokens": -1"#, "256", "num_latent_tokens is -1"),
        (#""num_latent_tokens": 32, "codebook_size": 1099511627776"#, "256", "codebook_size"),
        (#""num_latent_tokens": 32"#, "1099511627776", "crop_size"),
        (#""num_latent_tokens": 32"#, "250", "no multiple"),
        (#""num_latent_tokens": 32, "quantize_mode": "vae""#, "256", "finetune_decoder with quantize_mode vae"),
        (#""num_latent_tokens": 32, "is_legacy": false"#, "256", "finetune_decoder without is_legacy"),
        (#""num_latent_tokens": 32, "text_context_length": 77"#, "256", "TATiTok with is_legacy"),
    ])
    func refused(vqModel: String, crop: String, problem: String) throws {
        let configuration = try Self.decode(Self.json(vqModel, crop: crop))
        #expect(try #require(configuration.invalidReason).contains(problem))
    }

    @Test(arguments: [
        "{}", "[]", #"{"model_type": "titok"}"#, #"{"model_type": "other"}"#,
        json(#""num_latent_tokens": 1e400"#), json(#""num_latent_tokens": 32, "quantize_mode": "fsq""#),
        json(#""num_latent_tokens": 32"#).replacingOccurrences(of: "base", with: "giant"),
    ])
    func unreadable(text: String) {
        #expect(throws: DecodingError.self) { try Self.decode(text) }
    }

    @Test func pixelDecoders() {
        var configuration = MaskGITVQGANConfiguration()
        #expect(configuration.invalidReason == nil && configuration.patchSize == 16)
        configuration.channelMultipliers = []
        #expect(configuration.invalidReason != nil)
        configuration.channelMultipliers = [1 << 40]
        #expect(configuration.invalidReason != nil)
        configuration.channelMultipliers = Array(repeating: 1, count: 60)
        #expect(configuration.invalidReason != nil)
        configuration = MaskGITVQGANConfiguration(hiddenChannels: 48)
        #expect(configuration.invalidReason?.contains("groups") == true)
        let legacy = TiTokConfiguration(
            imageSize: 64, patchSize: 8, latentTokens: 4, tokenSize: 3, isLegacy: true, hasPixelDecoder: true,
            encoder: Self.small, decoder: Self.small)
        #expect(legacy.invalidReason?.contains("pixels of a code") == true)
    }
}
