import Checkpoints
import Files
import Foundation
import Layers
import ModelFolders
import Networks
import Tensors

/// The autoencoder that a FlexTok is trained over: one of diffusers, that of a FlexTok, or one that was trained here.
struct GivenAutoencoder {
    let configuration: AutoencoderKLConfiguration
    private let source: Source

    private enum Source {
        /// Names of diffusers after a prefix.
        case diffusers(Checkpoint, prefix: String)
        case latentDiffusion(TokenBridgeTokenizerConfiguration, Checkpoint)
    }

    private static let file = "diffusion_pytorch_model.safetensors"

    /// - Throws: `FlowTokError`, `CheckpointError`, `TrainingError.otherKind` and `.unusableCheckpoint`.
    init(path: String) throws {
        let folder = RunFolder.modelFolder(path)
        let diffusers = folder + "/" + Self.file
        if FileManager.default.fileExists(atPath: diffusers) {
            let checkpoint = try Checkpoint(path: diffusers)
            var shape = try JSONFile.read(DiffusersAutoencoder.self, from: folder + "/" + ModelFolder.configurationFile).shape
            if checkpoint.contains("encoder.mid_block.attentions.0.query.weight") { shape.attentionLayout = .former }
            (configuration, source) = (shape, .diffusers(checkpoint, prefix: ""))
        } else {
            let opened = try ImageTokenizerFolder(path: folder)
            let checkpoint = try Checkpoint.ofModel(opened.weightsFile)
            switch opened.configuration {
            case let flexTok as FlexTokConfiguration:
                (configuration, source) = (flexTok.autoencoder, .diffusers(checkpoint, prefix: FlexTokTraining.prefix))
            case let trained as TokenBridgeTokenizerConfiguration:
                guard trained.shape.attendedLevels.isEmpty else {
                    throw TrainingError.unusableCheckpoint(
                        path: path,
                        reason: "its encoder has attention between its blocks, which FlexTok's has not: train one whose \"resolution\" never halves to 16")
                }
                configuration = AutoencoderKLConfiguration(
                    latentChannels: trained.channels, blockChannels: trained.shape.levels, layersPerBlock: trained.residualBlocks,
                    groups: trained.shape.groups, scalingFactor: trained.scaleFactor)
                source = .latentDiffusion(trained, checkpoint)
            default:
                throw TrainingError.otherKind(path: path, found: opened.family.title, expected: "an autoencoder")
            }
        }
        guard configuration.scalingFactor != nil else {
            throw TrainingError.unusableCheckpoint(path: path, reason: "nothing says its scaling_factor")
        }
        try configuration.validate()
    }

    /// All parameters by diffusers' names.
    func parameters() throws -> [String: Tensor] {
        func asked(_ shape: AutoencoderKLShape, _ source: any WeightSource) -> [(String, Tensor)] {
            let recorder = WeightRecorder(source)
            _ = AutoencoderKLEncoder(shape, weights: Weights(recorder))
            _ = AutoencoderKLDecoder(shape, weights: Weights(recorder))
            return recorder.parameters
        }
        func read(_ shape: AutoencoderKLShape, _ checkpoint: Checkpoint, prefix: String) throws -> [(String, Tensor)] {
            let weights = CheckpointWeights(checkpoint)
            let recorder = WeightRecorder(weights)
            let root = prefix.isEmpty ? Weights(recorder) : Weights(recorder)[String(prefix.dropLast())]
            _ = AutoencoderKLEncoder(shape, weights: root)
            _ = AutoencoderKLDecoder(shape, weights: root)
            try weights.verify { _ in true }
            return recorder.parameters.map { (String($0.0.dropFirst(prefix.count)), $0.1) }
        }
        switch source {
        case .diffusers(let checkpoint, let prefix):
            return Dictionary(uniqueKeysWithValues: try read(configuration.shape, checkpoint, prefix: prefix))
        case .latentDiffusion(let trained, let checkpoint):
            // Both layouts are asked for in the same order, and differ in names and in axes of extent 1.
            let found = try read(trained.shape, checkpoint, prefix: "")
            let wanted = asked(configuration.shape, FreshWeights(seed: 0))
            guard found.count == wanted.count else { preconditionFailure("layouts of \(found.count) and \(wanted.count) parameters") }
            return Dictionary(uniqueKeysWithValues: zip(wanted, found).map { ($0.0, $1.1.reshaped($0.1.shape)) })
        }
    }
}

/// The `config.json` of an autoencoder of diffusers.
private struct DiffusersAutoencoder: Decodable {
    let shape: AutoencoderKLConfiguration

    private enum Keys: String, CodingKey {
        case latentChannels = "latent_channels"
        case blockChannels = "block_out_channels"
        case layersPerBlock = "layers_per_block"
        case groups = "norm_num_groups"
        case scalingFactor = "scaling_factor"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        shape = AutoencoderKLConfiguration(
            latentChannels: try values.decode(Int.self, forKey: .latentChannels),
            blockChannels: try values.decode([Int].self, forKey: .blockChannels),
            layersPerBlock: try values.decodeIfPresent(Int.self, forKey: .layersPerBlock) ?? 1,
            groups: try values.decodeIfPresent(Int.self, forKey: .groups) ?? 32,
            scalingFactor: try values.decodeIfPresent(Double.self, forKey: .scalingFactor) ?? 0.18215)
    }
}
