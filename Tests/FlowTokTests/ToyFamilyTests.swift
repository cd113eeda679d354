import Checkpoints
import Files
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// A family of a program's own, registered from outside the package: everything that works on model folders works on its.
@Suite(.serialized) struct ToyFamilyTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        ModelFamilies.register(.toyTokenizer)
        ModelFamilies.register(.toyGenerator)
        try Checkpoint.write([("toy.gain", Tensor([2], shape: [1]))], to: folder("toy.safetensors"))
        try Checkpoint.write([("toy.tint", Tensor([0.1, 0.5, 0.9], shape: [3]))], to: folder("tint.safetensors"))
    }

    /// An image of one colour.
    private var image: Image {
        Image(width: 16, height: 16, filled: Color(red: 51, green: 102, blue: 204))
    }

    private func imported(_ names: [String]) throws -> String {
        let made = try ModelImport(names.map { folder($0) })
        try made.write()
        return made.folder
    }

    @Test func itsCheckpointsAreRecognised() throws {
        let found = try #require(try RecognisedCheckpoint(Checkpoint(path: folder("toy.safetensors"))))
        #expect(found.family == .toyTokenizer && found.summary == "a toy, 4 tokens of 3 numbers")
        let description = Recognition.describe(try Checkpoint(path: folder("tint.safetensors")))
        #expect(description.contains("a toy generator"))
    }

    @Test func importedItTokenizes() throws {
        let path = try imported(["toy.safetensors"])
        #expect(try ModelFamilies.family(ofFolder: path) == .toyTokenizer)
        #expect(try ConfigurationSummary(folder: path).text == "the configuration of a toy, an image tokenizer")
        let tokenizer = try AnyImageTokenizer(path: path)
        let tokens = try tokenizer.encode(image)
        let again = try tokenizer.decode(tokens)
        #expect(again.pixels == image.pixels)
        // Through a file of tokens.
        try TokenFile.write(tokens, by: tokenizer.identity, to: folder("tokens.safetensors"))
        let read = try TokenFile.read(
            from: folder("tokens.safetensors"), by: tokenizer.identity, codebookSize: tokenizer.tokenizer.tokens.codebookSize)
        #expect(read.latents?.values == tokens.latents?.values)
    }

    @Test func importedItDraws() throws {
        let path = try imported(["toy.safetensors", "tint.safetensors"])
        #expect(try ModelFamilies.family(ofFolder: path) == .toyGenerator)
        let generator = try ImageGenerator(GeneratorFolder(path: path))
        #expect(generator.classes == 3 && generator.imageSize == 16 && generator.defaults.steps == 2)
        var steps: [Int] = []
        let drawn = try generator.generate(ImageGeneratorRequest(.imageClass(1), seed: 5)) { steps.append($0.step) }
        #expect(steps == [1, 2] && drawn.settings.steps == 2)
        #expect(drawn.image.width == 16)
        #expect(refusal { try generator.generate(ImageGeneratorRequest(.caption("a fox"), seed: 5)) }.text.contains("draws classes"))
        let warm = ImageGeneratorRequest(.imageClass(1), seed: 5, settings: GeneratorSettings(temperature: 2))
        #expect(refusal { try generator.generate(warm) }.text.contains("no such setting"))
    }

    @Test func itsFoldersAreConverted() throws {
        let path = try imported(["toy.safetensors"])
        let conversion = try FolderConversion(path)
        #expect(conversion.family == .toyTokenizer)
        let output = folder("half")
        try conversion.write(to: output, as: .bf16)
        #expect(try AnyImageTokenizer(path: output).decode(AnyImageTokenizer(path: output).encode(image)).pixels == image.pixels)
    }

    @Test func whatDoesNotFitIsSaid() throws {
        try Checkpoint.write([("toy.gain", Tensor([2, 2], shape: [2]))], to: folder("wide.safetensors"))
        #expect(refusal { try AnyImageTokenizer(path: folder("wide.safetensors")) }.text.contains("looks like a toy"))
        try folder.write("odd/config.json", #"{"model_type": "toy", "side": -16}"#)
        try Checkpoint.write([("toy.gain", Tensor([2], shape: [1]))], to: folder("odd/model.safetensors"))
        #expect(refusal { try AnyImageTokenizer(path: folder("odd")) }.text.contains("side is -16"))
    }
}

extension ModelFamily {
    fileprivate static let toyTokenizer = ModelFamily(
        id: "toy", title: "a toy, an image tokenizer", abilities: [.tokenize],
        network: .imageTokenizer(ToyConfiguration.self), signatures: [Signature("a toy", ["toy.gain"])])
    fileprivate static let toyGenerator = ModelFamily(
        id: "toy-generator", title: "a toy generator", abilities: [.drawClasses],
        network: .generator(ToyGeneratorConfiguration.self), signatures: [Signature("a toy generator", ["toy.tint"])])
}

/// Images of 16 pixels as the means of their quarters.
private struct ToyConfiguration: ImageTokenizerConfiguration {
    var side = 16

    init(inferredFrom catalog: TensorCatalog) throws {
        guard try catalog.shape("toy.gain", rank: 1) == [1] else { throw TensorCatalog.Problem("toy.gain is no single number") }
    }

    func validate() throws(InvalidValue) { guard side == 16 else { throw InvalidValue("side is \(side), expected 16") } }
    var summary: String { "a toy, \(tokens.summary)" }
    var imageSize: Int { side }
    var tokens: TokenShape { TokenShape(count: 4, values: .latents(channels: 3)) }
    var textGuidance: TextGuidanceShape? { nil }
    func imageTokenizer(_ weights: Weights) -> any ImageTokenizer {
        Toy(configuration: self, gain: weights.tensor("toy.gain", [1], initial: .ones))
    }
}

private struct Toy: ImageTokenizer {
    let configuration: ToyConfiguration
    let gain: Tensor
    var imageSize: Int { configuration.imageSize }
    var tokens: TokenShape { configuration.tokens }
    var textGuidance: TextGuidanceShape? { nil }
    var byteRounding: ByteRounding { .nearest }

    func tokenize(_ images: Tensor) throws -> ImageTokens {
        var small = images
        while small.shape[2] > 2 { small = small.averagePooled2x2() }
        return .latents(small.reshaped([small.shape[0], 3, 4]).permuted(0, 2, 1) * gain.item)
    }

    func detokenize(
        _ tokens: ImageTokens, guidedBy text: Tensor?, options: DecodeOptions, progress: (GenerationStep) throws -> Void
    ) throws -> Tensor {
        guard let latents = tokens.latents else { throw ImageTokenizerError.tokenKind(found: "codes", expected: "latents") }
        var large = (latents * (1 / gain.item)).permuted(0, 2, 1).reshaped([latents.shape[0], 3, 2, 2])
        while large.shape[2] < imageSize { large = large.doubled2x2() }
        return large
    }
}

/// Three classes: red, green and blue.
private struct ToyGeneratorConfiguration: TokenGeneratorConfiguration {
    var classes = 3

    init(inferredFrom catalog: TensorCatalog) throws { classes = try catalog.shape("toy.tint", rank: 1)[0] }

    func validate() throws(InvalidValue) {}
    var summary: String { "a toy generator of \(classes) classes" }
    var subjects: GeneratorSubjects { .classes(classes) }
    var tokens: TokenShape { TokenShape(count: 4, values: .latents(channels: 3)) }
    func generator(_ weights: Weights) -> any TokenGenerator {
        ToyGenerator(configuration: self, tint: weights.tensor("toy.tint", [classes], initial: .ones))
    }
}

private struct ToyGenerator: TokenGenerator {
    let configuration: ToyGeneratorConfiguration
    let tint: Tensor
    var subjects: GeneratorSubjects { configuration.subjects }
    var tokens: TokenShape { configuration.tokens }
    var defaults: GeneratorSettings { GeneratorSettings(steps: 2) }

    func generate(
        _ condition: GeneratorCondition, settings: GeneratorSettings, noise: inout any NoiseSource,
        progress: (GenerationStep) throws -> Void
    ) throws -> ImageTokens {
        guard case .classes(let classes) = condition else { throw GeneratorError.otherSubject(expected: "classes") }
        let steps = settings.steps ?? 1
        for step in 1...max(1, steps) { try progress(GenerationStep(step: step, steps: steps)) }
        return .latents(Tensor.filled([classes.count, 4, 3], with: tint.values[classes[0]]))
    }
}
