import Checkpoints
import Datasets
import Files
import Foundation
import Layers
import ModelFolders
import Networks
import Tensors

/// The configuration file of a kind of training of image tokenizers.
public struct TokenizerKindRecipe<Kind: TokenizerKind>: Sendable, Codable, Equatable {
    /// What is trained.
    public struct Model: Sendable, Codable, Equatable {
        /// The name of the tokenizer that comes out, which token files record.
        public var name: String
        public var network: Kind.Network
        /// The keys of the kind's own.
        public var kind: Kind
        public var losses: PixelLossConfiguration
        /// Whether half of the pictures are seen in a mirror.
        public var flip: Bool
        public var training: TrainingSettings

        enum CodingKeys: String, CodingKey {
            case name, network, losses, flip, training
        }

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decodeIfPresent(String.self, forKey: .name) ?? Kind.id
            network = try values.decode(Kind.Network.self, forKey: .network)
            kind = try Kind(from: decoder)
            losses = try values.decodeIfPresent(PixelLossConfiguration.self, forKey: .losses) ?? PixelLossConfiguration()
            flip = try values.decodeIfPresent(Bool.self, forKey: .flip) ?? false
            training = try values.decode(TrainingSettings.self, forKey: .training)
        }

        public func encode(to encoder: any Encoder) throws {
            try kind.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(name, forKey: .name)
            try values.encode(network, forKey: .network)
            if Kind.drawsPixels { try values.encode(losses, forKey: .losses) }
            try values.encode(flip, forKey: .flip)
            try values.encode(training, forKey: .training)
        }

        /// - Throws: `InvalidValue` for the first value that cannot be used.
        func validate() throws(InvalidValue) {
            try network.validate(as: "network")
            try kind.validate(network)
            do { try losses.validate(side: kind.imageSize(network)) } catch { throw InvalidValue("losses.\(error.reason)") }
            try training.validate(as: "training")
        }
    }

    public var kind: String?
    public var data: DataConfiguration
    /// The folder of a trained tokenizer of this shape, or of its run, to start from.
    public var start: String?
    public var model: Model

    /// A run in `output`, new or resumed. Pictures of a user's own are all looked at before it begins.
    static func open(
        file: String, output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void
    ) throws -> TrainingRun {
        var recipe = try JSONFile.readStrictly(Self.self, from: file, formerKeys: DataConfiguration.formerKeys.merging(Kind.otherKeys) { $1 })
        func bad(_ reason: String) -> ConfigurationError { .badConfiguration(file: file, reason: reason) }
        // What is cheap to find out comes first: data take seconds to load.
        try TrainingRun.check(folder: output, resume: resume)
        recipe.model.network = try ConfigurationError.reading("model", of: file) { try recipe.model.kind.completed(recipe.model.network) }
        do { try recipe.model.validate() } catch { throw bad("model." + error.reason) }
        let start = try recipe.start.map { folder in
            try ConfigurationError.reading("start", of: file) { try recipe.model.kind.parameters(of: folder, recipe.model.network) }
        }
        let sources = try recipe.data.sources(
            side: recipe.model.kind.imageSize(recipe.model.network), needsCaptions: false, file: file,
            known: TrainingRun.dataRecord(in: output, resume: resume), progress: checking)
        let task = try ConfigurationError.reading("model", of: file) {
            try TokenizerKindTrainer(recipe.model, source: sources.training, shown: sources.shown, start: start)
        }
        return try TrainingRun(
            task, title: Kind.id, settings: recipe.model.training, configuration: recipe, folder: output, resume: resume,
            data: sources.data)
    }
}

extension TokenizerKind {
    /// The parameters of a tokenizer of this kind's network in a folder, by name.
    ///
    /// - Throws: `FlowTokError`, `CheckpointError`, `TrainingError` where there is none of that family.
    fileprivate func parameters(of folder: String, _ network: Network) throws -> [String: Tensor] {
        let opened = try ImageTokenizerFolder(path: RunFolder.modelFolder(folder))
        guard opened.configuration is Network else {
            throw TrainingError.otherKind(path: folder, found: opened.family.title, expected: Self.id)
        }
        let checkpoint = try Checkpoint.ofModel(opened.weightsFile)
        try checkpoint.checkFinite()
        return try Dictionary(uniqueKeysWithValues: checkpoint.names.map { ($0, try checkpoint.tensor($0)) })
    }
}

extension RunFolder {
    /// The model in the folder of a run that has exported one, or the folder itself.
    static func modelFolder(_ path: String) -> String {
        let run = path + "/" + model
        return !ModelFolder.isOne(path) && ModelFolder.isOne(run) ? run : path
    }
}
