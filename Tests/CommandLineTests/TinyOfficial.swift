import Checkpoints
import FlowTok
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport

/// Files as FlowTok and CLIP are published, of a model that is small enough to be made and run in no time.
enum TinyOfficial {
    static let tokens = 16
    static let vocabulary = 523

    /// The shape of the model. Widths are such that heads can be told from them.
    static func configuration() -> FlowTokConfiguration {
        OfficialFlowTokConfiguration(
            name: "tiny", files: ModelFiles(),
            velocity: VelocityConfiguration(depth: 1, width: 64, heads: 1, tokens: tokens, channels: 4),
            textVariationalEncoder: TextVariationalConfiguration(width: 64, layers: 1, heads: 8, hidden: 96, channels: 4),
            imageTokenizer: FlowTiTokConfiguration(
                imageSize: 32, patchSize: 8, latentTokens: tokens, tokenSize: 4, textContextLength: tokens,
                textEmbeddingWidth: 64, encoder: TransformerShape(width: 64, layers: 1, heads: 2),
                decoder: TransformerShape(width: 64, layers: 1, heads: 2)),
            textEncoder: TextTransformerConfiguration(
                vocabularySize: vocabulary, contextLength: tokens, width: 64, layers: 1, heads: 1)
        ).model
    }

    /// The parameters by part, under official names.
    static let parameters: [String: [(name: String, tensor: Tensor)]] = {
        let recorder = WeightRecorder(LivelyWeights())
        _ = FlowTokModel(configuration(), weights: Weights(recorder))
        var parts: [String: [(name: String, tensor: Tensor)]] = [:]
        for (name, tensor) in recorder.parameters {
            let point = name.firstIndex(of: ".")!
            parts[String(name[..<point]), default: []].append((String(name[name.index(after: point)...]), tensor))
        }
        // What published files hold beside the parameters.
        parts["flow"]! += [
            ("pos_embed", .zeros([1, tokens, 64])), ("t2t_temperature", Tensor(2.6)),
            ("context_projector.0.weight", .zeros([512, 64])), ("context_projector.0.bias", .zeros([512])),
        ]
        for half in ["encoder", "decoder"] {
            for table in ["cos", "sin"] {
                parts["image_tokenizer"]!.append(("\(half).positional_embedding.freqs_\(table)", .zeros([16, 32])))
            }
        }
        return parts
    }()

    enum TextFormat: String, CaseIterable {
        case openAI, openCLIP, huggingFace
    }

    enum VocabularyFormat: String, CaseIterable {
        case merges, table
    }

    /// Writes all files into a folder of `scratch`.
    static func write(
        to scratch: Scratch, _ folder: String, text: TextFormat = .openAI, vocabulary format: VocabularyFormat = .merges,
        change: (inout [String: [(name: String, tensor: Tensor)]]) -> Void = { _ in }
    ) throws {
        try scratch.makeFolder(folder)
        var parts = parameters
        change(&parts)
        try torch(parts["flow"]!, to: scratch.path(folder + "/FlowTok-tiny.pth"))
        try torch(parts["image_tokenizer"]!, to: scratch.path(folder + "/FlowTiTok_32.bin"))
        switch text {
        case .openAI:
            try torch(
                parts["text_encoder"]! + [
                    ("text_projection", .zeros([64, 64])), ("logit_scale", Tensor(1)),
                    ("visual.conv1.weight", .zeros([64, 3, 8, 8])),
                ], to: scratch.path(folder + "/clip.pt"))
        case .openCLIP:
            try Checkpoint.write(
                parts["text_encoder"]!.map { ("text." + $0.name, $0.tensor) } + [("visual.proj", .zeros([4]))],
                to: scratch.path(folder + "/open_clip_model.safetensors"))
        case .huggingFace:
            try Checkpoint.write(
                huggingFace(parts["text_encoder"]!), to: scratch.path(folder + "/model.safetensors"))
        }
        switch format {
        case .merges:
            try scratch.write(ClipVocabularyFiles.merges(tokens: vocabulary), to: folder + "/bpe_simple_vocab.txt")
        case .table:
            try scratch.write(ClipVocabularyFiles.table(tokens: vocabulary), to: folder + "/vocab.json")
            try scratch.write(ClipVocabularyFiles.merges(tokens: vocabulary), to: folder + "/merges.txt")
        }
    }

    static func torch(_ tensors: [(name: String, tensor: Tensor)], to path: String) throws {
        try TorchArchiveWriter.write(tensors, to: path)
    }

    /// A text tower of one layer under Hugging Face's names.
    private static func huggingFace(_ tower: [(name: String, tensor: Tensor)]) -> [(name: String, tensor: Tensor)] {
        let layer = "text_model.encoder.layers.0."
        let names = [
            "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
            "positional_embedding": "text_model.embeddings.position_embedding.weight",
            "transformer.resblocks.0.ln_1": layer + "layer_norm1", "transformer.resblocks.0.ln_2": layer + "layer_norm2",
            "transformer.resblocks.0.attn.out_proj": layer + "self_attn.out_proj",
            "transformer.resblocks.0.mlp.c_fc": layer + "mlp.fc1", "transformer.resblocks.0.mlp.c_proj": layer + "mlp.fc2",
            "ln_final": "text_model.final_layer_norm",
        ]
        return tower.flatMap { name, tensor -> [(name: String, tensor: Tensor)] in
            if let whole = names[name] { return [(whole, tensor)] }
            let kind = String(name.split(separator: ".").last!)
            if let stem = names[String(name.dropLast(kind.count + 1))] { return [("\(stem).\(kind)", tensor)] }
            // in_proj_weight and in_proj_bias: queries, keys and values.
            let rows = tensor.shape[0] / 3
            return ["q", "k", "v"].enumerated().map { part, letter in
                (
                    "\(layer)self_attn.\(letter)_proj.\(kind.hasSuffix("weight") ? "weight" : "bias")",
                    tensor.sliced(axis: 0, part * rows..<(part + 1) * rows)
                )
            }
        } + [("logit_scale", Tensor(1)), ("vision_model.post_layernorm.weight", .zeros([4]))]
    }
}
