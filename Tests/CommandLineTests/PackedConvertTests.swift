import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Packed models draw and caption as the models that they were packed from.
@Suite struct PackedConvertTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func picture(_ name: String, _ further: String...) throws -> Data {
        let drawn = try Tool.run(["t2i", "a fox", "--seed", "1", "--no-metadata", "-o", name] + further, in: scratch)
        #expect(drawn.status == 0, "\(drawn.errors)")
        return try scratch.data(name)
    }

    @Test(arguments: ["f32", "bf16", "int8"])
    func anOwnModelStaysWhatItIs(_ type: String) throws {
        try TinyModel.copy(to: scratch, as: "m")
        let converted = try run("convert", "m", "n", "--type", type, "--packed")
        #expect(converted.status == 0, "\(converted.errors)")
        #expect(try scratch.names("n") == scratch.names("m"))
        #expect(try picture("a.png", "--model", "n") == picture("b.png", "--model", "m", "--precision", type))
        // A schedule that the file holds no constants for.
        let further = ["--steps", "3", "--solver", "heun"]
        _ = try picture("c.png", "--model", "n", further[0], further[1], further[2], further[3])
        let captions = try ["n", "m"].map { try run("i2t", "a.png", "--model", $0, "--precision", type) }
        #expect(captions.allSatisfy { $0.status == 0 } && captions[0].output == captions[1].output)
        let other = type == "f32" ? "bf16" : "f32"
        expectFailure(try run("t2i", "a fox", "--model", "n", "--precision", other), 65, "packed as")
        expectFailure(try run("convert", "n", "o"), 65, "packed as")
        expectFailure(try run("convert", "n", "o", "--packed"), 65, "packed as")
        expectFailure(try run("convert", "n/model.safetensors", "o.safetensors"), 65, "packed as")
        #expect(try run("inspect", "n").status == 0)
        #expect(try scratch.names() == ["a.png", "b.png", "c.png", "m", "n"])
    }

    @Test func aPublishedModelStaysWhatItIs() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        for type in ["f32", "bf16"] {
            let converted = try run("convert", "m", type, "--type", type, "--packed")
            #expect(converted.status == 0, "\(converted.errors)")
            #expect(
                try picture("a.png", "--model", type) == picture("b.png", "--model", "m", "--precision", type))
        }
        // Files that were packed as different types are no model.
        for name in try scratch.names("bf16") where name.hasPrefix("FlowTiTok") {
            try scratch.write(scratch.data("bf16/\(name)"), to: "f32/\(name)")
        }
        expectFailure(try run("t2i", "a fox", "--model", "f32"), 65, "packed as")
    }

    @Test func refusesWhatIsNotPacked() throws {
        try TinyModel.copy(to: scratch, as: "m")
        expectFailure(try run("convert", "m", "n", "--type", "int8"), 64, "--packed")
        expectFailure(try run("convert", "m", "n", "--type", "f16", "--packed"), 64, "f16")
        expectFailure(try run("convert", "m/model.safetensors", "n.safetensors", "--packed"), 64, "a model folder")
        #expect(try scratch.names() == ["m"])
    }

    /// Constants of a schedule that do not fit the network.
    @Test(arguments: [([3, 2], [3, 5], [Float(0), 0, 0.5, 1, 0.5, 0]), ([1, 2], [1, 256], [0, 77]), ([2], [1, 256], [0, 1])])
    func badConstantsAreRefused(_ keys: [Int], _ vectors: [Int], _ values: [Float]) throws {
        try TinyModel.copy(to: scratch, as: "m")
        let whole = try Checkpoint(path: scratch.path("m/model.safetensors"))
        var tensors = try whole.names.map { ($0, try whole.tensor($0)) }
        tensors += [
            ("flow.modulation.keys", Tensor(values, shape: keys)), ("flow.modulation.vectors", .zeros(vectors)),
        ]
        try Checkpoint.write(tensors, metadata: whole.metadata, to: scratch.path("n.safetensors"))
        try scratch.write(scratch.data("n.safetensors"), to: "m/model.safetensors")
        expectFailure(try run("t2i", "a fox", "--model", "m"), 65, "flow.modulation")
        #expect(try scratch.names() == ["m", "n.safetensors"])
    }
}
