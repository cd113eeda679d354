import Checkpoints
import Datasets
import Files
import FlowTok
import Foundation
import ModelFolders
import TextTokenizers

/// The config file of `flowtok train vocabulary`.
public struct VocabularyRecipe: Sendable, Codable, Equatable {
    public var data: DataConfiguration
    /// How many captions to learn from.
    public var captions: Int
    public var vocabularySize: Int

    enum CodingKeys: String, CodingKey {
        case data, captions
        case vocabularySize = "vocab_size"
    }

    /// Learns a SentencePiece vocabulary and writes it as `tokenizer.model` into a folder. Only captions are read, no pictures.
    ///
    /// - Parameter report: is told what of the data is left out, line by line.
    public static func run(
        file: String, output: String, report: (String) -> Void = { _ in }, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> SentencePieceVocabulary {
        let stage = try JSONFile.readStrictly(VocabularyRecipe.self, from: file, formerKeys: DataConfiguration.formerKeys)
        guard (300...65536).contains(stage.vocabularySize) else {
            throw ConfigurationError.badConfiguration(
                file: file, reason: "vocab_size is \(stage.vocabularySize), expected 300 to 65536")
        }
        guard (1...10_000_000).contains(stage.captions) else {
            throw ConfigurationError.badConfiguration(
                file: file, reason: "captions is \(stage.captions), expected 1 to 10000000")
        }
        let (source, leftOut) = try stage.data.captions(file: file)
        leftOut.forEach(report)
        var sentences: [String] = []
        for index in 0..<stage.captions {
            sentences.append(try source.caption(UInt64(index)))
            if index % 1000 == 0 { progress(index, stage.captions) }
        }
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = stage.vocabularySize
        // "Fox" and "fox" are one word to a model that draws.
        options.normalization = "nmt_nfkc_cf"
        let bytes = try SentencePieceVocabulary.train(sentences: sentences, options: options)
        let vocabulary = try SentencePieceVocabulary(modelBytes: bytes)
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        try AtomicFile.write(to: output + "/" + ModelFolder.vocabularyFile, bytes)
        return vocabulary
    }
}
