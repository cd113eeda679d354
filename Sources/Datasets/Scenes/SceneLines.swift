import Files
import Foundation
import Images
import TextTokenizers

/// The scenes of a training stage as lines of JSON: a header, then a line for each sample, from which another program can draw
/// the same pictures and train on the same captions.
///
/// Sample k is sample k of the run that the configuration describes.
public struct SceneLines: Sendable {
    /// The part of a stage's configuration that counts.
    private struct Stage: Decodable {
        var data: DataConfiguration
    }

    private struct Header: Encodable {
        let format = "flowtok-scenes"
        let version = 1
        var side: Int
        var length: Int
        var vocabularySize: Int
        var pad: Int32
        var end: Int32
        var sprites: Int
        var seed: UInt64

        enum CodingKeys: String, CodingKey {
            case format, version, side, length, pad, end, sprites, seed
            case vocabularySize = "vocab_size"
        }
    }

    private struct Line: Encodable {
        struct Object: Encodable {
            var sprite: Int
            /// Left, top, width and height, in pixels.
            var box: [Float]
        }

        var index: UInt64
        var background: [UInt8]
        var objects: [Object]
        var caption: String
        var plainCaption: String
        var ids: [Int32]
        var plainIDs: [Int32]

        enum CodingKeys: String, CodingKey {
            case index, background, objects, caption, ids
            case plainCaption = "plain_caption"
            case plainIDs = "plain_ids"
        }
    }

    private let source: SceneSource
    private let textTokenizer: SentencePieceTokenizer
    /// The first line, without its line break.
    public let header: String

    /// - Parameters:
    ///   - file: the configuration of a stage of training; only its `data` counts.
    ///   - side: the side of the pictures in pixels, which sets the boxes.
    ///   - textTokenizer: turns captions into ids.
    /// - Throws: `FileError`, `ConfigurationError`, `DatasetError`; `DatasetError.noScenes` where the data are images.
    public init(file: String, side: Int, textTokenizer: SentencePieceTokenizer) throws {
        let data = try JSONFile.read(Stage.self, from: file).data
        if data.images != nil { throw DatasetError.noScenes(file: file) }
        let (source, sprites) = try data.scenes(side: side, file: file)
        guard let pad = textTokenizer.vocabulary.padID, let end = textTokenizer.vocabulary.endID else {
            throw VocabularyError.unfit(reason: "it has no padding or no end piece")
        }
        self.source = source
        self.textTokenizer = textTokenizer
        header = try Self.text(
            Header(
                side: side, length: textTokenizer.length, vocabularySize: textTokenizer.vocabulary.count, pad: pad, end: end, sprites: sprites,
                seed: data.seed ?? 1))
    }

    /// The line of sample `index`, without its line break.
    public func line(_ index: UInt64) throws -> String {
        let (composer, plan) = source.plan(index)
        let plain = composer.plainCaption(of: plan)
        let colour = plan.background.color
        return try Self.text(
            Line(
                index: index, background: [colour.red, colour.green, colour.blue],
                objects: plan.objects.map { .init(sprite: $0.sprite, box: [$0.box.x, $0.box.y, $0.box.width, $0.box.height]) },
                caption: plan.caption, plainCaption: plain, ids: try ids(plan.caption), plainIDs: try ids(plain)))
    }

    /// The picture of sample `index`.
    public func picture(_ index: UInt64) -> Image {
        let (composer, plan) = source.plan(index)
        return composer.render(plan).image
    }

    /// The ids up to and with the end piece.
    private func ids(_ caption: String) throws -> [Int32] {
        let ids = try textTokenizer.encode(caption)
        return Array(ids[...(ids.firstIndex { $0 == textTokenizer.vocabulary.endID } ?? ids.count - 1)])
    }

    private static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
