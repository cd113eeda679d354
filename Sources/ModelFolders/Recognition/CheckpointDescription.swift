import Checkpoints
import Networks

/// What a checkpoint is for, inferred from its metadata and the names of its tensors.
package enum Recognition {
    package static func describe(_ checkpoint: Checkpoint) -> String {
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

    /// The architecture and its size, by the names and shapes of the tensors.
    private static func known(_ checkpoint: Checkpoint) -> String? {
        do {
            guard let found = try RecognisedCheckpoint(checkpoint) else { return nil }
            return found.summary + found.assumptions.map { " (assumed \($0))" }.joined()
        } catch {
            // What it looks like, and what contradicts that.
            return String(describing: error).replacing(checkpoint.path + ": ", with: "")
        }
    }
}
