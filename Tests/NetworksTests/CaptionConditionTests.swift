import Files
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// Captions in the place of classes: what of a caption generators read, and that each image is drawn by its own.
@Suite struct CaptionConditionTests {
    private static let subjects = GeneratorSubjects.captions(width: 12)
    private static let shape = TransformerShape(width: 32, layers: 1, heads: 2)

    private static let llamaGen = LlamaGenConfiguration(
        codebookSize: 20, length: 16, subjects: subjects, conditionLength: 5, width: 32, layers: 2, heads: 2, hidden: 24)

    private static func maskGIT(_ architecture: MaskGITConfiguration.Architecture) -> MaskGITConfiguration {
        MaskGITConfiguration(
            architecture: architecture, codebookSize: 20, length: 6, subjects: subjects, width: 32, layers: 2, heads: 2, hidden: 24)
    }

    static let all: [any TokenGeneratorConfiguration] = [
        llamaGen, maskGIT(.vit), maskGIT(.uvit),
        TokenBridgeConfiguration(
            imageSize: 32, channels: 2, levels: 8, subjects: subjects, buffer: 2, encoder: shape, decoder: shape, head: shape,
            sampling: TokenBridgeSampling(steps: 3)),
    ]

    private let text = TextCondition(hidden: .normal([3, 5, 12], seed: 4), pooled: .normal([3, 12], seed: 5))
    private let empty = TextCondition(hidden: .normal([1, 5, 12], seed: 6), pooled: .normal([1, 12], seed: 7))

    /// One of the captions alone.
    private func alone(_ index: Int) -> TextCondition {
        TextCondition(
            hidden: text.hidden.sliced(axis: 0, index..<index + 1), pooled: text.pooled.sliced(axis: 0, index..<index + 1))
    }

    private func generator(_ configuration: any TokenGeneratorConfiguration) -> any TokenGenerator {
        configuration.generator(Weights(LivelyWeights()))
    }

    private func draw(
        _ configuration: any TokenGeneratorConfiguration, _ text: TextCondition, temperature: Double = 1, guidance: Double? = nil,
        seed: UInt64 = 3
    ) throws -> [[Int32]] {
        let generator = generator(configuration)
        let settings = try GeneratorSettings(guidance: guidance, temperature: temperature).filled(from: generator.defaults)
        var noise: any NoiseSource = CounterRandom(seed: seed)
        let drawn = try generator.generate(.captions(text, unconditional: empty), settings: settings, noise: &noise) { _ in }
        guard case .indices(let codes) = drawn else { return [] }
        return codes
    }

    @Test("A caption's vector is the mean over its pieces and its end, and no other caption's pieces count")
    func means() {
        let encoder = TextTransformer(
            TextTransformerConfiguration(vocabularySize: 11, contextLength: 4, width: 8, layers: 2, heads: 2),
            weights: Weights(LivelyWeights()))
        let (long, short): ([Int32], [Int32]) = ([3, 4, 5, 2], [7, 2, 0, 0])
        let both = encoder.condition(long + short, padding: 0)
        #expect(both.hidden.shape == [2, 4, 8] && both.pooled.shape == [2, 8])
        let states = encoder(short)
        #expect(zip(both.hidden.sliced(axis: 0, 1..<2).values, states.values).allSatisfy { abs($0 - $1) < 1e-5 })
        for channel in 0..<8 {
            let mean = (states.values[channel] + states.values[8 + channel]) / 2
            #expect(abs(both.pooled.values[8 + channel] - mean) < 1e-5)
        }
        let again = encoder.condition(short + short + long, padding: 0)
        for (place, other) in [(0, 1), (1, 1), (2, 0)] {
            func vector(_ of: TextCondition, _ index: Int) -> [Float] { of.pooled.sliced(axis: 0, index..<index + 1).values }
            #expect(vector(again, place) == vector(both, other), "\(place)")
        }
        // Padding alone has no mean.
        #expect(encoder.condition([0, 0, 0, 0], padding: 0).pooled.values == [Float](repeating: 0, count: 8))
    }

    @Test("A caption draws the same whatever is drawn beside it, another one something else", arguments: all)
    func companions(_ configuration: any TokenGeneratorConfiguration) throws {
        #expect(configuration.invalidReason == nil && configuration.subjects == Self.subjects)
        let together = try draw(configuration, text, temperature: 0)
        #expect(together.count == 3 && Set(together).count > 1)
        #expect(try draw(configuration, alone(0), temperature: 0) == [together[0]])
        #expect(try draw(configuration, text, seed: 1) == draw(configuration, text, seed: 1))
        #expect(try draw(configuration, text, guidance: 1) != draw(configuration, text, guidance: 6))
    }

    @Test("Classes are refused, and captions by a generator of classes", arguments: all)
    func otherSubjects(_ configuration: any TokenGeneratorConfiguration) {
        var noise: any NoiseSource = CounterRandom(seed: 3)
        let generator = generator(configuration)
        #expect(throws: GeneratorError.otherSubject(expected: "captions")) {
            try generator.generate(.classes([0]), settings: generator.defaults, noise: &noise) { _ in }
        }
        let classes = TinyFamilies.maskGIT.generator(Weights(LivelyWeights()))
        #expect(throws: GeneratorError.otherSubject(expected: "classes")) {
            try classes.generate(.captions(text, unconditional: empty), settings: classes.defaults, noise: &noise) { _ in }
        }
    }

    @Test("A hidden caption is the same whatever the caption is, and another than all")
    func hidden() throws {
        let codes = (0..<3 * 16).map { Int32($0 * 7 % 20) }
        let llamaGen = LlamaGen(Self.llamaGen, weights: Weights(LivelyWeights()))
        let same = Array([[Int32]](repeating: Array(codes.prefix(16)), count: 3).joined())
        func rows(_ logits: Tensor) -> [[Float]] {
            (0..<logits.shape[0]).map { logits.sliced(axis: 0, $0..<$0 + 1).values }
        }
        let found = rows(llamaGen.logits(same, labels: [0, nil, nil], captions: text))
        #expect(found[1] == found[2] && found[0] != found[1])
        #expect(rows(llamaGen.logits(same, labels: [nil, 0, 1], captions: empty.followedForTests(by: text)))[0] == found[1])
        for architecture in MaskGITConfiguration.Architecture.allCases {
            let network = MaskGITGenerator(Self.maskGIT(architecture), weights: Weights(LivelyWeights())).network
            let ids = [Int32](repeating: 20, count: 3 * 6)
            let found = rows(network.logits(ids, labels: [2, nil, nil], captions: text))
            #expect(found[1] == found[2] && found[0] != found[1])
        }
    }

    @Test("LlamaGen's captions have the names of its own text-to-image models, and their graph")
    func officialCaptions() throws {
        let parameters = Dictionary(uniqueKeysWithValues: TinyFamilies.parameters(Self.llamaGen).map { ($0.name, $0.tensor) })
        #expect(
            parameters.filter { $0.key.hasPrefix("cls_embedding.") }.mapValues(\.shape) == [
                "cls_embedding.cap_proj.fc1.weight": [32, 12], "cls_embedding.cap_proj.fc2.weight": [32, 32],
                "cls_embedding.uncond_embedding": [5, 12],
            ])
        #expect(parameters["positional_embedding"]?.shape == [21, 32])
        let first = try #require(parameters["cls_embedding.cap_proj.fc1.weight"]).values.map(Double.init)
        let second = try #require(parameters["cls_embedding.cap_proj.fc2.weight"]).values.map(Double.init)
        let none = try #require(parameters["cls_embedding.uncond_embedding"]).values
        let positions = try #require(parameters["positional_embedding"]).values
        func product(_ x: [Double], _ matrix: [Double]) -> [Double] {
            stride(from: 0, to: matrix.count, by: x.count).map { row in x.indices.reduce(0) { $0 + x[$1] * matrix[row + $1] } }
        }
        func gelu(_ x: Double) -> Double { 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
        let model = LlamaGen(Self.llamaGen, weights: Weights(LivelyWeights()))
        let found = model.embed([], labels: [1, nil], captions: text).values
        #expect(found.count == 2 * 5 * 32)
        for (image, states) in [Array(text.hidden.values[60..<120]), none].enumerated() {
            for place in 0..<5 {
                let row = product(product(states[place * 12..<place * 12 + 12].map(Double.init), first).map(gelu), second)
                for channel in 0..<32 {
                    let expected = row[channel] + Double(positions[place * 32 + channel])
                    #expect(abs(Double(found[(image * 5 + place) * 32 + channel]) - expected) < 1e-4)
                }
            }
        }
    }

    @Test("Code by code behind a caption is the whole sequence", arguments: LlamaGenConfiguration.Positions.allCases)
    func codeByCode(_ positions: LlamaGenConfiguration.Positions) {
        var configuration = Self.llamaGen
        configuration.positions = positions
        let model = LlamaGen(configuration, weights: Weights(LivelyWeights()))
        let codes = (0..<2 * 16).map { Int32($0 * 7 % 20) }
        let whole = model.logits(codes, labels: [2, nil], captions: text)
        #expect(whole.shape == [2, 17, 20])
        let reader = LlamaGen.Reader(model, labels: [2, nil], captions: text, length: 17)
        for place in 0..<17 {
            let found = reader.logits(place, after: place == 0 ? [] : [codes[place - 1], codes[16 + place - 1]])
            let expected = whole.sliced(axis: 1, place..<place + 1)
            #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < 1e-4 }, "\(place)")
        }
    }

    @Test("What a configuration is conditioned on is read, and anything else refused by name")
    func configurations() throws {
        func read<Found: Decodable>(_ type: Found.Type, _ text: String) throws -> Found {
            try JSONDecoder().decode(type, from: Data(text.utf8))
        }
        let shape = "\"dim\": 64, \"n_layer\": 1, \"n_head\": 1"
        let classes = try read(LlamaGenConfiguration.self, "{\(shape), \"caption_dim\": 2048, \"cls_token_num\": 120, \"num_classes\": 7}")
        #expect(classes.subjects == .classes(7) && classes.conditionLength == 1)
        let captions = try read(LlamaGenConfiguration.self, "{\(shape), \"condition\": \"caption\", \"caption_dim\": 2048}")
        #expect(captions.subjects == .captions(width: 2048) && captions.conditionLength == 120 && captions.classes == 0)
        for (condition, expected) in [
            ("\"depth map\"", "\"depth map\" is nothing that generators here are conditioned on, expected \"class\" or \"caption\""),
            ("\"caption\"", "caption_dim"), ("7", "condition"),
        ] {
            do {
                _ = try read(LlamaGenConfiguration.self, "{\(shape), \"condition\": \(condition)}")
                Issue.record("\(condition) was taken")
            } catch { #expect("\(error)".contains(expected), "\(error)") }
        }
        var wrong = Self.llamaGen
        wrong.subjects = .captions(width: 0)
        #expect(wrong.invalidReason?.contains("caption_dim is 0") == true)
        wrong.subjects = .classes(5)
        #expect(wrong.invalidReason?.contains("cls_token_num is 5, expected 1 for classes") == true)
        for type in [LlamaGenConfiguration.self, TokenBridgeConfiguration.self] as [any TokenGeneratorConfiguration.Type] {
            #expect(type.unknownKeys(in: .object(["condition": .text("caption"), "caption_dim": .integer(3)])) == [])
        }
    }
}

extension TextCondition {
    /// These captions and then others.
    fileprivate func followedForTests(by other: TextCondition) -> TextCondition {
        TextCondition(
            hidden: .concatenated([hidden, other.hidden], axis: 0), pooled: .concatenated([pooled, other.pooled], axis: 0))
    }
}
