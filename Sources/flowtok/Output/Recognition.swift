import Checkpoints

/// What a checkpoint is for, told by its metadata and the names of its tensors.
enum Recognition {
    static func describe(_ checkpoint: Checkpoint) -> String {
        let name = checkpoint.metadata["model"] ?? "unnamed"
        let contents: String? =
            switch checkpoint.metadata["format"] {
            case "flowtok": "the weights of the flowtok model \"\(name)\""
            case "flowtok-tokens": "tokens of the flowtok model \"\(name)\""
            case "flowtok-run": "a checkpoint of flowtok train, step \(checkpoint.metadata["step"] ?? "unknown")"
            default: known(checkpoint)
            }
        return (contents.map { $0 + ", in " } ?? "") + format(checkpoint.format)
    }

    private static func format(_ format: Checkpoint.Format) -> String {
        switch format {
        case .safetensors: "safetensors"
        case .shardedIndex: "safetensors shards"
        case .torchArchive: "a PyTorch archive"
        case .torchScript: "a TorchScript archive"
        case .torchLegacy: "a PyTorch file from before version 1.6"
        }
    }

    /// The published models, each by names that only it has.
    private static let marks: [(what: String, names: [String])] = [
        ("FlowTok: velocity network and text variational encoder", ["x_embedder.weight", "context_encoder."]),
        ("FlowTiTok or TA-TiTok: a 1D image tokenizer", ["latent_tokens", "decoder.text_guidance_proj.weight"]),
        ("TiTok: a 1D image tokenizer", ["latent_tokens", "encoder.", "decoder."]),
        ("CLIP: text and vision towers", ["token_embedding.weight", "visual."]),
    ]

    private static func known(_ checkpoint: Checkpoint) -> String? {
        marks.first { mark in
            mark.names.allSatisfy { name in
                name.hasSuffix(".") ? checkpoint.names.contains { $0.hasPrefix(name) } : checkpoint.contains(name)
            }
        }?.what
    }
}
