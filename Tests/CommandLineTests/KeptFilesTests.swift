import Checkpoints
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// Nothing that is there is lost: inputs, earlier results and what people wrote themselves.
@Suite struct KeptFilesTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        for (name, color) in [("a.png", 0xFF0000), ("b.png", 0x00FF00)] as [(String, UInt32)] {
            try Image(width: 40, height: 30, filled: Color(hex: color)).write(to: scratch.path(name))
        }
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: scratch.path(name), withDestinationPath: target)
    }

    // MARK: - Inputs

    @Test(arguments: [".", "./", "../work", "here", "folder/.."]) func noPictureGoesOverAnInput(folder: String) throws {
        let (a, b) = (try scratch.data("a.png"), try scratch.data("b.png"))
        try link("here", to: ".")
        try scratch.makeFolder("folder")
        #expect(try run("reconstruct", "a.png", "b.png", "-o", folder).status == 64)
        #expect(try run("reconstruct", "a.png", "-o", folder).status == 64)
        #expect(try run("reconstruct", folder, "-o", folder).status == 64)
        #expect(try scratch.data("a.png") == a && scratch.data("b.png") == b)
    }

    @Test(arguments: ["a.png", "./a.png", "link.png", "hard.png", "../work/a.png", "dir/../a.png"])
    func noNameLeadsOverAnInput(output: String) throws {
        let a = try scratch.data("a.png")
        try link("link.png", to: "a.png")
        try FileManager.default.linkItem(atPath: scratch.path("a.png"), toPath: scratch.path("hard.png"))
        try scratch.makeFolder("dir")
        for command in [["reconstruct", "a.png"], ["tokenize", "a.png"], ["t2i", "--prompt-file", "a.png"], ["t2i", "x", "--from", "a.png"]] {
            let result = try Tool.run(command + ["-o", output], in: scratch)
            #expect(result.status == 64 || command[1] != "a.png" && result.status == 65, "\(command) \(result.errors)")
            #expect(try scratch.data("a.png") == a)
        }
    }

    @Test(arguments: ["variations - --steps 1", "reconstruct -", "tokenize -", "t2i -"])
    func noOutputGoesOverTheFileOfStandardInput(command: String) throws {
        let a = try scratch.data("a.png")
        let result = try Tool.shell("\"$FT\" \(command) -o a.png < a.png", in: scratch)
        #expect(result.status == 64 || command.hasPrefix("t2i") && result.status == 65, "\(result.errors)")
        #expect(try scratch.data("a.png") == a)
    }

    @Test func aCaptionFileThatCannotBeIsNoReasonToStop() throws {
        try scratch.makeFolder("a.txt")
        let result = try run("i2t", "a.png", "b.png", "--sidecar")
        #expect(result.status == 65 && result.errors.contains("a.txt") && scratch.has("b.txt"), "\(result.errors)")
    }

    @Test func noFolderOfSomebodyElsesBecomesADataSet() throws {
        try scratch.makeFolder("art")
        try scratch.write("<svg><title>apple</title></svg>", to: "art/apple.svg")
        try scratch.makeFolder("set")
        try scratch.write("mine", to: "set/index.json")
        let command = ["dataset", "--only", "clipart", "--clip-art", "art", "--output", "set"]
        expectFailure(try Tool.run(command, in: scratch), 64, "set/index.json: is there already")
        #expect(try scratch.text("set/index.json") == "mine")
    }

    @Test func noFileOfTheModelIsReplaced() throws {
        try TinyModel.copy(to: scratch, as: "model")
        let weights = try scratch.data("model/model.safetensors")
        for command in [["t2i", "x"], ["reconstruct", "a.png"], ["tokenize", "a.png"]] {
            expectFailure(
                try Tool.run(command + ["--model", "model", "-o", "model/model.safetensors"], in: scratch), 64, "model/model.safetensors")
        }
        #expect(try scratch.data("model/model.safetensors") == weights)
    }

    @Test func noSidecarGoesOverAPicture() throws {
        try FileManager.default.moveItem(atPath: scratch.path("a.png"), toPath: scratch.path("a.txt"))
        let a = try scratch.data("a.txt")
        #expect(try run("i2t", "a.txt", "--sidecar", "--existing", "replace").status == 64)
        #expect(try scratch.data("a.txt") == a)
    }

    @Test func noCheckpointIsConvertedOverItself() throws {
        try Checkpoint.write([("x", Tensor([1, 2], shape: [2])), ("y", Tensor([3, 4], shape: [2]))], to: scratch.path("x.safetensors"))
        let whole = try scratch.data("x.safetensors")
        try link("y.safetensors", to: "x.safetensors")
        for output in ["x.safetensors", "./x.safetensors", "y.safetensors"] {
            expectFailure(try run("convert", "x.safetensors", output, "--type", "f16"), 64, "would be written over")
            expectFailure(try run("convert", "x.safetensors", output, "--shard-size", "8B"), 64, "would be written over")
        }
        #expect(try scratch.data("x.safetensors") == whole)
        // Shards are inputs as much as their index is.
        #expect(try run("convert", "x.safetensors", "s.safetensors", "--type", "f32", "--shard-size", "8B").status == 0)
        let names = try scratch.names().filter { $0.hasPrefix("s-") || $0.hasPrefix("s.") }
        #expect(names.count == 3)
        for name in names where name.hasSuffix(".safetensors") {
            expectFailure(try run("convert", "s.safetensors.index.json", name), 64, "would be written over")
        }
        #expect(try run("convert", "s.safetensors.index.json", "s.safetensors", "--shard-size", "8B").status == 64)
        let sharded = try Checkpoint(path: scratch.path("s.safetensors.index.json"))
        #expect(try sharded.tensor("x").values == [1, 2] && sharded.tensor("y").values == [3, 4])
    }

    @Test func aFailedConversionLeavesWhatIsThere() throws {
        try Checkpoint.write([("x", Tensor([1, 2], shape: [2])), ("y", Tensor([3, 4], shape: [2]))], to: scratch.path("good.safetensors"))
        try Checkpoint.write([("x", Tensor([1, 2], shape: [2])), ("y", Tensor([1e30, 4], shape: [2]))], to: scratch.path("bad.safetensors"))
        #expect(try run("convert", "good.safetensors", "out.safetensors", "--type", "f16", "--shard-size", "4B").status == 0)
        let before = try scratch.names().map { try scratch.data($0) }
        #expect(try run("convert", "bad.safetensors", "out.safetensors", "--type", "f16", "--shard-size", "4B").status == 65)
        #expect(try scratch.names().map { try scratch.data($0) } == before)
    }

    // MARK: - Earlier results

    @Test func defaultNamesAreThoseOfNewFiles() throws {
        #expect(try run("t2i", "a cat", "--seed", "1").status == 0)
        let first = try scratch.data("a-cat.png")
        let second = try run("t2i", "A cat!", "--seed", "2")
        #expect(second.status == 0 && second.output.hasPrefix("a-cat-2.png: seed 2"))
        #expect(try run("t2i", "a cat", "--seed", "3", "--trajectory").status == 0)
        #expect(try scratch.data("a-cat.png") == first)
        #expect(try scratch.names().filter { $0.hasPrefix("a-cat") } == ["a-cat-2.png", "a-cat-3-trajectory.png", "a-cat-3.png", "a-cat.png"])
    }

    @Test func countsAndGridsTakeNewNames() throws {
        for _ in 0..<2 {
            #expect(try run("t2i", "a cat", "--count", "2").status == 0)
            #expect(try run("t2i", "a cat", "--count", "2", "--grid").status == 0)
            #expect(try run("t2i", "a cat", "a cat", "-o", "out").status == 0)
        }
        #expect(
            try scratch.names().filter { $0.contains("cat") } == [
                "0001-a-cat-2.png", "0001-a-cat.png", "0002-a-cat-2.png", "0002-a-cat.png", "a-cat-grid-2.png", "a-cat-grid.png",
            ])
        #expect(try scratch.names("out").count == 4)
    }

    @Test func explicitNamesReplaceUnlessTheyMayNot() throws {
        #expect(try run("t2i", "a cat", "--seed", "1", "-o", "cat.png", "--no-clobber").status == 0)
        let first = try scratch.data("cat.png")
        for command in [
            ["t2i", "a dog", "-o", "cat.png"], ["reconstruct", "a.png", "-o", "cat.png"], ["tokenize", "a.png", "-o", "cat.png"],
        ] {
            expectFailure(try Tool.run(command + ["--no-clobber"], in: scratch), 64, "cat.png: is there already")
        }
        #expect(try scratch.data("cat.png") == first)
        #expect(try run("t2i", "a dog", "--seed", "1", "-o", "cat.png").status == 0)
        #expect(try scratch.data("cat.png") != first)
        #expect(try run("t2i", "--help").output.contains("in place of one that is there"))
    }

    @Test func tokensAndReconstructionsTakeNewNames() throws {
        for _ in 0..<2 {
            #expect(try run("tokenize", "a.png").status == 0)
            #expect(try run("reconstruct", "a.png", "--compare").status == 0)
            #expect(try run("detokenize", "a.safetensors").status == 0)
            #expect(try run("reconstruct", "a.png", "b.png", "-o", "out").status == 0)
        }
        #expect(
            try scratch.names() == [
                "a-2.safetensors", "a-compare-2.png", "a-compare.png", "a-decoded-2.png", "a-decoded.png", "a.png", "a.safetensors", "b.png", "out",
            ])
        #expect(try scratch.names("out") == ["a-2.png", "a.png", "b-2.png", "b.png"])
    }

    @Test func twoInputsOfOneNameBothArrive() throws {
        try scratch.makeFolder("more/deep")
        for name in ["a.PNG", "more/a.png", "more/deep/a.webp"] {
            try Image(width: 8, height: 8, filled: .white).write(to: scratch.path(name))
        }
        let result = try run("reconstruct", "a.png", "a.PNG", "more", "-o", "out")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try scratch.names("out") == ["a-2.png", "a-3.png", "a.png", "deep"])
        #expect(try scratch.names("out/deep") == ["a.png"])
        #expect(try run("tokenize", "a.png", "a.PNG", "more").status == 0)
        #expect(try scratch.names().filter { $0.hasSuffix(".safetensors") }.count == 4)
    }

    @Test func picturesDrawnSideBySideTakeNamesOfTheirOwn() throws {
        let result = try Tool.shell("for i in 1 2 3 4 5 6; do \"$FT\" t2i 'a cat' --steps 1 --quiet & done; wait", in: scratch)
        #expect(result.errors.isEmpty)
        #expect(try scratch.names().filter { $0.hasPrefix("a-cat") }.count == 6)
    }

    // MARK: - Captions

    @Test func captionsThatPeopleWroteAreKept() throws {
        try scratch.write("by hand\n", to: "b.txt")
        let result = try run("i2t", ".", "--sidecar")
        #expect(result.status == 0)
        #expect(try scratch.text("b.txt") == "by hand\n")
        #expect(result.errors.contains("b.txt: is there already and is kept"))
        let caption = try scratch.text("a.txt")
        #expect(result.output.contains(caption))
        #expect(try run("i2t", ".", "--sidecar", "--quiet").status == 0)
        #expect(try scratch.text("a.txt") == caption)
        #expect(try run("i2t", ".", "--sidecar", "--existing", "append").status == 0)
        #expect(try scratch.text("a.txt") == caption + caption && scratch.text("b.txt").hasPrefix("by hand\n"))
        #expect(try run("i2t", ".", "--sidecar", "--existing", "replace").status == 0)
        #expect(try scratch.text("a.txt") == caption && scratch.text("b.txt") != "by hand\n")
        expectFailure(try run("i2t", ".", "--existing", "append"), 64, "--sidecar")
    }

    @Test func picturesThatWouldShareACaptionDoNot() throws {
        try Image(width: 8, height: 8, filled: .black).write(to: scratch.path("a.PNG"))
        #expect(try run("i2t", ".", "--sidecar", "--quiet").status == 0)
        #expect(try scratch.names() == ["a.PNG", "a.png", "a.png.txt", "a.txt", "b.png", "b.txt"])
        let texts = try ["a.txt", "a.png.txt"].map { try scratch.text($0) }
        #expect(try texts == [run("i2t", "a.PNG").output, run("i2t", "a.png").output])
        expectFailure(try Tool.shell("\"$FT\" i2t - --sidecar < a.png", in: scratch), 64, "standard input")
    }

    // MARK: - Batches

    @Test func infoGoesOn() throws {
        let result = try run("info", "a.png", "none.png", "b.png")
        #expect(result.status == 66)
        #expect(result.output.contains("a.png") && result.output.contains("b.png"))
        #expect(result.errorLines.count == 2 && result.errors.contains("none.png: no such file"))
        try scratch.write("text", to: "bad.png")
        #expect(try run("info", "none.png", "bad.png", "a.png").status == 65)
    }

    @Test(arguments: ["i2t", "reconstruct", "tokenize"]) func everyBatchGoesOn(command: String) throws {
        try scratch.write("text", to: "a-bad.png")
        let result = try run(command, "none.png", "a-bad.png", "a.png", "b.png")
        #expect(result.status == 65)
        #expect(result.output.contains("a") && result.output.contains("b"))
        #expect(result.errorLines.count == 3 && result.errors.contains("2 of 4 pictures could not be"))
        if command == "tokenize" { #expect(scratch.has("a.safetensors") && scratch.has("b.safetensors")) }
    }

    @Test func foldersAreWorkedThroughWithThoseInThem() throws {
        try scratch.makeFolder("more/deep")
        try Image(width: 8, height: 8, filled: .white).write(to: scratch.path("more/deep/c.png"))
        try link("more/again", to: "..")
        try link("linked", to: "more/deep")
        for command in ["i2t", "reconstruct", "tokenize"] {
            let result = try run(command, "more", "linked", "--json")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains("more/deep/c.png") && result.output.contains("linked/c.png"))
        }
    }

    @Test func namesThatAreNoTextArePassedOver() throws {
        let made = try Tool.shell("cp a.png $'caf\\351.png' && \"$FT\" i2t . --jsonl", in: scratch)
        #expect(made.status == 0 && made.lines.count == 2, "\(made.errors)")
    }
}
