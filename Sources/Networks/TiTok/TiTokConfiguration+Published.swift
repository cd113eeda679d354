extension TiTokConfiguration {
    /// The published tokenizers by the names of their files (reference section 1).
    public static let published: [(name: String, configuration: TiTokConfiguration)] = {
        func size(_ letter: Character) -> TransformerShape {
            switch letter {
            case "s": TransformerShape(width: 512, layers: 8, heads: 8)
            case "b": TransformerShape(width: 768, layers: 12, heads: 12)
            default: TransformerShape(width: 1024, layers: 24, heads: 16)
            }
        }
        func legacy(_ letter: Character, _ tokens: Int) -> (String, TiTokConfiguration) {
            (
                "titok_\(letter)\(tokens)",
                TiTokConfiguration(
                    latentTokens: tokens, tokenSize: 12, codebookSize: 4096, usesUnitVectors: true, isLegacy: true,
                    hasPixelDecoder: true, encoder: size(letter), decoder: size(letter))
            )
        }
        func single(
            _ kind: Kind, _ name: String, _ letters: (Character, Character), _ tokens: Int, _ quantization: Quantization
        ) -> (String, TiTokConfiguration) {
            (
                name,
                TiTokConfiguration(
                    kind: kind, latentTokens: tokens, tokenSize: quantization == .vector ? 64 : 16,
                    quantization: quantization, codebookSize: quantization == .vector ? 8192 : 4096,
                    encoder: size(letters.0), decoder: size(letters.1))
            )
        }
        return [
            legacy("l", 32), legacy("b", 64), legacy("s", 128),
            single(.plain, "titok_bl64_vq8k", ("b", "l"), 64, .vector),
            single(.plain, "titok_bl128_vq8k", ("b", "l"), 128, .vector),
            single(.plain, "titok_sl256_vq8k", ("s", "l"), 256, .vector),
            single(.plain, "titok_ll32_vae_c16", ("l", "l"), 32, .variational),
            single(.plain, "titok_bl64_vae_c16", ("b", "l"), 64, .variational),
            single(.plain, "titok_bl128_vae_c16", ("b", "l"), 128, .variational),
            single(.textAware, "tatitok_bl32_vq", ("b", "l"), 32, .vector),
            single(.textAware, "tatitok_bl64_vq", ("b", "l"), 64, .vector),
            single(.textAware, "tatitok_bl128_vq", ("b", "l"), 128, .vector),
            single(.textAware, "tatitok_bl32_vae", ("b", "l"), 32, .variational),
            single(.textAware, "tatitok_bl64_vae", ("b", "l"), 64, .variational),
            single(.textAware, "tatitok_sl128_vae", ("s", "l"), 128, .variational),
        ]
    }()

    /// The published tokenizer of this configuration, or nil.
    public var publishedName: String? { Self.published.first { $0.configuration == self }?.name }
}
