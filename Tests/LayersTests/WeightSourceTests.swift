import Checkpoints
import Foundation
import Layers
import Synchronization
import Tensors
import Testing

@Suite struct WeightSourceTests {
    private func checkpoint(_ tensors: [(name: String, tensor: Tensor)]) throws -> Checkpoint {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("flowtok-layers-\(UInt64.random(in: 0 ... .max)).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Checkpoint.write(tensors, to: path)
        return try Checkpoint(path: path, mapping: false)
    }

    @Test func whatFitsIsRead() throws {
        let source = CheckpointWeights(
            try checkpoint([("m.weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])), ("m.bias", Tensor([7, 8], shape: [2]))]))
        let linear = Linear(Weights(source)["m"], from: 3, to: 2)
        try source.verify()
        #expect(linear(Tensor([1, 0, 0], shape: [1, 3])).values == [8, 12])
        #expect(Weights(source)["m"].contains("bias") && !Weights(source)["m"].contains("gain"))
    }

    @Test func everythingThatDoesNotFitIsToldAtOnce() throws {
        let file = try checkpoint([
            ("first.weight", .zeros([2, 3])), ("first.bias", .zeros([3])), ("second.weight", .zeros([2, 2])),
            ("extra", .zeros([1])), ("projector.weight", .zeros([1])),
        ])
        let source = CheckpointWeights(file)
        _ = Linear(Weights(source)["first"], from: 3, to: 2)
        _ = Linear(Weights(source)["second"], from: 2, to: 2)
        _ = LayerNorm(Weights(source)["norm"], width: 4)
        let error = #expect(throws: WeightMismatch.self) {
            try source.verify(ignoring: { $0.hasPrefix("projector.") })
        }
        #expect(error?.file == file.path)
        #expect(error?.missing == ["second.bias", "norm.weight", "norm.bias"])
        #expect(error?.misshaped == ["first.bias [3], expected [2]"])
        #expect(error?.unexpected == ["extra"])
        let text = try #require(error?.description)
        #expect(text.contains("3 missing (second.bias, norm.weight, norm.bias)") && text.contains("1 unexpected (extra)"))
        #expect(!text.contains("\n"))
    }

    /// The first parameter that is not finite is told, whether or not its matrix was packed.
    @Test(arguments: ["m.weight", "m.bias"]) func valuesThatAreNotFiniteAreNoticed(name: String) throws {
        func weights(_ broken: String) throws -> Checkpoint {
            func values(_ own: String, _ shape: [Int]) -> Tensor {
                own == broken ? .filled(shape, with: .infinity) : .filled(shape, with: 1)
            }
            return try checkpoint([("m.weight", values("m.weight", [64, 64])), ("m.bias", values("m.bias", [64]))])
        }
        for precision in Precision.allCases {
            let broken = try weights(name)
            _ = Linear(Weights(PackingWeights(CheckpointWeights(broken), as: precision))["m"], from: 64, to: 64)
            #expect(broken.firstNonFinite == name)
            let sound = try weights("")
            _ = Linear(Weights(PackingWeights(CheckpointWeights(sound), as: precision))["m"], from: 64, to: 64)
            #expect(sound.firstNonFinite == nil)
        }
    }

    /// What is only expected is checked like what is read.
    @Test func expectedWeightsAreReportedWhereTheyAreNotThere() throws {
        let source = CheckpointWeights(try checkpoint([("m.weight", .zeros([2, 3])), ("m.bias", .zeros([3]))]))
        let expected = ExpectedWeights(source)
        #expect(expected.contains("m.bias") && !expected.contains("n.bias"))
        _ = Linear(Weights(expected)["m"], from: 3, to: 2)
        _ = LayerNorm(Weights(expected)["n"], width: 2)
        let error = #expect(throws: WeightMismatch.self) { try source.verify() }
        #expect(error?.missing == ["n.weight", "n.bias"] && error?.misshaped == ["m.bias [3], expected [2]"])
        #expect(error?.unexpected == [])
    }

    @Test func aDeferredPartIsMadeOnce() async {
        let count = Mutex(0)
        let part = Lazy {
            count.withLock { $0 += 1 }
            return 7
        }
        #expect(count.withLock { $0 } == 0)
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { part.value } }
            for await value in group { #expect(value == 7) }
        }
        #expect(count.withLock { $0 } == 1)
    }

    @Test func longListsAreCutShort() {
        let names = (0..<100).map { "layer.\($0)" }
        let text = WeightMismatch(file: "model.safetensors", missing: names).description
        #expect(text.contains("100 missing (layer.0, layer.1, layer.2, layer.3, layer.4, …)"))
    }

    @Test func routedWeightsAskTheSourceThatTheTestChooses() throws {
        let file = CheckpointWeights(try checkpoint([("fixed.weight", .filled([2], with: 9)), ("free.weight", .filled([2], with: 9))]))
        let source = RoutedWeights(FreshWeights(seed: 1), where: { $0.hasPrefix("free.") }, otherwise: file)
        #expect(Weights(source)["fixed"].tensor("weight", [2], initial: .zeros).values == [9, 9])
        #expect(Weights(source)["free"].tensor("weight", [2], initial: .ones).values == [1, 1])
        #expect(source.contains("free.anything") && source.contains("fixed.weight") && !source.contains("fixed.bias"))
        // Only what was asked of the file counts as used.
        #expect(throws: WeightMismatch.self) { try file.verify() }
        try file.verify(ignoring: { $0.hasPrefix("free.") })
    }

    @Test func aRecorderKeepsEveryParameterOnceAndInOrder() {
        let recorder = WeightRecorder(FreshWeights(seed: 4))
        let weights = Weights(recorder)
        let first = Linear(weights["b"], from: 2, to: 2)
        _ = Linear(weights["a"], from: 2, to: 2, bias: false)
        _ = Linear(weights["b"], from: 2, to: 2)
        #expect(recorder.parameters.map(\.0) == ["b.weight", "b.bias", "a.weight"])
        #expect(recorder.parameters.first?.1.values == first.weight.values)
    }

    @Test func placesInTheTreeOfNames() {
        let weights = Weights(FreshWeights(seed: 1))
        #expect(weights["blocks"][3]["attn.qkv"].path == "blocks.3.attn.qkv")
        #expect(weights.path.isEmpty)
    }

    @Test func bothMapsOfAFeedForwardNetworkStartAsAsked() {
        let network = FeedForward(
            Weights(FreshWeights(seed: 1)), width: 4, hidden: 8, activation: .relu, initial: .constant(1),
            secondInitial: .constant(2), biasInitial: .constant(3), secondBiasInitial: .constant(4))
        #expect(network.first.weight.values.allSatisfy { $0 == 1 } && network.second.weight.values.allSatisfy { $0 == 2 })
        #expect(network.first.bias?.values == Array(repeating: 3, count: 8))
        #expect(network.second.bias?.values == Array(repeating: 4, count: 4))
        let plain = FeedForward(
            Weights(FreshWeights(seed: 1)), width: 4, hidden: 8, activation: .relu, initial: .constant(1))
        #expect(plain.second.weight.values.allSatisfy { $0 == 1 } && plain.second.bias?.values == [0, 0, 0, 0])
    }
}
