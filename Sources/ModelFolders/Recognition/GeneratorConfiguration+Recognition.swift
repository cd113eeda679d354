import Networks

extension GeneratorConfiguration {
    /// The configuration of the generator that tensors of these names and shapes belong to. What shapes do not tell is
    /// taken from the published ones: 16 heads, 1000 classes, an aesthetic score of 6.5.
    ///
    /// - Throws: `GeneratorError.undetermined` where they belong to no generator, or contradict each other.
    public init(shapes: [String: [Int]]) throws {
        let tensors = TensorShapes(shapes)
        if tensors.contains("model.embeddings.word_embeddings.weight") {
            self = .maskGIT(try .bert(tensors))
        } else if tensors.contains("in_blocks.0.attn.qkv.weight") {
            self = .maskGIT(try .uvit(tensors))
        } else if tensors.contains("diffusion_pos_embed_learned") {
            self = .maskGenKL(try .inferred(tensors))
        } else if tensors.contains("text_embed_proj.weight") {
            self = .maskGenVQ(try .inferred(tensors))
        } else {
            throw GeneratorError.undetermined("no generator that is known here")
        }
        if let problem { throw GeneratorError.undetermined(problem) }
    }

    /// The heads of every published generator.
    static let heads = 16
}

/// Names and shapes, asked for what a configuration can be told from.
private struct TensorShapes {
    private let shapes: [String: [Int]]

    init(_ shapes: [String: [Int]]) { self.shapes = shapes }

    func contains(_ name: String) -> Bool { shapes[name] != nil }

    /// The shape of a tensor of `rank` axes, none empty and none so long that sums could overflow.
    func shape(_ name: String, rank: Int) throws -> [Int] {
        guard let shape = shapes[name] else { throw GeneratorError.undetermined("\(name) is missing") }
        guard shape.count == rank, shape.allSatisfy((1...1 << 24).contains) else {
            throw GeneratorError.undetermined("\(name) has shape \(shape), expected \(rank) axes")
        }
        return shape
    }

    /// How many of `prefix`0`suffix`, `prefix`1`suffix`, … there are in a row.
    func run(_ prefix: String, _ suffix: String) -> Int {
        var count = 0
        while shapes["\(prefix)\(count)\(suffix)"] != nil { count += 1 }
        return count
    }

    func difference(_ a: Int, _ b: Int, _ what: String) throws -> Int {
        guard a > b else { throw GeneratorError.undetermined("\(what): \(a) leaves nothing beside \(b)") }
        return a - b
    }

    /// The width of a text's states and the numbers beside its vector, by the maps that read both.
    func joint(text: String, pooled: String, blocks: String) throws -> JointTransformerShape {
        let states = try shape(text, rank: 2)
        let vector = try shape(pooled, rank: 2)[1]
        guard vector >= states[1] else { throw GeneratorError.undetermined("\(pooled) reads \(vector) numbers, expected at least \(states[1])") }
        return JointTransformerShape(
            width: states[0], depth: run(blocks, ".norm1.linear.weight"), heads: GeneratorConfiguration.heads,
            textWidth: states[1], microWidth: vector - states[1])
    }
}

extension MaskGITConfiguration {
    fileprivate static func bert(_ tensors: TensorShapes) throws -> MaskGITConfiguration {
        let table = try tensors.shape("model.embeddings.word_embeddings.weight", rank: 2)
        let codes = try tensors.shape("model.lm_head.weight", rank: 2)[0]
        return MaskGITConfiguration(
            architecture: .vit, codebookSize: codes,
            tokens: try tensors.difference(
                tensors.shape("model.embeddings.position_embeddings.weight", rank: 2)[0], 1, "positions"),
            classes: try tensors.difference(table[0], codes + 2, "entries of the embedding table"), width: table[1],
            layers: tensors.run("model.encoder.layer.", ".attention.self.query.weight"), heads: GeneratorConfiguration.heads,
            hidden: try tensors.shape("model.encoder.layer.0.intermediate.dense.weight", rank: 2)[0])
    }

    fileprivate static func uvit(_ tensors: TensorShapes) throws -> MaskGITConfiguration {
        let table = try tensors.shape("embeddings.weight", rank: 2)
        let codes = try tensors.shape("lm_head.weight", rank: 2)[0]
        return MaskGITConfiguration(
            architecture: .uvit, codebookSize: codes,
            tokens: try tensors.difference(tensors.shape("pos_embed", rank: 3)[1], 1, "positions"),
            classes: try tensors.difference(table[0], codes + 2, "entries of the embedding table"), width: table[1],
            layers: 2 * tensors.run("in_blocks.", ".attn.qkv.weight"), heads: GeneratorConfiguration.heads,
            hidden: try tensors.shape("in_blocks.0.mlp.fc1.weight", rank: 2)[0])
    }
}

extension MaskGenVQConfiguration {
    fileprivate static func inferred(_ tensors: TensorShapes) throws -> MaskGenVQConfiguration {
        let classes = 1000
        return MaskGenVQConfiguration(
            transformer: try tensors.joint(
                text: "text_embed_proj.weight", pooled: "cond_pooled_proj.weight", blocks: "blocks."),
            codebookSize: try tensors.difference(
                tensors.shape("embeddings.weight", rank: 2)[0], classes + 2, "entries of the embedding table"),
            tokens: try tensors.shape("pos_embed", rank: 3)[1], classes: classes, aestheticScore: 6.5)
    }
}

extension MaskGenKLConfiguration {
    fileprivate static func inferred(_ tensors: TensorShapes) throws -> MaskGenKLConfiguration {
        MaskGenKLConfiguration(
            transformer: try tensors.joint(
                text: "text_emb.weight", pooled: "text_pooled_emb.weight", blocks: "decoder_blocks."),
            tokens: try tensors.shape("decoder_pos_embed_learned", rank: 3)[1],
            channels: try tensors.shape("z_proj.weight", rank: 2)[1],
            headDepth: tensors.run("diffloss.net.res_blocks.", ".in_ln.weight"),
            headWidth: try tensors.shape("diffloss.net.input_proj.weight", rank: 2)[0])
    }
}
