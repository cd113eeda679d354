import Datasets
import Files
import FlowTok
import Foundation
import Networks
import TestSupport
import Testing
import TextTokenizers
import Training

/// Configuration files: what may be left out, and what is said of mistakes.
@Suite struct ConfigurationTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func message(
        _ open: () throws -> some Any, sourceLocation: SourceLocation = #_sourceLocation
    ) -> String {
        let error = refusal(sourceLocation: sourceLocation) { _ = try open() }
        let text = error.text
        #expect(!text.contains("\n"), "\(text)", sourceLocation: sourceLocation)
        return text
    }

    @Test(arguments: [
        ("\"steps\": 20, ", "", "model.training.steps is missing"),
        ("\"learning_rate\": 0.002", "\"learnin_rate\": 0.002", "model.training.learning_rate is missing"),
        ("\"log_every\": 5", "\"log_evry\": 5", "unknown key model.training.log_evry"),
        ("\"seeded\": true", "\"sown\": true", "unknown key model.image_tokenizer.sown"),
        ("\"causal\": false", "\"casual\": false", "unknown key model.text_encoder.casual"),
        ("\"float32\"", "\"float16\"", "model.training.precision"),
        ("\"float32\"", "\"int8\"", "model.training.precision is int8"),
        ("\"steps\": 20", "\"steps\": \"many\"", "model.training.steps"),
        ("\"steps\": 20", "\"steps\": 0", "model.training.steps is 0"),
        ("\"log_every\": 5", "\"log_every\": 0", "model.training.log_every is 0"),
        ("\"log_every\": 5", "\"final_rate_fraction\": 1.5", "model.training.final_rate_fraction is 1.5"),
        ("\"log_every\": 5", "\"optimizer\": {\"beta1\": 1}", "model.training.optimizer.beta1 is 1"),
        ("\"patch_size\": 8", "\"patch_size\": 7", "model.image_tokenizer.image_size 32 is no multiple"),
        ("\"context_length\": 4, \"width\": 32", "\"context_length\": 4, \"width\": 16", "model.text_encoder.width is 16"),
        ("\"training\": {", "\"caption_dropout\": 2, \"training\": {", "model.caption_dropout is 2"),
        ("\"training\": {", "\"latent_noise\": -1, \"training\": {", "model.latent_noise is -1"),
        ("\"training\": {", "\"reconstruction\": {\"levels\": 99}, \"training\": {", "model.reconstruction.levels is 99"),
        ("\"training\": {", "\"decoder_only\": true, \"training\": {", "model.decoder_only needs"),
        ("/vocabulary\"", "/nothing\"", "vocabulary: "),
        ("/images\"", "/nothing\"", "data.images: "),
        ("\"images\": ", "\"sprites\": ", "data.sprites: "),
        ("\"images\": ", "\"pictures\": ", "unknown key data.pictures"),
        ("\"seed\": 4", "\"sprites\": \"x\"", "data: name either"),
        ("\"seed\": 4", "\"mixture\": []", "data: mixture goes with sprites"),
        ("\"vocabulary\": ", "\"start\": \"nowhere\", \"vocabulary\": ", "start: "),
        ("}\n}", "}", "not valid JSON"),
    ])
    func tokenizerMistakes(_ old: String, _ new: String, _ expected: String) throws {
        let file = try TinyFiles.tokenizer(in: folder, changing: [(old, new)])
        let text = message { try TokenizerRecipe.open(file: file, output: folder.url.path + "/run", resume: false) }
        #expect(text.hasPrefix(file + ": ") && text.contains(expected), "\(text)")
        #expect(!FileManager.default.fileExists(atPath: folder.url.path + "/run"))
    }

    @Test(arguments: [
        ("\"tokens\": 4", "\"tokens\": 8", "model.velocity.tokens is 8 but image_tokenizer.num_latent_tokens is 4"),
        ("\"indicators\": 3", "\"indicators\": 2", "model.velocity.indicators is 2, expected 3"),
        ("\"training\": {", "\"image_to_text_fraction\": -0.1, \"training\": {", "model.image_to_text_fraction is -0.1"),
        ("\"training\": {", "\"kl_weight\": -1, \"training\": {", "model.kl_weight is -1"),
        ("\"training\": {", "\"latent_mse_weight\": -1, \"training\": {", "model.latent_mse_weight is -1"),
        ("\"training\": {", "\"endpoint_caption_weight\": -2, \"training\": {", "model.endpoint_caption_weight is -2"),
        ("\"training\": {", "\"path_caption_weight\": -2, \"training\": {", "model.path_caption_weight is -2"),
        ("\"training\": {", "\"learns\": [\"text_decoder\"], \"training\": {", "model.learns leaves parts out"),
        (
            "\"training\": {", "\"learns\": [\"text_decoder\"], \"text_reconstruction_weight\": 0, \"training\": {",
            "model.learns is \"text_decoder\" alone"
        ),
        ("\"training\": {", "\"learns\": [], \"training\": {", "model.learns is empty"),
        ("\"training\": {", "\"learns\": [\"everything\"], \"training\": {", "model.learns"),
        ("\"training\": {", "\"flow_fraction\": 0, \"training\": {", "model.flow_fraction is 0"),
        ("\"training\": {", "\"flow_fraction\": 1.5, \"training\": {", "model.flow_fraction is 1.5"),
        ("\"training\": {", "\"text_encoder\": \"thawed\", \"training\": {", "model.text_encoder"),
        ("\"sampling\": {\"steps\": 2}", "\"sampling\": {\"steps\": 0}", "model.sampling.steps is 0"),
        ("\"sampling\": {\"steps\": 2}", "\"sampling\": {\"solver\": \"magic\"}", "model.sampling.solver"),
        ("\"tokenizer\": \"", "\"tokenizer\": \"/nowhere", "tokenizer: no model at /nowhere"),
        ("\"tokenizer\": ", "\"start\": \"nowhere\", \"tokenizer\": ", "start: nowhere/checkpoint.safetensors: no such file"),
        ("\"seed\": 4", "\"sead\": 4", "unknown key data.sead"),
    ])
    func flowMistakes(_ old: String, _ new: String, _ expected: String) throws {
        let file = try TinyFiles.flow(in: folder, over: TinyTraining.tokenizerFolder(), changing: [(old, new)])
        let text = message { try FlowRecipe.open(file: file, output: folder.url.path + "/run", resume: false) }
        #expect(text.hasPrefix(file + ": ") && text.contains(expected), "\(text)")
    }

    @Test(arguments: [
        ("{\"sprites\": \"SPRITES\", \"mixture\": []}", "data: mixture is empty"),
        ("{\"sprites\": \"SPRITES\", \"mixture\": [{\"weight\": -1}]}", "data: mixture[0].weight is -1"),
        ("{\"sprites\": \"SPRITES\", \"mixture\": [{\"weight\": 0}]}", "data: mixture has no part"),
        ("{\"sprites\": \"SPRITES\", \"mixture\": [{\"scenes\": {\"single\": -1}}]}", "data.mixture: scene configuration: single"),
        ("{\"sprites\": \"SPRITES\", \"mixture\": [{\"scenes\": {\"singel\": 1}}]}", "unknown key data.mixture[0].scenes.singel"),
        ("{\"sprites\": \"EMPTY\"}", "data.sprites: "),
        ("{\"images\": \"LONE\"}", "a text without a picture"),
        ("{\"images\": \"EMPTY\"}", "data.images: "),
        ("{}", "data: name either"),
    ])
    func dataMistakes(_ data: String, _ expected: String) throws {
        try SampleSprites.shard(SampleSprites.sprites()).write(to: folder.url.appendingPathComponent("sprites.tar"))
        try folder.write("empty/readme", "nothing")
        try folder.write("lone/a.txt", "a fox")
        let named = data.replacingOccurrences(of: "SPRITES", with: folder.url.path)
            .replacingOccurrences(of: "EMPTY", with: folder.url.path + "/empty")
            .replacingOccurrences(of: "LONE", with: folder.url.path + "/lone")
        let file = try folder.write("vocabulary.json", "{\"data\": \(named), \"captions\": 10, \"vocab_size\": 300}").path
        let text = message { try VocabularyRecipe.run(file: file, output: folder.url.path + "/out") }
        #expect(text.hasPrefix(file + ": ") && text.contains(expected), "\(text)")
    }

    @Test func aVocabularyIsLearntFromCaptions() throws {
        try SampleSprites.shard(SampleSprites.sprites()).write(to: folder.url.appendingPathComponent("sprites.tar"))
        let file = try folder.write(
            "vocabulary.json", "{\"data\": {\"sprites\": \"\(folder.url.path)\"}, \"captions\": 300, \"vocab_size\": 400}"
        ).path
        let vocabulary = try VocabularyRecipe.run(file: file, output: folder.url.path + "/out")
        #expect(vocabulary.count > 260)
        #expect(try vocabulary.decode(vocabulary.encode("A Fox")) == "a fox")
    }

    @Test func foldersAndMissingFilesInPlaceOfConfigurations() {
        let output = folder.url.path + "/run"
        #expect(message { try TokenizerRecipe.open(file: folder.url.path, output: output, resume: false) }.contains("a folder"))
        let missing = folder.url.path + "/no.json"
        #expect(message { try FlowRecipe.open(file: missing, output: output, resume: false) } == missing + ": no such file")
    }

    @Test func whatIsLeftOutHasItsDefault() throws {
        let tokenizer = try JSONDecoder().decode(
            TokenizerTrainingConfiguration.self,
            from: Data(
                """
                {"image_tokenizer": {"image_size": 32, "patch_size": 8, "num_latent_tokens": 4, "token_size": 4,
                  "text_context_length": 4, "text_embed_dim": 32, "seeded": true,
                  "encoder": {"width": 32, "layers": 1, "heads": 2}, "decoder": {"width": 32, "layers": 1, "heads": 2}},
                 "text_encoder": {"context_length": 4, "width": 32, "layers": 1, "heads": 2, "causal": false},
                 "training": {"steps": 9, "batch_size": 4, "learning_rate": 0.001, "optimizer": {"clip": 1}}}
                """.utf8))
        var expected = try TinyTraining.tokenizerConfiguration(
            TrainingSettings(steps: 9, batchSize: 4, learningRate: 0.001, optimizer: AdamWSettings(clip: 1)))
        expected.textEncoder.vocabularySize = 0
        #expect(tokenizer == expected)
        let flow = try JSONDecoder().decode(
            FlowTrainingConfiguration.self,
            from: Data(
                """
                {"name": "tiny", "velocity": {"depth": 1, "width": 32, "heads": 2, "tokens": 4, "channels": 4, "indicators": 3},
                 "text_variational_encoder": {"width": 32, "layers": 1, "heads": 2, "hidden": 64, "channels": 4},
                 "text_decoder": {"context_length": 4, "width": 32, "layers": 1, "heads": 2, "causal": false, "vocab_size": 7},
                 "image_to_text_fraction": 0.25, "unconditional_fraction": 0.5, "sampling": {"steps": 2}, "captioning": {"steps": 2},
                 "training": {"steps": 9, "batch_size": 4, "learning_rate": 0.001}}
                """.utf8))
        var expectedFlow = try TinyTraining.flowConfiguration(
            TrainingSettings(steps: 9, batchSize: 4, learningRate: 0.001))
        expectedFlow.textDecoder.vocabularySize = 7
        #expect(flow == expectedFlow)
    }

    /// What the shipped model's card asks for is understood: all that is missing here is what the stages before make.
    @Test(.enabled(if: (try? DefaultModel.path()) != nil, "no default model here"))
    func theShippedConfigurationsAreUnderstood() throws {
        let shipped = try DefaultModel.path() + "/training"
        for name in try FileManager.default.contentsOfDirectory(atPath: shipped) {
            // Where nothing of that name is.
            let text = try String(contentsOfFile: shipped + "/" + name, encoding: .utf8)
                .replacingOccurrences(of: "\"Runs/", with: "\"\(folder.url.path)/Runs/")
                .replacingOccurrences(of: "\"Models/default", with: "\"" + (try DefaultModel.path()))
                .replacingOccurrences(of: "\"Data/", with: "\"\(folder.url.path)/Data/")
            let file = try folder.write(name, text).path
            let output = folder.url.path + "/out"
            let said = message {
                if name.hasPrefix("vocabulary") { return try VocabularyRecipe.run(file: file, output: output) as Any }
                return ["flow", "text", "velocity", "captioning", "joint", "tune"].contains { name.hasPrefix($0) }
                    ? try FlowRecipe.open(file: file, output: output, resume: false)
                    : try TokenizerRecipe.open(file: file, output: output, resume: false)
            }
            if name.hasPrefix("tune") {
                #expect(said.contains("data.images: ") && said.contains("my-pictures"), "\(said)")
                continue
            }
            let place = name.hasPrefix("vocabulary") ? "/Data/sprites" : "/Runs/"
            #expect(said.contains(folder.url.path + place) && (["no such", "not found", "no model at"].contains { said.contains($0) }), "\(name): \(said)")
        }
    }

    @Test func configurationsSurviveWriting() throws {
        var tokenizer = try TinyTraining.tokenizerConfiguration()
        tokenizer.latentNoise = 0.25
        tokenizer.decoderOnly = true
        tokenizer.reconstruction.pyramid = 0.5
        tokenizer.training.optimizer.clip = nil
        #expect(try JSONDecoder().decode(TokenizerTrainingConfiguration.self, from: JSONEncoder().encode(tokenizer)) == tokenizer)
        var flow = try TinyTraining.flowConfiguration()
        flow.license = "CC0-1.0"
        flow.textReconstructionFraction = 0.125
        flow.textEncoder = .tuned
        flow.latentMSEWeight = 2
        flow.endpointCaptionWeight = 0.5
        flow.pathCaptionWeight = 0.25
        flow.learns = [.text, .textDecoder]
        flow.flowFraction = 0.75
        #expect(try JSONDecoder().decode(FlowTrainingConfiguration.self, from: JSONEncoder().encode(flow)) == flow)
        let data = DataConfiguration(sprites: "x", mixture: [DataConfiguration.Part(weight: 0.5)], seed: .max)
        #expect(try JSONDecoder().decode(DataConfiguration.self, from: JSONEncoder().encode(data)) == data)
    }

    /// What version 0.1 called licence, share, matching_weight and so on is read as what it is called now.
    @Test func formerNamesAreRead() throws {
        var flow = try TinyTraining.flowConfiguration()
        (flow.license, flow.latentMSEWeight, flow.textReconstructionWeight) = ("CC0-1.0", 2, 0.75)
        (flow.endpointCaptionWeight, flow.pathCaptionWeight, flow.flowFraction) = (0.5, 0.25, 0.375)
        (flow.textReconstructionFraction, flow.imageToTextFraction, flow.unconditionalFraction) = (0.125, 0.0625, 0.875)
        flow.training.finalRateFraction = 0.3125
        var text = try JSONFile.text(flow)
        for (former, name) in [
            ("licence", "license"), ("matching_weight", "latent_mse_weight"), ("decoding_weight", "text_reconstruction_weight"),
            ("captioning_weight", "endpoint_caption_weight"), ("reading_weight", "path_caption_weight"),
            ("decoding_share", "text_reconstruction_fraction"), ("flow_share", "flow_fraction"),
            ("image_to_text_share", "image_to_text_fraction"), ("unconditional_share", "unconditional_fraction"),
            ("final_rate_share", "final_rate_fraction"),
        ] {
            #expect(text.contains("\"\(name)\""), "\(name)")
            text.replace("\"\(name)\"", with: "\"\(former)\"")
        }
        let file = try folder.write("flow.json", text).path
        #expect(try JSONFile.readStrictly(FlowTrainingConfiguration.self, from: file) == flow)
    }
}
