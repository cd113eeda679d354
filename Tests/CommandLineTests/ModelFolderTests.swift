import FlowTok
import Foundation
import ModelFolders
import TestSupport
import Testing
import TextTokenizers

@Suite struct ModelFolderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func draw(_ model: String) throws -> Tool.Result {
        try Tool.run(["t2i", "a cat", "--model", model], in: scratch)
    }

    @Test func refusesAFolderThatIsNotThere() throws {
        expectFailure(try draw("nowhere"), 66, "no model at nowhere")
        try scratch.write("text", to: "file")
        expectFailure(try draw("file"), 66, "no model at file")
        #expect(try scratch.names() == ["file"])
    }

    @Test(arguments: ["config.json", "model.safetensors", "tokenizer.model"])
    func namesAMissingFile(file: String) throws {
        try TinyModel.copy(to: scratch, as: "model")
        try FileManager.default.removeItem(atPath: scratch.path("model/" + file))
        expectFailure(try draw("model"), 66, "the model folder model has no \(file)")
    }

    @Test(arguments: ["config.json", "model.safetensors", "tokenizer.model"])
    func refusesADamagedFile(file: String) throws {
        try TinyModel.copy(to: scratch, as: "model")
        let whole = try scratch.data("model/" + file)
        for damaged in [Data(), Data("nonsense".utf8), whole.prefix(whole.count / 2), Data([0xFF]) + whole.dropFirst()] {
            try scratch.write(Data(damaged), to: "model/" + file)
            expectFailure(try draw("model"), 65, file)
        }
    }

    @Test func refusesAConfigurationThatFitsNothing() throws {
        try TinyModel.copy(to: scratch, as: "model")
        let text = try scratch.text("model/config.json")
        for (from, to, message) in [
            ("\"depth\" : 1", "\"depth\" : 0", "velocity.depth is 0"),
            ("\"depth\" : 1", "\"depth\" : 2", "missing"),
            ("\"depth\" : 1", "\"deep\" : 1", "velocity.depth is missing"),
            ("\"model_type\" : \"flowtok\"", "\"model_type\" : \"gpt\"", "model_type is \"gpt\""),
        ] {
            #expect(text.contains(from))
            try scratch.write(text.replacingOccurrences(of: from, with: to), to: "model/config.json")
            expectFailure(try draw("model"), 65, message)
        }
    }

    @Test func aFreshModelDrawsAndCaptions() throws {
        let vocabulary = try TinyModel.vocabulary()
        try ModelFolder.writeFresh(
            TinyModel.configuration(pieces: vocabulary.count), seed: 1, vocabulary: vocabulary, to: scratch.path("model"))
        let drawn = try draw("model")
        #expect(drawn.status == 0, "\(drawn.errors)")
        #expect(try Tool.run(["i2t", "a-cat.png", "--model", "model"], in: scratch).status == 0)
    }
}
