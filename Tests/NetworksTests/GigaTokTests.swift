import Foundation
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// GigaTok's shapes, and that all of it can be trained.
@Suite struct GigaTokTests {
    private static func size(_ width: Int, _ layers: Int) -> TransformerShape {
        TransformerShape(width: width, layers: layers, heads: width / 64)
    }

    /// The released tokenizers and their numbers of parameters with what training adds.
    private static let released: [(name: String, configuration: GigaTokConfiguration, parameters: Int)] = [
        ("S-S", GigaTokConfiguration(encoder: size(512, 6), decoder: size(512, 6)), 136_073_227),
        ("S-B", GigaTokConfiguration(encoder: size(512, 6), decoder: size(768, 12)), 232_399_627),
        ("B-L", GigaTokConfiguration(encoder: size(768, 12), decoder: size(1024, 24)), 621_637_131),
        ("XL-XXL", GigaTokConfiguration(encoder: size(1280, 36), decoder: size(1536, 48)), 2_893_970_443),
        (
            "S-B-2d", GigaTokConfiguration(layout: .grid, layer: .plain, encoder: size(512, 6), decoder: size(768, 12)),
            197_132_555
        ),
    ]

    /// Shapes of all parameters, none of which is allocated.
    private static func shapes(_ configuration: GigaTokConfiguration, distillation: Bool = true) -> [String: [Int]] {
        var found: [String: [Int]] = [:]
        let weights = Weights(ExpectedWeights(holds: { _ in true }) { found[$0] = $1 })
        _ = GigaTok(configuration, weights: weights)
        if distillation { _ = GigaTokDistillation(configuration, weights: weights) }
        return found
    }

    @Test(arguments: released.indices) func releasedTokenizers(_ index: Int) throws {
        let (name, configuration, parameters) = Self.released[index]
        #expect(configuration.invalidReason == nil && configuration.publishedName == name)
        var shapes = Self.shapes(configuration)
        #expect(shapes.values.reduce(0) { $0 + $1.reduce(1, *) } == parameters)
        shapes["quantize.codebook_used"] = [65536]
        let found = try #require(try RecognisedCheckpoint(shapes: shapes, file: "x"))
        #expect(found.family == .gigaTok && found.configuration as? GigaTokConfiguration == configuration)
        #expect(found.summary == "GigaTok \(name), 256 tokens of 16384 codes, 256×256 pixels")
        #expect(try JSONDecoder().decode(GigaTokConfiguration.self, from: JSONEncoder().encode(configuration)) == configuration)
    }

    @Test(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence))) func publishedNamesAndShapes() throws {
        var seen = 0
        for name in Goldens.cases(of: "gigatok", prefix: "full_", full: true) {
            let golden = try GoldenCase("gigatok", name)
            guard let configuration = try? golden.decode("config", as: GigaTokConfiguration.self) else { continue }
            let official = Dictionary(golden.parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { $1 })
            #expect(Self.shapes(configuration) == official, "\(name)")
            #expect(try RecognisedCheckpoint(shapes: official, file: name)?.configuration as? GigaTokConfiguration == configuration)
            seen += 1
        }
        #expect(seen > 0)
    }

    @Test func contradictions() {
        let whole = Self.shapes(Self.released[0].configuration)
        var refused = 0
        for (name, shape) in whole {
            for other in [nil, [], shape + [1], shape.map { _ in 1 << 40 }, shape.map { _ in 0 }] as [[Int]?] {
                var changed = whole
                changed[name] = other
                do { _ = try GigaTokConfiguration(inferredFrom: TensorCatalog(changed)) } catch is TensorCatalog.Problem { refused += 1 } catch {
                    Issue.record("\(name): \(error)")
                }
            }
        }
        #expect(refused >= 40)
        func problem(_ name: String, _ shape: [Int]) -> String? {
            var changed = whole
            changed[name] = shape
            do { return try GigaTokConfiguration(inferredFrom: TensorCatalog(changed)).invalidReason } catch let problem as TensorCatalog.Problem {
                return problem.reason
            } catch { return "\(error)" }
        }
        #expect(problem("s2to1encoder.positional_embedding", [255, 1, 512])?.contains("form no square") == true)
        #expect(problem("s2to1encoder.positional_embedding", [256, 1, 500])?.contains("heads") == true)
        #expect(problem("s2to1encoder.latent_token_positional_embedding", [192, 1, 512])?.contains("power of two") == true)
        #expect(problem("s2to1encoder.latent_token_positional_embedding", [2048, 1, 512])?.contains("does not divide") == true)
        #expect(problem("encoder.conv_in.weight", [127, 3, 3, 3])?.contains("no multiple of 127") == true)
        #expect(problem("s2to1encoder.query_1d", [256, 1, 512])?.contains("no released tokenizer") == true)
    }

    @Test(arguments: [
        ("use_qk_norm", "true"), ("multi_level_query_init", "false"), ("encoder_size", "\"huge\""),
        ("encoder_width_layers_heads", "[1, 2]"), ("num_latent_tokens", "-1"), ("image_size", "1099511627776"),
        ("encoder_ch_mult", "[1, 1, 2, 2, 4, 4, 4, 4, 4, 4]"), ("encoder_ch_mult", "[]"), ("decoder_ch_mult", "[1]"),
        ("ch", "100"), ("norm_num_groups", "7"), ("norm_num_groups", "0"), ("encoder_ch_mult", "[1, 1, 2, 2, 9223372036854775807]"), ("codebook_size", "0"),
        ("encoder_width_layers_heads", "[512, 6, 7]"), ("cls", "\"3d\""), ("image_size", "8"),
    ])
    func configurationsThatFitNothing(_ key: String, _ value: String) throws {
        let text = "{\"encoder_size\": \"small\", \"decoder_size\": \"base\", \"cls\": \"1d\", \"\(key)\": \(value)}"
            .replacing(key == "encoder_size" ? "\"encoder_size\": \"small\", " : "\u{0}", with: "")
            .replacing(key == "cls" ? "\"cls\": \"1d\", " : "\u{0}", with: "")
        do {
            let configuration = try JSONDecoder().decode(GigaTokConfiguration.self, from: Data(text.utf8))
            #expect(configuration.invalidReason != nil)
        } catch is DecodingError {}
    }

    /// 32 groups, which no official configuration names, and others.
    @Test func groups() throws {
        let shape = TransformerShape(width: 16, layers: 1, heads: 2)
        for groups in [32, 8] {
            let configuration = GigaTokConfiguration(baseChannels: 32, groups: groups, encoder: shape, decoder: shape)
            let text = try JSONEncoder().encode(configuration)
            #expect(try JSONDecoder().decode(GigaTokConfiguration.self, from: text) == configuration)
            #expect(String(decoding: text, as: UTF8.self).contains("norm_num_groups") == (groups != 32))
        }
    }

    /// Gives leaves and remembers them.
    private final class Leaves: WeightSource {
        private(set) var leaves: [(name: String, leaf: Tensor)] = []
        private let fresh = FreshWeights(seed: 3)

        func contains(_ name: String) -> Bool { true }

        func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
            var random = CounterRandom(seed: 3, stream: stableHash(name))
            let spread = shape.count > 1 ? 1 / Float(shape.dropFirst().reduce(1, *)).squareRoot() : 0.1
            var tensor = Tensor.randomNormal(shape, using: &random) * spread
            if case .ones = initial { tensor = tensor + 1 }
            leaves.append((name, tensor.requiringGradient))
            return leaves[leaves.count - 1].leaf
        }
    }

    /// One definition serves training and drawing: every parameter has a gradient.
    @Test(arguments: [
        (GigaTokConfiguration.Layout.sequence, GigaTokConfiguration.Layer.decoder), (.grid, .decoder), (.grid, .plain),
    ])
    func everyParameterHasAGradient(_ layout: GigaTokConfiguration.Layout, _ layer: GigaTokConfiguration.Layer) throws {
        let shape = TransformerShape(width: 16, layers: 2, heads: 2)
        let configuration = GigaTokConfiguration(
            layout: layout, layer: layer, imageSize: 8, latentTokens: layout == .sequence ? 8 : 16, codebookSize: 12,
            codeSize: 4, channels: 6, baseChannels: 64, encoderMultipliers: [1, 1], decoderMultipliers: [1, 1],
            residualBlocks: 1, encoder: shape, decoder: shape, distillationDepth: 1, teacherWidth: 5)
        #expect(configuration.invalidReason == nil)
        let images = Tensor.normal([2, 3, 8, 8], seed: 1)
        func loss(_ source: Leaves) throws -> Tensor {
            let model = GigaTok(configuration, weights: Weights(source))
            let distillation = GigaTokDistillation(configuration, weights: Weights(source))
            let encoder = try model.encoder
            let quantized = model.quantizer(encoder(images))
            let decoder = try model.decoder
            let tokens = decoder.embed(quantized.values)
            let queries = decoder.queries(tokens)
            let features = distillation(decoder.transformed(queries, memory: tokens, first: 1))
            return (decoder(quantized.values) - images).meanSquare() + quantized.loss + features.meanSquare()
        }
        let source = Leaves()
        let found = gradients(of: try loss(source), withRespectTo: source.leaves.map(\.leaf))
        for ((name, _), gradient) in zip(source.leaves, found) {
            #expect(gradient.firstNonFinite == nil && gradient.norm > 0, "\(name)")
        }
    }
}
