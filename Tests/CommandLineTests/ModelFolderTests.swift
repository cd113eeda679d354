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
        expectFailure(try draw("file"), 65, "a text file that begins with 'text'")
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

    @Test func whatADownloadLeftIsNamed() throws {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 12\n"
        for (file, message) in [
            ("config.json", "found a Git LFS pointer"), ("tokenizer.model", "found a Git LFS pointer"), ("model.safetensors", "found a Git LFS pointer"),
        ] {
            let name = "m-" + file
            try TinyModel.copy(to: scratch, as: name)
            try scratch.write(pointer, to: "\(name)/\(file)")
            let result = try Tool.run(["t2i", "a cat", "--model", name], in: scratch)
            expectFailure(result, 65, message)
            #expect(result.errors.contains("\(name)/\(file)"))
        }
        try scratch.write("<!DOCTYPE html>", to: "page.safetensors")
        expectFailure(try Tool.run(["t2i", "a cat", "--model", "page.safetensors"], in: scratch), 65, "an HTML page")
        try TinyModel.copy(to: scratch, as: "whole")
        expectFailure(try Tool.run(["t2i", "a cat", "--model", "whole/model.safetensors"], in: scratch), 65, "expected a model folder")
    }
}
