import Layers
import Tensors

/// A transformer that reads a class or a caption and the tokens of an image, some of them masked, and tells how likely every code
/// is at every place.
public protocol MaskGITNetwork: Sendable {
    /// The logits [batch, L, V] of tokens `ids` (batch·L of them, V for masked ones).
    ///
    /// - Parameters:
    ///   - labels: of every image its class, or its caption by its place in `captions`; nil is unconditional.
    ///   - captions: nil for a generator of classes.
    func logits(_ ids: [Int32], labels: [Int?], captions: TextCondition?) -> Tensor
}

extension MaskGITNetwork {
    /// The logits under classes.
    public func logits(_ ids: [Int32], labels: [Int?]) -> Tensor { logits(ids, labels: labels, captions: nil) }
}

/// What the blocks of either network read: the vector of the condition and then those of the tokens.
struct MaskGITInput: Sendable {
    private let configuration: MaskGITConfiguration
    /// Codes, the mask, classes, and what stands for no class and no caption.
    private let words: Embedding
    private let captionEmbedding: CaptionEmbedding?

    /// - Parameters:
    ///   - weights: where the parameters of captions are.
    ///   - words: where the table of vectors is.
    init(_ configuration: MaskGITConfiguration, weights: Weights, words: Weights) {
        self.configuration = configuration
        self.words = Embedding(words, entries: configuration.entries, width: configuration.width)
        captionEmbedding = CaptionEmbedding(weights, configuration.subjects, to: configuration.width)
    }

    /// [batch, L+1, width], without positions.
    func callAsFunction(_ ids: [Int32], labels: [Int?], captions: TextCondition?) -> Tensor {
        let (batch, length) = (labels.count, configuration.length)
        precondition(ids.count == batch * length, "\(ids.count) tokens for \(batch) images of \(length) tokens")
        let firstClass = configuration.maskID + 1
        guard let captionEmbedding else {
            let sequence = labels.indices.flatMap { image in
                [firstClass + Int32(labels[image] ?? configuration.noClass)] + ids[image * length..<(image + 1) * length]
            }
            return words(sequence, shape: [batch, length + 1])
        }
        guard let captions else { preconditionFailure("a generator of captions without any") }
        let none = words([firstClass + Int32(configuration.noClass)], shape: [1])
        let first = captionEmbedding.table(captions, none: none)
            .rows(labels.map { Int32($0 ?? captions.count) }, shape: [batch, 1])
        return .concatenated([first, words(ids, shape: [batch, length])], axis: 1)
    }
}

extension MaskGITConfiguration {
    /// What stands at the places of the tokens: x [batch, L+1, …] → [batch, L, …].
    func withoutCondition(_ x: Tensor) -> Tensor { x.sliced(axis: 1, 1..<length + 1) }
}
