import Checkpoints
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Vocabularies by their number of tokens.
enum ClipFiles {
    static func table(_ count: Int) throws -> Data { try ClipVocabularyFiles.table(tokens: count) }
    static func merges(_ count: Int) -> String { ClipVocabularyFiles.merges(tokens: count) }
}

@Suite struct ConvertTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    @Test func aTorchFileBecomesSafetensors() throws {
        let values = Tensor([1, -2.5, 3.14159, 65504, 1e-8, 0], shape: [2, 3])
        try TorchArchiveWriter.write([("w", values), ("s", Tensor(7))], to: scratch.path("a.pth"))
        let converted = try run("convert", "a.pth", "a.safetensors")
        #expect(converted.status == 0, "\(converted.errors)")
        let same = try Checkpoint(path: scratch.path("a.safetensors"))
        #expect(same.format == .safetensors && same.entry("w")?.type == .f32)
        #expect(try same.tensor("w").values == values.values && same.tensor("s").shape == [])
        for (type, element) in [("bf16", ElementType.bf16), ("f16", .f16), ("f32", .f32)] {
            #expect(try run("convert", "a.safetensors", "b.safetensors", "--type", type).status == 0)
            let other = try Checkpoint(path: scratch.path("b.safetensors"))
            #expect(other.entry("w")?.type == element)
            // Rounding to nearest is what writing in that type does.
            try Checkpoint.write([("w", values), ("s", Tensor(7))], as: element, to: scratch.path("c.safetensors"))
            #expect(try other.tensor("w").values == Checkpoint(path: scratch.path("c.safetensors")).tensor("w").values)
        }
    }

    @Test func integersStayAndMetadataComesAlong() throws {
        let writer = try SafetensorsWriter(
            to: scratch.path("a.safetensors"),
            tensors: [.init(name: "ids", type: .i64, shape: [2]), .init(name: "w", type: .f16, shape: [2])],
            metadata: ["made": "by hand"])
        try writer.write("ids", integers: [.min, 7])
        try writer.write("w", Tensor([1, 2], shape: [2]))
        try writer.finish()
        #expect(try run("convert", "a.safetensors", "b.safetensors", "--type", "bf16").status == 0)
        let other = try Checkpoint(path: scratch.path("b.safetensors"))
        #expect(try other.integers("ids") == [.min, 7] && other.entry("w")?.type == .bf16)
        #expect(other.metadata == ["made": "by hand"])
        // Without a type, the same tensors give the same bytes.
        #expect(try run("convert", "a.safetensors", "c.safetensors").status == 0)
        #expect(try scratch.data("a.safetensors") == scratch.data("c.safetensors"))
    }

    @Test func refusesWhatItCannotWrite() throws {
        try Checkpoint.write([("w", Tensor([70000, 1], shape: [2]))], to: scratch.path("a.safetensors"))
        expectFailure(try run("convert", "a.safetensors", "b.safetensors", "--type", "f16"), 65, "tensor 'w'")
        expectFailure(try run("convert", "a.safetensors", "b.pth"), 64, "ends in .safetensors")
        expectFailure(try run("convert", "a.safetensors", "none/b.safetensors"), 66, "no such folder")
        expectFailure(try run("convert", "none.pth", "b.safetensors"), 66, "no such file")
        expectFailure(try run("convert", "a.safetensors", "b.safetensors", "--type", "q4"), 64, "q4")
        try scratch.write("hello", to: "a.pth")
        expectFailure(try run("convert", "a.pth", "b.safetensors"), 65, "a.pth")
        #expect(try scratch.names() == ["a.pth", "a.safetensors"])
    }

    @Test func anOwnModelFolderBecomesOne() throws {
        try TinyModel.copy(to: scratch, as: "m")
        try scratch.write("# Card", to: "m/README.md")
        let converted = try run("convert", "m", "n", "--type", "bf16")
        #expect(converted.status == 0, "\(converted.errors)")
        #expect(try scratch.names("n") == scratch.names("m"))
        #expect(try scratch.text("n/README.md") == "# Card")
        #expect(try scratch.data("n/config.json") == scratch.data("m/config.json"))
        #expect(try Checkpoint(path: scratch.path("n/model.safetensors")).entries.allSatisfy { $0.type == .bf16 })
        #expect(try scratch.data("n/model.safetensors").count < scratch.data("m/model.safetensors").count)
        #expect(try run("t2i", "a fox", "--model", "n").status == 0)
        #expect(try run("i2t", "a-fox.png", "--model", "n").status == 0)
        expectFailure(try run("convert", "m", "n"), 65, "is there already and not empty")
        try scratch.makeFolder("empty")
        expectFailure(try run("convert", "empty", "o"), 66, "no config.json")
        #expect(!scratch.has("o"))
    }

    @Test func aModelInSeveralFilesDrawsTheSame() throws {
        try TinyModel.copy(to: scratch, as: "m")
        let converted = try run("convert", "m", "n", "--shard-size", "100kB")
        #expect(converted.status == 0, "\(converted.errors)")
        let shards = try scratch.names("n").filter { $0.hasPrefix("model-0") }
        #expect(shards.count > 1 && !scratch.has("n/model.safetensors") && scratch.has("n/model.safetensors.index.json"))
        for shard in shards { #expect(try scratch.data("n/" + shard).count < 130_000) }
        #expect(try run("convert", "n", "o", "--shard-size", "1GB").status == 0)
        #expect(try scratch.names("o") == scratch.names("m"))
        for model in ["m", "n", "o"] {
            #expect(try run("t2i", "a fox", "--model", model, "--seed", "1", "--no-metadata", "-o", model + ".png").status == 0)
        }
        #expect(try scratch.data("m.png") == scratch.data("n.png") && scratch.data("m.png") == scratch.data("o.png"))
        #expect(try scratch.data("m/model.safetensors") == scratch.data("o/model.safetensors"))
        try FileManager.default.removeItem(atPath: scratch.path("n/" + shards[0]))
        expectFailure(try run("t2i", "a fox", "--model", "n"), 66, shards[0])
        for size in ["0", "-1MB", "much", "1TB2", "nan", "inf", ""] {
            expectFailure(try run("convert", "m", "p", "--shard-size=" + size), 64, "shard-size")
        }
        expectFailure(try run("convert", "m", "p", "--packed", "--shard-size", "1MB"), 64, "--packed --shard-size")
        #expect(!scratch.has("p"))
    }

    @Test func publishedFilesMayBeSplitToo() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        #expect(try run("convert", "m", "n", "--shard-size", "50kB").status == 0)
        #expect(scratch.has("n/FlowTok-tiny.safetensors.index.json") && !scratch.has("n/FlowTok-tiny.safetensors"))
        for model in ["m", "n"] {
            #expect(
                try run("t2i", "fox", "--model", model, "--seed", "1", "--no-metadata", "-o", model + ".png").status == 0)
        }
        #expect(try scratch.data("m.png") == scratch.data("n.png"))
    }

    @Test func anImportedFolderBecomesOne() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        let converted = try run("convert", "m", "n")
        #expect(converted.status == 0, "\(converted.errors)")
        #expect(
            try scratch.names("n") == [
                "FlowTiTok_32.safetensors", "FlowTok-tiny.safetensors", "bpe_simple_vocab.txt", "clip.safetensors", "config.json",
            ])
        for model in ["m", "n"] {
            #expect(
                try run("t2i", "fox", "--model", model, "--seed", "1", "--no-metadata", "-o", model + ".png").status == 0)
        }
        #expect(try scratch.data("m.png") == scratch.data("n.png"))
    }

    /// A failure on the way leaves no folder behind.
    @Test func aDamagedFolderLeavesNothing() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        let whole = try scratch.data("m/clip.pt")
        try scratch.write(whole.prefix(whole.count / 2), to: "m/clip.pt")
        expectFailure(try run("convert", "m", "n"), 65, "clip.pt")
        #expect(try scratch.names() == ["m"])
    }
}
