import Foundation
import Layers
import ModelFolders
import Networks
import Tensors
import Testing

/// Configurations told from names and shapes.
@Suite struct GeneratorRecognitionTests {
    private static let joint = MMDiTShape(width: 48, depth: 3, heads: 16, textWidth: 20, microWidth: 12)

    static let all: [any TokenGeneratorConfiguration] = [
        MaskGITConfiguration(
            architecture: .vit, codebookSize: 30, length: 7, classes: 11, width: 32, layers: 3, heads: 16, hidden: 40),
        MaskGITConfiguration(
            architecture: .uvit, codebookSize: 30, length: 7, classes: 11, width: 32, layers: 4, heads: 16, hidden: 40),
        MaskGenVQConfiguration(transformer: joint, codebookSize: 30, length: 7, aestheticScore: 6.5),
        MaskGenKLConfiguration(transformer: joint, length: 7, channels: 3, headDepth: 2, headWidth: 24),
        RARConfiguration(codebookSize: 30, length: 7, classes: 11, width: 32, layers: 3, heads: 4, hidden: 40),
        TokenBridgeConfiguration(
            imageSize: 48, channels: 3, levels: 8, classes: 11, buffer: 2, encoder: TransformerShape(width: 64, layers: 2, heads: 1),
            decoder: TransformerShape(width: 128, layers: 1, heads: 2), head: TransformerShape(width: 32, layers: 2, heads: 4)),
        LlamaGenConfiguration(codebookSize: 30, length: 7, classes: 11, width: 64, layers: 3, heads: 1, hidden: 40),
        MaskGITConfiguration(
            architecture: .vit, codebookSize: 30, length: 7, subjects: .captions(width: 24), width: 32, layers: 3, heads: 16, hidden: 40),
        MaskGITConfiguration(
            architecture: .uvit, codebookSize: 30, length: 7, subjects: .captions(width: 24), width: 32, layers: 4, heads: 16, hidden: 40),
        TokenBridgeConfiguration(
            imageSize: 48, channels: 3, levels: 8, subjects: .captions(width: 24), buffer: 2,
            encoder: TransformerShape(width: 64, layers: 2, heads: 1), decoder: TransformerShape(width: 128, layers: 1, heads: 2),
            head: TransformerShape(width: 32, layers: 2, heads: 4)),
        LlamaGenConfiguration(
            codebookSize: 30, length: 7, subjects: .captions(width: 24), conditionLength: 5, width: 64, layers: 3, heads: 1, hidden: 40),
    ]

    private func shapes(_ configuration: any TokenGeneratorConfiguration) -> [String: [Int]] {
        let recorder = WeightRecorder(FreshWeights(seed: 1))
        _ = configuration.generator(Weights(recorder))
        return Dictionary(uniqueKeysWithValues: recorder.parameters.map { ($0.0, $0.1.shape) })
    }

    @Test(arguments: all)
    func everyKind(_ configuration: any TokenGeneratorConfiguration) throws {
        let found = try #require(try RecognisedCheckpoint(shapes: shapes(configuration), file: "x")?.configuration)
        #expect(AnyHashable(found) == AnyHashable(configuration))
        func coded<Found: NetworkConfiguration>(_ configuration: Found) throws -> Bool {
            try JSONDecoder().decode(Found.self, from: JSONEncoder().encode(configuration)) == configuration
        }
        #expect(try coded(configuration))
    }

    @Test(arguments: all)
    func contradictions(_ configuration: any TokenGeneratorConfiguration) {
        let whole = shapes(configuration)
        var refused = 0
        for (name, shape) in whole {
            for other in [nil, [], shape + [1], shape.map { _ in 1 << 40 }, shape.map { _ in 0 }] as [[Int]?] {
                var changed = whole
                changed[name] = other
                // Whatever is wrong, there is an answer; what shapes say nothing of does not matter here.
                do { _ = try type(of: configuration).init(inferredFrom: TensorCatalog(changed)) } catch is TensorCatalog.Problem { refused += 1 } catch {
                    Issue.record("\(name): \(error)")
                }
            }
        }
        #expect(refused >= 15)
        #expect(throws: TensorCatalog.Problem.self) { try type(of: configuration).init(inferredFrom: TensorCatalog([:])) }
    }
}
