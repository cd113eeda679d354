import Datasets
import Foundation
import Images
import TestSupport
import TextTokenizers
import Training

/// The files of a run that is started from a configuration file: pictures with captions, a vocabulary, the configuration.
enum TinyFiles {
    /// Writes pictures of blocks with captions that end in their number.
    static func images(_ count: Int, in folder: TemporaryFolder, under name: String) throws {
        for index in 0..<count {
            let sample = BlockSource().sample(UInt64(index))
            try folder.write("\(name)/\(index).txt", sample.caption + " \(index)\n")
            try sample.image.write(to: folder.url.path + "/\(name)/\(index).png")
        }
    }

    /// Writes pictures, a vocabulary and `tokenizer.json`, and returns the path of the latter.
    ///
    /// - Parameter changes: texts of the configuration to replace, and by what.
    static func tokenizer(
        in folder: TemporaryFolder, as name: String = "tokenizer.json", steps: Int = 20,
        changing changes: [(String, String)] = []
    ) throws -> String {
        try common(in: folder)
        return try write(
            """
            {
              "data": {"images": "\(folder.url.path)/images", "seed": 4},
              "vocabulary": "\(folder.url.path)/vocabulary",
              "model": {
                "image_tokenizer": {
                  "image_size": 32, "patch_size": 8, "num_latent_tokens": 4, "token_size": 4,
                  "text_context_length": 4, "text_embed_dim": 32, "seeded": true,
                  "encoder": {"width": 32, "layers": 1, "heads": 2}, "decoder": {"width": 32, "layers": 1, "heads": 2}
                },
                "text_encoder": {"context_length": 4, "width": 32, "layers": 1, "heads": 2, "causal": false},
                "training": {
                  "steps": \(steps), "batch_size": 4, "learning_rate": 0.002, "warmup_steps": 4, "sample_every": 0,
                  "log_every": 5, "precision": "float32"
                }
              }
            }
            """, as: name, in: folder, changing: changes)
    }

    /// Writes pictures, a vocabulary and `flow.json` over a tokenizer, and returns the path of the latter.
    static func flow(
        in folder: TemporaryFolder, over tokenizer: String, as name: String = "flow.json", steps: Int = 20,
        changing changes: [(String, String)] = []
    ) throws -> String {
        try common(in: folder)
        return try write(
            """
            {
              "data": {"images": "\(folder.url.path)/images", "seed": 4},
              "tokenizer": "\(tokenizer)",
              "model": {
                "velocity": {"depth": 1, "width": 32, "heads": 2, "tokens": 4, "channels": 4, "indicators": 3},
                "text_variational_encoder": {"width": 32, "layers": 1, "heads": 2, "hidden": 64, "channels": 4},
                "text_decoder": {"context_length": 4, "width": 32, "layers": 1, "heads": 2, "causal": false},
                "sampling": {"steps": 2},
                "training": {
                  "steps": \(steps), "batch_size": 4, "learning_rate": 0.002, "warmup_steps": 4, "sample_every": 0,
                  "log_every": 5, "precision": "float32"
                }
              }
            }
            """, as: name, in: folder, changing: changes)
    }

    private static func common(in folder: TemporaryFolder) throws {
        if !FileManager.default.fileExists(atPath: folder.url.path + "/images") {
            try images(6, in: folder, under: "images")
        }
        try folder.write("vocabulary/tokenizer.model", Data(TinyTraining.vocabulary().modelBytes))
    }

    private static func write(
        _ text: String, as name: String, in folder: TemporaryFolder, changing changes: [(String, String)]
    ) throws -> String {
        let changed = changes.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
        return try folder.write(name, changed).path
    }
}
