import Layers
import Networks
import Tensors
import Testing

/// Where a text variational encoder and its projector start: as PyTorch's linear layers do, uniform within ±1/√inputs,
/// biases too (reference section 9).
@Suite struct InitialValuesTests {
    @Test func everyMapHasTheBoundOfItsInputs() throws {
        let recorder = WeightRecorder(FreshWeights(seed: 1))
        let configuration = TextVariationalConfiguration(width: 48, layers: 2, heads: 4, hidden: 192, channels: 4)
        _ = TextVariationalEncoder(configuration, weights: Weights(recorder)["encoder"])
        _ = TextProjector(Weights(recorder)["projector"], width: 48, channels: 4)
        var maps = 0
        for (name, values) in recorder.parameters where name.hasSuffix(".weight") {
            let inputs = values.shape[1]
            let bias = try #require(recorder.parameters.first { $0.0 == name.dropLast("weight".count) + "bias" }).1
            let bound = 1 / Float(inputs).squareRoot()
            #expect(name.contains("ffn_2") ? inputs == 192 : inputs == 48 || inputs == 512, "\(name)")
            for (kind, largest) in [("weight", values.values.map(abs).max()), ("bias", bias.values.map(abs).max())] {
                let largest = try #require(largest)
                #expect(largest <= bound && largest > 0.5 * bound, "\(name): \(kind) \(largest), bound \(bound)")
            }
            maps += 1
        }
        #expect(maps == 2 * 6 + 1 + 3)
    }
}
