import Checkpoints
import Foundation
import Tensors

/// Latents in a `.safetensors` file that names the model they belong to.
public enum TokenFile {
    static let tensorName = "latents"

    /// Writes latents [1, K, D].
    public static func write(_ latents: Tensor, model: String, to path: String) throws {
        try Checkpoint.write([(tensorName, latents)], metadata: ["format": "flowtok-tokens", "model": model], to: path)
    }

    /// Reads latents that the model of this name made.
    ///
    /// - Throws: `FlowTokError.foreignTokens` where another model made them.
    public static func read(from path: String, model: String) throws -> Tensor {
        let checkpoint = try Checkpoint(path: path)
        let maker = checkpoint.metadata["model"] ?? "unknown"
        guard maker == model else { throw FlowTokError.foreignTokens(file: path, model: maker, expected: model) }
        return try checkpoint.tensor(tensorName)
    }
}
