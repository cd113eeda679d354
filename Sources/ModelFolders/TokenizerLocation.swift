import Checkpoints
import Files
import Foundation
import Networks
import Tensors

/// An image tokenizer that a user points at: a folder as the hub holds it, one with the `config.json` of `flowtok import`,
/// one with a checkpoint and nothing that describes it, or a checkpoint alone.
package struct TokenizerLocation {
    package let name: String
    package let configuration: any ImageTokenizerConfiguration
    package let weightsFile: String
    /// The text encoder beside it, where there is one.
    package let text: TextEncoderFiles?
    /// What was assumed of a checkpoint that nothing describes, a line each.
    package let warnings: [String]

    package init(
        name: String, configuration: any ImageTokenizerConfiguration, weightsFile: String, text: TextEncoderFiles?, warnings: [String] = []
    ) {
        self.warnings = warnings
        self.name = name
        self.configuration = configuration
        self.weightsFile = weightsFile
        self.text = text
    }

    /// Nothing but names and shapes is read.
    ///
    /// - Throws: `FlowTokError`, `ImageTokenizerError` or `CheckpointError` where there is no image tokenizer.
    package init(path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FlowTokError.modelNotFound(path: path)
        }
        if !isFolder.boolValue {
            let checkpoint = try Checkpoint.ofModel(path)
            (configuration, warnings) = try checkpoint.recognisedImageTokenizer()
            weightsFile = path
            name = InputFile.stem(path)
            text = nil
        } else if FileManager.default.fileExists(atPath: path + "/" + ModelFolder.configurationFile) {
            let folder = try ImageTokenizerFolder(path: path)
            (name, configuration, weightsFile) = (folder.name, folder.configuration, folder.weightsFile)
            text = try folder.text
            warnings = []
        } else {
            let files = try ModelImport.look(at: path)
            let parts = try ImportedParts(files)
            guard let tokenizer = parts.tokenizer else {
                throw FlowTokError.incompleteFiles("\(path): no image tokenizer among its files, expected one")
            }
            (configuration, weightsFile) = (tokenizer.configuration, tokenizer.path)
            warnings = files.filter { $0.path == tokenizer.path }.flatMap(\.warnings)
            name = InputFile.stem(tokenizer.path)
            text = CLIPFiles(parts, activation: .quickGELU).map { TextEncoderFiles.clip($0) }
        }
    }

    /// The tokenizer with its weights, and what marks its tokens.
    package func load(
        _ checkpoint: Checkpoint, precision: Precision
    ) throws -> (tokenizer: any ImageTokenizer, maker: TokenizerIdentity) {
        let tokenizer = try configuration.load(checkpoint, precision: precision)
        return (tokenizer, TokenizerIdentity(name: name, weights: try checkpoint.tokenizerDigest(type(of: configuration).identifyingTensors)))
    }
}
