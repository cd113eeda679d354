import Checkpoints
import Layers
import Networks
import Tensors

/// CLIP's text tower in any of its three formats, under OpenAI's names (FlowTok reference, section 3.3).
final class CLIPWeights: WeightSource {
    private let weights: CheckpointWeights
    private let format: CLIPTextConfiguration.Format

    /// - Throws: `ImageTokenizerError.otherArchitecture` where the checkpoint holds something else.
    package init(_ checkpoint: Checkpoint) throws {
        guard let found = try RecognisedCheckpoint(checkpoint)?.configuration as? CLIPTextConfiguration else {
            throw checkpoint.isNot("CLIP with its text tower")
        }
        format = found.format
        weights = CheckpointWeights(checkpoint)
    }

    /// Throws a `WeightMismatch` unless the text tower was there, whole. The image tower and what joins the two is not read.
    package func verify() throws {
        try weights.verify { name in
            let own = name.hasPrefix("text.") ? name.dropFirst(5) : name[...]
            return Self.unread.contains { own.hasPrefix($0) }
        }
    }

    private static let unread = [
        "visual.", "vision_model.", "visual_projection.", "text_projection", "logit_scale", "logit_bias", "attn_mask",
        "input_resolution", "context_length", "vocab_size", "text_model.embeddings.position_ids",
    ]

    package func contains(_ name: String) -> Bool { stored(name).allSatisfy(weights.contains) }

    /// Notes whether a parameter is there in that shape, without reading it.
    ///
    /// - Returns: its names in the file.
    func expect(_ name: String, shape: [Int]) -> [String] {
        let names = stored(name)
        let part = names.count == 1 ? shape : [(shape.first ?? 0) / names.count] + shape.dropFirst()
        for name in names { weights.expect(name, shape: part) }
        return names
    }

    package func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        let names = stored(name)
        guard names.count > 1 else { return weights.tensor(named: names[0], shape: shape, initial: initial) }
        // Queries, keys and values apart: one matrix by rows.
        let part = [shape[0] / names.count] + shape.dropFirst()
        let parts = names.map { weights.tensor(named: $0, shape: part, initial: initial) }
        return parts.allSatisfy { $0.shape == part } ? .concatenated(parts, axis: 0) : .zeros([0])
    }

    /// A packed file has OpenAI's names.
    package func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        let names = stored(name)
        return names.count == 1 ? weights.packed(named: names[0], shape: shape) : nil
    }

    package func release(named name: String) { stored(name).forEach(weights.release) }

    /// The names in the file of the parameter with OpenAI's name.
    private func stored(_ name: String) -> [String] {
        switch format {
        case .openAI: [name]
        case .openCLIP: ["text." + name]
        case .huggingFace: Self.huggingFace(name)
        }
    }

    private static func huggingFace(_ name: String) -> [String] {
        if let whole = outside[name] { return ["text_model." + whole] }
        var parts = name.split(separator: ".").map(String.init)
        // transformer.resblocks.{i}.…
        guard parts.count > 4 else { return [name] }
        let layer = "text_model.encoder.layers.\(parts[2])."
        parts.removeFirst(3)
        let kind = parts.removeLast()
        if parts == ["attn"] {
            return ["q", "k", "v"].map { "\(layer)self_attn.\($0)_proj.\(kind == "in_proj_weight" ? "weight" : "bias")" }
        }
        if let inside = inside[parts.joined(separator: ".")] { return ["\(layer)\(inside).\(kind)"] }
        return [name]
    }

    private static let outside = [
        "token_embedding.weight": "embeddings.token_embedding.weight",
        "positional_embedding": "embeddings.position_embedding.weight",
        "ln_final.weight": "final_layer_norm.weight", "ln_final.bias": "final_layer_norm.bias",
    ]
    private static let inside = [
        "ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj", "mlp.c_fc": "mlp.fc1",
        "mlp.c_proj": "mlp.fc2",
    ]
}
