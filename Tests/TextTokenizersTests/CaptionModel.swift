import TextTokenizers

/// A small vocabulary trained on made-up captions.
enum CaptionModel {
    static let captions = ["red", "blue", "green", "yellow", "black", "small", "large", "old"].flatMap { colour in
        ["fox", "circle", "house", "tree", "boat", "cat", "dog", "mountain"].flatMap { thing in
            ["on a hill", "near the water", "under a tree", "at night", "in the snow"].map { place in
                "a \(colour) \(thing) \(place)"
            }
        }
    }

    static func bytes(
        _ change: (inout SentencePieceVocabulary.TrainingOptions) -> Void = { _ in }
    ) throws -> [UInt8] {
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = 400
        change(&options)
        return try SentencePieceVocabulary.train(sentences: captions, options: options)
    }

    static func vocabulary() throws -> SentencePieceVocabulary {
        try SentencePieceVocabulary(modelBytes: bytes())
    }
}
