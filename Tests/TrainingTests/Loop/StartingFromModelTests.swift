import Checkpoints
import FlowTok
import Foundation
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing
import TextTokenizers
import Training

/// Runs that go on from a finished model: the shipped one, say, for pictures of one's own.
@Suite struct StartingFromModelTests {
    let folder: TemporaryFolder
    /// A model with a text encoder of its own.
    let model: String

    init() throws {
        folder = try TemporaryFolder()
        let first = folder.url.path + "/first"
        let file = try TinyFiles.flow(
            in: folder, over: TinyTraining.tokenizerFolder(), steps: 3,
            changing: [("\"training\": {", "\"text_encoder\": \"tuned\", \"training\": {")])
        try FlowRecipe.open(file: file, output: first, resume: false).run()
        model = first + "/model"
    }

    /// A flow over the model's tokenizer that starts from a model.
    private func flow(
        _ name: String, from start: String, over tokenizer: String? = nil, keys: String = "\"text_encoder\": \"tuned\""
    ) throws -> String {
        try TinyFiles.flow(
            in: folder, over: tokenizer ?? model, as: name + ".json", steps: 4,
            changing: [
                ("\"tokenizer\"", "\"start\": \"\(start)\", \"tokenizer\""), ("\"training\": {", keys + ", \"training\": {"),
            ])
    }

    private func refused(_ file: String, saying words: [String]) {
        let error = refusal {
            try FlowRecipe.open(file: file, output: folder.url.path + "/refused", resume: false)
        }
        for word in words { #expect(error.text.contains(word), "\(error.text)") }
        #expect(!FileManager.default.fileExists(atPath: folder.url.path + "/refused"))
    }

    private func configuration(_ model: String) throws -> FlowTokConfiguration {
        try JSONDecoder().decode(FlowTokConfiguration.self, from: contents(model + "/config.json"))
    }

    @Test func aFlowGoesOnFromIt() throws {
        let output = folder.url.path + "/second"
        try FlowRecipe.open(file: flow("second", from: model), output: output, resume: false).run(stopAfter: 0)
        let given = try bits(model + "/model.safetensors")
        let begun = try bits(checkpointPath(output))
        for (name, values) in given where !name.hasPrefix("image_tokenizer.") && name != NameIndex.tensorName() {
            #expect(begun["parameters/" + name] == values, "\(name)")
        }
        // What only training uses is made anew.
        #expect(begun["parameters/flow.t2t_temperature"] != nil)
        try FlowRecipe.open(file: flow("second", from: model), output: output, resume: true).run()
        #expect(try configuration(output + "/model").latents == configuration(model).latents)
    }

    @Test func aFlowStartsFromTheAverageOfTwo() throws {
        let second = folder.url.path + "/second", third = folder.url.path + "/third"
        try FlowRecipe.open(file: flow("second", from: model), output: second, resume: false).run()
        let average = "\"start\": \"\(second)\", \"start_average\": {\"folder\": \"\(model)\", \"share\": 0.25}, \"tokenizer\""
        func file(_ text: String) throws -> String {
            try TinyFiles.flow(
                in: folder, over: model, as: "average.json", steps: 4,
                changing: [("\"tokenizer\"", text), ("\"training\": {", "\"text_encoder\": \"tuned\", \"training\": {")])
        }
        try FlowRecipe.open(file: file(average), output: third, resume: false).run(stopAfter: 0)
        func values(_ folder: String) throws -> [Float] {
            try Checkpoint(path: folder + "/model.safetensors").tensor("flow.x_embedder.weight").values
        }
        let (old, new, mean) = (try values(model), try values(second + "/model"), try values(third + "/model"))
        #expect(old != new)
        for (i, value) in mean.enumerated() { #expect(abs(value - (0.75 * new[i] + 0.25 * old[i])) < 1e-6) }

        refused(try file(average.replacing("0.25", with: "1.5")), saying: ["start_average.share is 1.5, expected 0 to 1"])
        refused(try file(average.replacing("\"start\": \"\(second)\", ", with: "")), saying: ["start_average needs a \"start\""])
        refused(try file(average.replacing(model, with: "nowhere")), saying: ["start_average.folder", "nowhere"])
    }

    @Test func anotherEncoderBringsOtherLatents() throws {
        let tokenizer = folder.url.path + "/tokenizer"
        try TokenizerRecipe.open(
            file: TinyFiles.tokenizer(in: folder, steps: 3), output: tokenizer, resume: false
        ).run()
        let output = folder.url.path + "/second"
        try FlowRecipe.open(file: flow("second", from: model, over: tokenizer), output: output, resume: false).run()
        #expect(try configuration(output + "/model").latents != configuration(model).latents)
    }

    @Test func whatHasAnotherShapeBeginsAnewWhereAskedFor() throws {
        let wider = ("\"hidden\":64", "\"hidden\":96")
        let refusedFile = try flow("wider", from: model)
        let text = try String(contentsOfFile: refusedFile, encoding: .utf8).replacing(" ", with: "")
        #expect(text.contains(wider.0))
        try text.replacing(wider.0, with: wider.1).write(toFile: refusedFile, atomically: true, encoding: .utf8)
        refused(refusedFile, saying: ["wider.json: start: "])
        try text.replacing(wider.0, with: wider.1).replacing("{", with: "{\"ignore_mismatched_sizes\": true,", maxReplacements: 1)
            .write(toFile: refusedFile, atomically: true, encoding: .utf8)
        let output = folder.url.path + "/wider"
        try FlowRecipe.open(file: refusedFile, output: output, resume: false).run(stopAfter: 0)
        let (given, begun) = (try bits(model + "/model.safetensors"), try bits(checkpointPath(output)))
        var anew: Set<String> = []
        for (name, values) in given where !name.hasPrefix("image_tokenizer.") && name != NameIndex.tensorName() {
            if begun["parameters/" + name] != values { anew.insert(name) }
        }
        #expect(!anew.isEmpty && anew.allSatisfy { $0.hasPrefix("flow.context_encoder.") }, "\(anew.sorted())")
        #expect(begun["parameters/flow.t2t_temperature"] != nil)
    }

    @Test func aTextDecoderGoesOnAloneAndAFlowFromThere() throws {
        let read = folder.url.path + "/read"
        let file = try flow("read", from: model, keys: "\"learns\": [\"text_decoder\"], \"path_caption_weight\": 1")
        try FlowRecipe.open(file: file, output: read, resume: false).run()
        let (before, after) = (try bits(model + "/model.safetensors"), try bits(read + "/model/model.safetensors"))
        for (name, values) in after {
            #expect((values == before[name]) != name.hasPrefix("text_decoder."), "\(name)")
        }
        // The run's own checkpoint has the text decoder only; the model that it leaves has everything.
        refused(try flow("part", from: read), saying: ["part.json: start: ", "missing"])
        let output = folder.url.path + "/third"
        try FlowRecipe.open(file: flow("third", from: read + "/model"), output: output, resume: false).run()
    }

    @Test func theTextGoesOnAlone() throws {
        let output = folder.url.path + "/text"
        let keys = "\"text_encoder\": \"tuned\", \"learns\": [\"text\"], \"flow_fraction\": 0, \"latent_mse_weight\": 1"
        try FlowRecipe.open(file: flow("text", from: model, keys: keys), output: output, resume: false).run()
        let (before, after) = (try bits(model + "/model.safetensors"), try bits(output + "/model/model.safetensors"))
        for (name, values) in after where values.count > 1 {
            let isText = name.hasPrefix("text_encoder.") || name.hasPrefix("flow.context_encoder.") || name == NameIndex.tensorName()
            #expect((values != before[name]) == isText, "\(name)")
        }
        // The velocity network sees nothing, so that there is nothing to tell of it.
        let metrics = try String(contentsOfFile: output + "/log.csv", encoding: .utf8)
        #expect(metrics.contains("matching_loss") && !metrics.contains("image_loss"))
    }

    @Test func anImageDecoderGoesOnFromIt() throws {
        let output = folder.url.path + "/decoder"
        let file = try TinyFiles.tokenizer(
            in: folder, as: "decoder.json", steps: 3,
            changing: [
                ("\"vocabulary\": \"\(folder.url.path)/vocabulary\"", "\"start\": \"\(model)\", \"vocabulary\": \"\(model)\""),
                ("\"training\": {", "\"decoder_only\": true, \"training\": {"),
            ])
        try TokenizerRecipe.open(file: file, output: output, resume: false).run()
        let (before, after) = (try bits(model + "/model.safetensors"), try tokenizerBits(output))
        for (name, values) in after {
            #expect((values == before[name]) != name.hasPrefix("image_tokenizer.decoder."), "\(name)")
        }
        // Only the decoder differs, so that a flow over it sees the latents it is used to.
        let flow = folder.url.path + "/second"
        try FlowRecipe.open(file: self.flow("second", from: model, over: output), output: flow, resume: false).run()
        #expect(try configuration(flow + "/model").latents == configuration(model).latents)
    }

    @Test func modelsThatCannotBeTrainedAreRefused() throws {
        func copy(_ name: String) throws -> String {
            let path = folder.url.path + "/" + name
            try FileManager.default.copyItem(atPath: model, toPath: path)
            return path
        }
        let frozen = try flow("frozen", from: model, keys: "\"text_encoder\": \"frozen\"")
        refused(frozen, saying: ["frozen", "tuned"])

        let packed = folder.url.path + "/packed"
        try FolderConversion(model).writePacked(to: packed, as: .int8)
        refused(try flow("a", from: packed), saying: ["a.json: start: ", "packed"])
        refused(try flow("b", from: model, over: packed), saying: ["b.json: tokenizer: ", "packed"])

        let bare = try copy("bare")
        try FileManager.default.removeItem(atPath: bare + "/model.safetensors")
        refused(try flow("c", from: bare), saying: ["c.json: start: ", "model.safetensors"])

        let other = try copy("other")
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = 320
        let sentences = (0..<200).map { "number \($0) of \($0 * 7)" }
        try Data(SentencePieceVocabulary.train(sentences: sentences, options: options))
            .write(to: URL(fileURLWithPath: other + "/tokenizer.model"))
        refused(try flow("d", from: other), saying: ["d.json: start: ", "another vocabulary"])

        let strange = try copy("strange")
        try Data("{\"model_type\": \"titok\"}".utf8).write(to: URL(fileURLWithPath: strange + "/config.json"))
        refused(try flow("e", from: strange), saying: ["e.json: start: ", "TiTok"])
    }
}
