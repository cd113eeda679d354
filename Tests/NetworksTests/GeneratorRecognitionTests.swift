import Foundation
import Layers
import ModelFolders
import Networks
import Tensors
import Testing

/// Configurations told from names and shapes.
@Suite struct GeneratorRecognitionTests {
    private static let joint = JointTransformerShape(width: 48, depth: 3, heads: 16, textWidth: 20, microWidth: 12)

    static let all: [GeneratorConfiguration] = [
        .maskGIT(
            MaskGITConfiguration(
                architecture: .vit, codebookSize: 30, tokens: 7, classes: 11, width: 32, layers: 3, heads: 16, hidden: 40)),
        .maskGIT(
            MaskGITConfiguration(
                architecture: .uvit, codebookSize: 30, tokens: 7, classes: 11, width: 32, layers: 4, heads: 16, hidden: 40)),
        .maskGenVQ(MaskGenVQConfiguration(transformer: joint, codebookSize: 30, tokens: 7, aestheticScore: 6.5)),
        .maskGenKL(MaskGenKLConfiguration(transformer: joint, tokens: 7, channels: 3, headDepth: 2, headWidth: 24)),
    ]

    private func shapes(_ configuration: GeneratorConfiguration) -> [String: [Int]] {
        let recorder = WeightRecorder(FreshWeights(seed: 1))
        let weights = Weights(recorder)
        switch configuration {
        case .maskGIT(let shape): _ = MaskGITGenerator(shape, weights: weights)
        case .maskGenVQ(let shape): _ = MaskGenVQ(shape, weights: weights)
        case .maskGenKL(let shape): _ = MaskGenKL(shape, weights: weights)
        }
        return Dictionary(uniqueKeysWithValues: recorder.parameters.map { ($0.0, $0.1.shape) })
    }

    @Test(arguments: all)
    func everyKind(_ configuration: GeneratorConfiguration) throws {
        #expect(try GeneratorConfiguration(shapes: shapes(configuration)) == configuration)
        let coded = try JSONDecoder().decode(GeneratorConfiguration.self, from: JSONEncoder().encode(configuration))
        #expect(coded == configuration)
    }

    @Test(arguments: all)
    func contradictions(_ configuration: GeneratorConfiguration) {
        let whole = shapes(configuration)
        var refused = 0
        for (name, shape) in whole {
            for other in [nil, [], shape + [1], shape.map { _ in 1 << 40 }, shape.map { _ in 0 }] as [[Int]?] {
                var changed = whole
                changed[name] = other
                // Whatever is wrong, there is an answer; what shapes say nothing of does not matter here.
                do { _ = try GeneratorConfiguration(shapes: changed) } catch is GeneratorError { refused += 1 } catch {
                    Issue.record("\(name): \(error)")
                }
            }
        }
        #expect(refused >= 15)
        #expect(throws: GeneratorError.self) { try GeneratorConfiguration(shapes: [:]) }
    }
}
