import Foundation
import TestSupport
import Testing
import Training

/// What becomes of the text encoder as a flow learns over a tokenizer, and as a tokenizer learns after a flow.
@Suite struct TextEncoderTests {
    let folder: TemporaryFolder
    let tokenizer: String

    init() throws {
        folder = try TemporaryFolder()
        tokenizer = try TinyTraining.tokenizerFolder()
    }

    private func textEncoder(_ file: String) throws -> [String: [UInt32]] {
        try bits(file).filter { $0.key.hasPrefix("text_encoder.") }
    }

    private var given: [String: [UInt32]] {
        get throws { try tokenizerBits(tokenizer).filter { $0.key.hasPrefix("text_encoder.") } }
    }

    /// The path of the model of a flow run with these settings more.
    private func flow(_ settings: String, as name: String, start: String? = nil, stopAfter: Int? = nil) throws -> String {
        let file = try TinyFiles.flow(
            in: folder, over: tokenizer, as: name + ".json", steps: 20,
            changing: [("\"training\": {", settings + ", \"training\": {")]
                + (start.map { [("\"tokenizer\"", "\"start\": \"\($0)\", \"tokenizer\"")] } ?? []))
        let output = folder.url.path + "/" + name
        try FlowRecipe.open(file: file, output: output, resume: false).run(stopAfter: stopAfter)
        if stopAfter != nil { try FlowRecipe.open(file: file, output: output, resume: true).run() }
        return output + "/model/model.safetensors"
    }

    @Test func frozenItStaysAsTheTokenizerHasIt() throws {
        #expect(try textEncoder(flow("\"text_encoder\": \"frozen\"", as: "frozen")) == given)
    }

    @Test func tunedItStartsAsTheTokenizerHasItAndLearns() throws {
        let file = try TinyFiles.flow(
            in: folder, over: tokenizer, changing: [("\"training\": {", "\"text_encoder\": \"tuned\", \"training\": {")])
        let output = folder.url.path + "/start"
        try FlowRecipe.open(file: file, output: output, resume: false).run(stopAfter: 0)
        #expect(try textEncoder(output + "/model/model.safetensors") == given)
        let learnt = try textEncoder(flow("\"text_encoder\": \"tuned\"", as: "tuned"))
        #expect(try learnt.keys.sorted() == given.keys.sorted() && learnt != given)
    }

    @Test func freshItOwesTheTokenizerNothing() throws {
        let fresh = try textEncoder(flow("\"text_encoder\": \"fresh\"", as: "fresh"))
        let embedding = try #require(fresh.keys.first { $0.contains("embedding") && $0.hasSuffix("weight") })
        let same = zip(try #require(fresh[embedding]), try #require(try given[embedding])).count { $0 == $1 }
        #expect(same * 100 < fresh[embedding]!.count)
    }

    @Test func aRunOfAllLossesResumesToTheSameBits() throws {
        let settings = """
            "text_encoder": "tuned", "latent_mse_weight": 2, "endpoint_caption_weight": 0.5, "path_caption_weight": 0.5, "flow_fraction": 0.75, \
            "image_to_text_fraction": 0.4
            """
        let (whole, parts) = (try flow(settings, as: "whole"), try flow(settings, as: "parts", stopAfter: 9))
        #expect(try contents(whole) == contents(parts))
        #expect(try contents(checkpointPath(folder.url.path + "/whole")) == contents(checkpointPath(folder.url.path + "/parts")))
    }

    @Test func aTextEncoderThatLearntIsNotLost() throws {
        _ = try flow("\"text_encoder\": \"tuned\"", as: "tuned")
        let error = refusal {
            try flow("\"text_encoder\": \"frozen\"", as: "again", start: folder.url.path + "/tuned")
        }
        #expect(error.text.contains("text_encoder is \"frozen\""), "\(error.text)")
    }

    @Test func aTokenizerTakesTheTextEncoderOfAModel() throws {
        let model = try flow("\"text_encoder\": \"tuned\"", as: "tuned")
        let start = ("\"vocabulary\"", "\"start\": \"\(tokenizer)\", \"text_encoder\": \"MODEL\", \"vocabulary\"")
        func open(_ name: String, model path: String, changing more: [(String, String)] = []) throws -> TrainingRun {
            let file = try TinyFiles.tokenizer(
                in: folder, as: name + ".json", changing: [start] + more + [("MODEL", path)])
            return try TokenizerRecipe.open(file: file, output: folder.url.path + "/" + name, resume: false)
        }
        try open("taken", model: folder.url.path + "/tuned/model").run(stopAfter: 0)
        let taken = try tokenizerBits(folder.url.path + "/taken")
        #expect(try taken.filter { $0.key.hasPrefix("text_encoder.") } == textEncoder(model))
        let given = try tokenizerBits(tokenizer)
        #expect(taken.filter { !$0.key.hasPrefix("text_encoder.") } == given.filter { !$0.key.hasPrefix("text_encoder.") })

        for (path, start, expected) in [
            (folder.url.path + "/none", true, "text_encoder: "), (folder.url.path + "/tuned/model", false, "text_encoder needs"),
        ] {
            let error = refusal {
                try open("bad", model: path, changing: start ? [] : [("\"start\": \"\(tokenizer)\", ", "")])
            }
            #expect(error.text.contains("bad.json: " + expected), "\(error.text)")
        }
    }

    /// A decoder learns to draw from where captions lie too: nothing else moves, and what it learns is another thing.
    @Test func aDecoderLearnsFromLatentsAsTheTextSideDrawsThem() throws {
        _ = try flow("\"text_encoder\": \"tuned\"", as: "tuned")
        func decoder(_ name: String, _ drawn: Double, keys: String? = nil, stopAfter: Int? = nil) throws -> String {
            let file = try TinyFiles.tokenizer(
                in: folder, as: name + ".json", steps: 6,
                changing: [
                    ("\"vocabulary\"", (keys ?? "\"start\": \"\(tokenizer)\", \"text_encoder\": \"\(folder.url.path)/tuned/model\",") + " \"vocabulary\""),
                    ("\"training\": {", "\"decoder_only\": true, \"drawn_fraction\": \(drawn), \"training\": {"),
                ])
            let output = folder.url.path + "/" + name
            try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: stopAfter)
            if stopAfter != nil { try TokenizerRecipe.open(file: file, output: output, resume: true).run() }
            return output
        }
        let (plain, drawn) = (try decoder("plain", 0), try decoder("drawn", 0.75))
        let parts = try decoder("drawn-parts", 0.75, stopAfter: 2)
        #expect(try contents(checkpointPath(drawn)) == contents(checkpointPath(parts)))
        let (before, after) = (try tokenizerBits(plain), try tokenizerBits(drawn))
        for (name, values) in after where !name.hasPrefix("image_tokenizer.decoder.") { #expect(values == before[name], "\(name)") }
        #expect(before != after)
        let error = refusal { try decoder("bad", 0.5, keys: "\"start\": \"\(tokenizer)\",") }
        #expect(error.text.contains("model.drawn_fraction needs a text_encoder"), "\(error.text)")
    }
}
