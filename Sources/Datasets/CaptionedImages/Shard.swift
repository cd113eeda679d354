import Files
import Foundation
import Images

/// A tar archive of pictures and captions, mapped, or unpacked into memory where gzip compressed it.
final class Shard: Sendable {
    /// A picture and its caption.
    struct Sample {
        var key: String
        var image: Range<Int>?
        /// Nil where there is none, empty where there is one without words.
        var caption: String?
        /// The class that the sample's JSON names.
        var label: String?
        /// Whether there is a caption's file, whatever is in it.
        var hasCaption = false
    }

    private let archive: Data

    /// - Throws: `DatasetError.unreadable`, and `FileError` where it cannot be unpacked.
    init(path: String) throws {
        let packed: Data
        do { packed = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
            throw DatasetError.unreadable(path: path, reason: error.systemReason)
        }
        archive = Gzip.isPacked(packed) ? Data(try Gzip.unpack(Array(packed), path: path, limit: Shard.largest)) : packed
    }

    /// The most bytes that a shard is unpacked to.
    private static let largest = 4 << 30

    func bytes(_ range: Range<Int>) -> Data { archive[archive.startIndex + range.lowerBound..<archive.startIndex + range.upperBound] }

    /// The samples in order: files that share everything before the first point of their names, and stand together.
    ///
    /// - Throws: `DatasetError.badArchive`.
    func samples(path: String) throws -> [Sample] {
        var samples: [Sample] = []
        var texts: [String: Range<Int>] = [:]
        var pictures: [String: Range<Int>] = [:]
        var key: String?
        func finish() {
            guard let key else { return }
            var sample = Sample(key: key)
            // The same choice among several formats, whatever their order.
            sample.image = pictures.sorted { $0.key > $1.key }.first?.value
            sample.hasCaption = !texts.isEmpty
            if let text = texts["txt"] ?? texts["caption"] {
                sample.caption = CaptionText.line(bytes(text))
            } else if let json = texts["json"] {
                sample.caption = CaptionText.line(json: bytes(json))
            }
            sample.label = texts["json"].flatMap { CaptionText.label(json: bytes($0)) }
            samples.append(sample)
        }
        var reader = try TarReader(archive, path: path)
        while let file = try reader.nextFile() {
            let start = file.name.lastIndex(of: "/").map { file.name.index(after: $0) } ?? file.name.startIndex
            guard file.name[start...].first != ".", let point = file.name[start...].firstIndex(of: ".") else { continue }
            let found = String(file.name[..<point])
            if found != key {
                finish()
                (key, texts, pictures) = (found, [:], [:])
            }
            let kind = file.name[file.name.index(after: point)...].lowercased()
            if ImageFormat.fileExtensions.contains(kind) { pictures[kind] = file.range }
            if ["txt", "caption", "json"].contains(kind) { texts[kind] = file.range }
        }
        finish()
        return samples
    }
}
