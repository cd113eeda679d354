import FlowTok
import Foundation
import ModelFolders
import Networks
import Sampling

/// A model that the server draws or captions with.
package struct ServedModel: Sendable {
    enum Engine: Sendable {
        /// Draws captions along a flow, and may caption.
        case flow(FlowTok)
        /// Draws classes or captions by choosing tokens.
        case generator(ImageGenerator)
    }

    /// What requests call it.
    package let name: String
    /// The name of its folder, which requests may use too.
    let folderName: String
    let engine: Engine
    let loaded: Date

    /// Opens a model folder of any family that draws.
    ///
    /// - Parameter path: nil for the model that the package ships.
    /// - Throws: as `FlowTok(model:)` and `ImageGenerator(_:)`.
    package init(path: String?, precision: Precision?) throws {
        let path = try path ?? DefaultModel.path()
        folderName = URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent
        if try ServedModel.isFlow(path) {
            let flowtok = try FlowTok(model: path, precision: precision)
            name = flowtok.configuration.name
            engine = .flow(flowtok)
        } else {
            let generator = try ImageGenerator(GeneratorFolder(path: path), precision: precision ?? .float32)
            name = generator.name
            engine = .generator(generator)
        }
        loaded = Date()
    }

    /// Whether a path is that of a flow. What cannot be told apart is left to the one that says what is wrong with it.
    private static func isFlow(_ path: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path + "/" + ModelFolder.configurationFile) else {
            return !FileManager.default.fileExists(atPath: path)
        }
        return try ModelFamilies.family(ofFolder: path).isFlow
    }

    /// The side of the images that it draws, in pixels.
    var imageSize: Int {
        switch engine {
        case .flow(let flowtok): flowtok.imageTokenizer.imageSize
        case .generator(let generator): generator.imageSize
        }
    }

    /// What was found strange about its files.
    package var warnings: [String] {
        switch engine {
        case .flow(let flowtok): flowtok.warnings
        case .generator(let generator): generator.warnings
        }
    }

    /// The number of classes that it draws; nil where it draws captions.
    var classes: Int? {
        if case .generator(let generator) = engine { generator.classes } else { nil }
    }

    var isFlow: Bool {
        if case .flow = engine { true } else { false }
    }

    var canCaption: Bool {
        if case .flow(let flowtok) = engine { flowtok.configuration.textDecoder != nil } else { false }
    }

    /// - Throws: `APIError` 400 where the model is no flow.
    func flow(for purpose: String) throws -> FlowTok {
        guard case .flow(let flowtok) = engine else {
            throw APIError.badRequest("the model \"\(name)\" only draws: \(purpose) needs a FlowTok", code: "unsupported")
        }
        return flowtok
    }

    /// The default settings, for programs that show them.
    var defaults: (steps: Int?, guidance: Float?, solver: Solver?) {
        switch engine {
        case .flow(let flowtok):
            let sampling = flowtok.configuration.sampling
            return (sampling.steps, sampling.guidance, sampling.solver)
        case .generator(let generator):
            return (generator.defaults.steps, generator.defaults.guidance.map { Float($0) }, nil)
        }
    }
}
