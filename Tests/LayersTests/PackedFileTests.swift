import Checkpoints
import Foundation
import Layers
import Tensors
import Testing

/// Packed files: written once, used where they lie, and refused where they do not fit.
@Suite struct PackedFileTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("flowtok-packed-\(UInt64.random(in: 0 ... .max))").path

    private struct Model {
        let block: FeedForward
        let norm: LayerNorm
        let seldom: Linear

        init(_ weights: Weights) {
            block = FeedForward(weights["block.mlp"], width: 96, hidden: 130, activation: .geluTanh)
            norm = LayerNorm(weights["norm"], width: 96)
            seldom = Linear(lazy: weights["modulation"], from: 96, to: 70, initial: .xavierUniform)
        }

        func callAsFunction(_ x: Tensor) -> Tensor { seldom(norm(block(x))) }
    }

    private func write(_ precision: Precision, metadata: [String: String] = [:]) throws -> (plain: String, packed: String) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (plain, packed) = (folder + "/model.safetensors", folder + "/packed.safetensors")
        let recorder = WeightRecorder(FreshWeights(seed: 3))
        _ = Model(Weights(recorder))
        try Checkpoint.write(recorder.parameters, to: plain)
        let source = CheckpointWeights(try Checkpoint(path: plain))
        try PackedFile.write(from: source, as: precision, metadata: metadata, to: packed) {
            _ = Model($0)
            return [("constants", Tensor([1, 2, 3], shape: [3]))]
        }
        try source.verify()
        return (plain, packed)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: folder) }

    @Test(arguments: Precision.allCases)
    func givesWhatPackingAtLoadGives(_ precision: Precision) throws {
        defer { remove() }
        let files = try write(precision, metadata: ["model": "small"])
        let opened = try Checkpoint(path: files.packed)
        #expect(opened.metadata["model"] == "small" && opened.metadata["packed_layout"] == PackedFile.layout)
        #expect(PackedFile.precision(of: opened) == precision)
        #expect(try opened.tensor("constants").values == [1, 2, 3])
        let source = CheckpointWeights(opened)
        let packed = Model(Weights(PackingWeights(source, as: precision)))
        try source.verify { $0 == "constants" }
        let loaded = Model(Weights(PackingWeights(CheckpointWeights(try Checkpoint(path: files.plain)), as: precision)))
        var random = CounterRandom(seed: 4)
        let x = Tensor.randomNormal([5, 96], using: &random)
        #expect(packed.block(x).values == loaded.block(x).values)
        let (a, b) = (packed(x).values, loaded(x).values)
        // What is needed seldom is bfloat16 in the file.
        for (a, b) in zip(a, b) { #expect(abs(a - b) <= (precision == .float32 ? 0 : 0.02) * (1 + abs(b))) }
    }

    @Test func packedMatricesLieAligned() throws {
        defer { remove() }
        let opened = try Checkpoint(path: try write(.bfloat16).packed)
        for name in ["block.mlp.fc1.weight", "block.mlp.fc2.weight"] {
            let memory = try #require(opened.memory(of: name))
            #expect(Int(bitPattern: memory.bytes.baseAddress).isMultiple(of: 64))
        }
    }

    @Test func anotherLayoutIsRefused() throws {
        defer { remove() }
        let path = folder + "/other.safetensors"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Checkpoint.write([("a", .zeros([1]))], metadata: ["packed_layout": "7"], to: path)
        let source = CheckpointWeights(try Checkpoint(path: path))
        _ = source.tensor(named: "a", shape: [1], initial: .zeros)
        let error = #expect(throws: WeightMismatch.self) { try source.verify() }
        #expect(error?.unreadable == ["its matrices are packed in layout 7, expected 1: convert the model anew"])
    }

    @Test func whatDoesNotFitIsTold() throws {
        defer { remove() }
        let path = folder + "/broken.safetensors"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let names = ["m.weight", "n.weight"]
        let writer = try SafetensorsWriter(
            to: path, tensors: names.map { .init(name: $0, type: .u64, shape: [3]) },
            metadata: [
                "packed_layout": "1", "packed:m.weight": "bfloat16 64 64", "packed:n.weight": "int8 4294967295 4294967295 65535",
            ])
        for name in names { try writer.write(name, integers: [1, 2, 3]) }
        try writer.finish()
        let source = CheckpointWeights(try Checkpoint(path: path))
        let weights = Weights(PackingWeights(source, as: .bfloat16))
        _ = Linear(weights["m"], from: 64, to: 64, bias: false)
        _ = Linear(weights["n"], from: 64, to: 64, bias: false)
        let error = #expect(throws: WeightMismatch.self) { try source.verify() }
        #expect(error?.unreadable == ["m.weight: it has not the size of a matrix of [64, 64] packed as bfloat16"])
        #expect(error?.misshaped == ["n.weight [4294967295, 4294967295, 65535], expected [64, 64]"])
        // Training has no use for packed matrices.
        let trained = CheckpointWeights(try Checkpoint(path: try write(.bfloat16).packed))
        _ = trained.tensor(named: "block.mlp.fc1.weight", shape: [130, 96], initial: .zeros)
        let other = #expect(throws: WeightMismatch.self) { try trained.verify(ignoring: { _ in true }) }
        #expect(other?.unreadable == ["block.mlp.fc1.weight: it is packed for inference"])
    }
}
