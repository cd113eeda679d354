import Files
import Networks
import Sampling

extension OfficialFlowTokConfiguration {
    /// The configuration of a FlowTok by its files.
    ///
    /// - Throws: `FlowTokError.incompleteFiles` where parts are missing, `unusableFiles` where they do not fit each other,
    ///   `VocabularyError` where the vocabulary cannot be read.
    init(importing parts: ImportedParts, files: ModelFiles, options: ModelImport.Options) throws {
        guard let flow = parts.flow, let tokenizer = parts.tokenizer, let text = parts.text, !parts.vocabulary.isEmpty else {
            let missing = [
                parts.tokenizer == nil ? "the image tokenizer (such as FlowTiTok_512.bin)" : nil,
                parts.text == nil ? "CLIP's text tower (such as ViT-L-14-336px.pt)" : nil,
                parts.vocabulary.isEmpty
                    ? "CLIP's vocabulary (bpe_simple_vocab_16e6.txt.gz, or vocab.json and merges.txt)" : nil,
            ].compactMap { $0 }
            let list = missing.count == 1 ? missing[0] : missing.dropLast().joined(separator: ", ") + " and " + missing[missing.count - 1]
            throw FlowTokError.incompleteFiles("\(parts.flow?.path ?? "the FlowTok"): text to image also needs \(list)")
        }
        guard var image = tokenizer.configuration as? FlowTiTokConfiguration else {
            throw FlowTokError.unusableFiles(
                "\(tokenizer.path): a FlowTok decodes with FlowTiTok, found \(tokenizer.configuration.summary)")
        }
        if let side = options.imageSize { image.imageSize = side }
        let (networks, tower) = (flow.configuration, text.configuration)
        let (velocity, encoder) = (networks.velocity, networks.textVariationalEncoder)
        func agree(_ what: String, _ first: (String, Int), _ second: (String, Int)) throws {
            guard first.1 != second.1 else { return }
            throw FlowTokError.unusableFiles(
                "\(first.0) has \(what) of \(first.1) and \(second.0) of \(second.1): they belong to different models")
        }
        guard (velocity.tokens, velocity.channels) == (image.latentTokens, image.tokenSize) else {
            throw FlowTokError.unusableFiles(
                "\(flow.path) moves tokens of \(velocity.tokens)×\(velocity.channels) and \(tokenizer.path) decodes \(image.latentTokens)×\(image.tokenSize): they belong to different models"
            )
        }
        try agree("texts", (flow.path, velocity.tokens), (text.path, tower.contextLength))
        try agree("text states", (flow.path, encoder.width), (text.path, tower.width))
        try agree("texts", (tokenizer.path, image.textContextLength), (text.path, tower.contextLength))
        try agree("text states", (tokenizer.path, image.textEmbeddingWidth), (text.path, tower.width))
        _ = try CLIPTextEncoder.vocabulary(parts.vocabulary, count: tower.vocabularySize)
        self.init(
            name: options.name ?? networks.publishedTitle ?? "FlowTok", files: files, velocity: velocity,
            textVariationalEncoder: encoder, imageTokenizer: image,
            textEncoder: tower.tower(activation: options.activation))
        try validate { FlowTokError.unusableFiles("these files form no model: \($0)") }
    }
}
