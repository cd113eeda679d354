import Files
import Foundation
import Layers
import Networks
import Tensors
import TestSupport
import Testing

/// Official configurations.
@Suite struct ConfigurationTests {
    /// A source that counts what a model asks for and allocates nothing.
    private final class Counter: WeightSource {
        private(set) var parameters = 0

        func contains(_ name: String) -> Bool { true }

        func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
            parameters += shape.reduce(1, *)
            return .zeros([0])
        }
    }

    private func count(_ build: (Weights) -> Void) -> Int {
        let counter = Counter()
        build(Weights(counter))
        return counter.parameters
    }

    @Test(
        "The released generators have the official numbers of parameters",
        arguments: [
            (MaskGITConfiguration.titokL32, 177_202_432), (.titokB64, 177_227_008), (.titokS128, 294_990_848),
        ])
    func classConditional(_ configuration: MaskGITConfiguration, _ parameters: Int) {
        #expect(configuration.invalidReason == nil)
        #expect(count { _ = MaskGITGenerator(configuration, weights: $0) } == parameters)
    }

    @Test("RAR and TokenBridge have the official numbers of parameters")
    func autoregressive() {
        let sizes = RARConfiguration.published.map { entry in count { _ = RAR(entry.configuration, weights: $0) } }
        #expect(sizes == [260_923_648, 461_668_352, 955_425_024, 1_498_520_704])
        let others = TokenBridgeConfiguration.published.dropFirst().map { entry in
            // The table of values is asked for as well, and is none.
            count { _ = TokenBridge(entry.configuration, weights: $0) } - entry.configuration.levels
        }
        #expect(others == [486_889_472, 910_040_576])
        #expect(count { _ = TokenBridgeTokenizer(TokenBridgeTokenizerConfiguration(), weights: $0) } == 66_456_019)
    }

    @Test("MaskGen has the official numbers of parameters")
    func textToImage() {
        // The tied table counts once.
        #expect(count { _ = MaskGenVQ(.large, weights: $0) } == 604_311_552)
        #expect(count { _ = MaskGenVQ(.extraLarge, weights: $0) } == 1_176_611_840)
        #expect(count { _ = MaskGenKL(.large, weights: $0) } == 641_364_000)
        #expect(count { _ = MaskGenKL(.extraLarge, weights: $0) } == 1_237_345_312)
    }

    @Test("Configurations survive being written and read")
    func roundTrips() throws {
        func again<Value: Codable>(_ value: Value) throws -> Value {
            try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
        }
        for configuration in [MaskGITConfiguration.titokL32, .titokB64, .titokS128] {
            #expect(try again(configuration) == configuration)
        }
        for configuration in [MaskGenVQConfiguration.large, .extraLarge] {
            #expect(try again(configuration) == configuration)
        }
        for configuration in [MaskGenKLConfiguration.large, .extraLarge] {
            #expect(try again(configuration) == configuration)
        }
        var plain = MaskGenVQConfiguration.large
        plain.transformer.microWidth = 0
        #expect(try again(plain) == plain)
        #expect(try again(MaskGITSampling.titokS128) == .titokS128)
        #expect(try again(MaskGenVQSampling(steps: 3)) == MaskGenVQSampling(steps: 3))
        #expect(try again(MaskGenKLSampling(steps: 3)) == MaskGenKLSampling(steps: 3))
        for entry in RARConfiguration.published { #expect(try again(entry.configuration) == entry.configuration) }
        for entry in TokenBridgeConfiguration.published { #expect(try again(entry.configuration) == entry.configuration) }
        #expect(try again(TokenBridgeTokenizerConfiguration(levels: 8)) == TokenBridgeTokenizerConfiguration(levels: 8))
        let grouped = TokenBridgeTokenizerConfiguration(hiddenChannels: 24, groups: 8)
        #expect(try again(grouped) == grouped && grouped.invalidReason == nil)
        let ungrouped = TokenBridgeTokenizerConfiguration(hiddenChannels: 24)
        #expect(ungrouped.invalidReason == "norm_num_groups is 32, expected a divisor of the 24 channels of a level")
        var changed = MaskGenVQConfiguration.large
        changed.sampling = MaskGenVQSampling(steps: 5, decay: .flippedCosine, power: 2.5, annealing: false)
        #expect(try again(changed) == changed)
    }

    @Test("MaskGen's exponent is read as the official code calls it, and as earlier versions did")
    func exponents() throws {
        for key in ["guidance_decay_scale_pow", "guidance_scale_pow"] {
            let text = Data("{\"\(key)\": 2.5}".utf8)
            #expect(try JSONDecoder().decode(MaskGenVQSampling.self, from: text).power == 2.5)
        }
        let both = Data(#"{"guidance_decay_scale_pow": 3, "guidance_scale_pow": 2}"#.utf8)
        #expect(try JSONDecoder().decode(MaskGenVQSampling.self, from: both).power == 3)
        // In a model's configuration it says how the model draws.
        let section = #"{"decoder_embed_dim": 64, "decoder_depth": 1, "decoder_num_heads": 4, "guidance_decay_scale_pow": 4, "guidance_scale": 7}"#
        let official = Data("{\"model\": {\"vq_model\": {\"codebook_size\": 8, \"num_latent_tokens\": 4}, \"maskgen\": \(section)}}".utf8)
        let sampling = try JSONDecoder().decode(MaskGenVQConfiguration.self, from: official).sampling
        #expect(sampling.power == 4 && sampling.guidance == 7 && sampling.temperature == 2)
    }

    @Test("Keys that nothing here knows are told")
    func unknownKeys() throws {
        func unknown(_ type: any TokenGeneratorConfiguration.Type, _ text: String) throws -> [String] {
            type.unknownKeys(in: try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
        }
        let generator = #"{"model": {"vq_model": {"a": 1}, "generator": {"hidden_size": 8, "guidance_pow": 1, "b": 2}}}"#
        #expect(try unknown(RARConfiguration.self, generator) == ["model.generator.b", "model.generator.guidance_pow"])
        #expect(try unknown(MaskGITConfiguration.self, generator) == ["model.generator.b", "model.generator.guidance_pow"])
        let maskgen = #"{"model": {"maskgen": {"cfg_scheduler": 1, "decoder_depth": 2}}}"#
        #expect(try unknown(MaskGenVQConfiguration.self, maskgen) == ["model.maskgen.cfg_scheduler"])
        #expect(try unknown(MaskGenKLConfiguration.self, maskgen) == ["model.maskgen.cfg_scheduler"])
        #expect(try unknown(TokenBridgeConfiguration.self, #"{"cfg": 3, "size": "large", "steps": 7}"#) == ["steps"])
        #expect(try unknown(RARConfiguration.self, "[1]") == [])
    }

    @Test("Impossible shapes are named before anything is allocated")
    func problems() {
        func with(_ change: (inout MaskGITConfiguration) -> Void) -> String? {
            var configuration = MaskGITConfiguration.titokL32
            change(&configuration)
            return configuration.invalidReason
        }
        #expect(with { $0.length = 1 << 40 }?.contains("image_seq_len") == true)
        #expect(with { $0.codebookSize = .max }?.contains("codebook_size") == true)
        #expect(with { $0.heads = 0 }?.contains("num_attention_heads") == true)
        #expect(with { $0.heads = 7 }?.contains("7 heads") == true)
        #expect(with { $0.width = -768 }?.contains("hidden_size") == true)
        #expect(with { ($0.architecture, $0.layers) = (.uvit, 21) }?.contains("even") == true)
        var text = MaskGenVQConfiguration.large
        text.transformer.microWidth = 255
        #expect(text.invalidReason?.contains("micro_condition_embed_dim") == true)
        var continuous = MaskGenKLConfiguration.large
        for steps in ["0", "1001", "a", "6,", "600,1", "-3"] {
            continuous.samplingSteps = steps
            #expect(continuous.invalidReason?.contains("num_sampling_steps") == true, "\(steps)")
        }
        continuous = .large
        continuous.scaleFactor = 0
        #expect(continuous.invalidReason?.contains("scale_factor") == true)
    }

    @Test("A configuration without its keys is refused")
    func missingKeys() {
        for text in [
            "{}", #"{"model": {"vq_model": {}}}"#,
            #"{"model": {"vq_model": {}, "generator": {}, "maskgen": {}}, "losses": {}}"#,
        ] {
            let data = Data(text.utf8)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(MaskGITConfiguration.self, from: data) }
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(MaskGenVQConfiguration.self, from: data) }
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(MaskGenKLConfiguration.self, from: data) }
        }
    }
}
