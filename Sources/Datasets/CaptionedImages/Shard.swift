import Files
import Foundation
import Images

/// A tar archive of pictures and captions, mapped, or unpacked into memory where gzip compressed it.
package final class Shard: Sendable {
    /// A picture and its caption.
    package struct Sample: Sendable {
        package var key: String
        package var image: Range<Int>?
        /// The suffix of the picture's file.
        package var imageKind: String?
        /// Nil where there is none, empty where there is one without words.
        package var caption: String?
        /// The class that the sample's JSON names.
        package var label: String?
        /// Whether there is a caption's file, whatever is in it.
        var hasCaption = false
    }

    private let archive: Data

    /// - Throws: `DatasetError.unreadable`, and `FileError` where it cannot be unpacked.
    package init(path: String) throws {
        guard InputFile.isThere(path) else { throw FileError.missing(path: path) }
        let packed: Data
        do { packed = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) } catch {
            throw DatasetError.unreadable(path: path, reason: error.systemReason)
        }
        archive = Gzip.isPacked(packed) ? Data(try Gzip.unpack(Array(packed), path: path, limit: Shard.largest)) : packed
    }

    /// Whether a file's name is that of a shard.
    package static func isNamed(_ name: String) -> Bool { suffix(of: name) != nil }

    /// The name without the suffixes of an archive.
    package static func stem(_ name: String) -> String { String(name.dropLast(suffix(of: name)?.count ?? 0)) }

    private static func suffix(of name: String) -> String? {
        let lower = name.lowercased()
        return [".tar.gz", ".tgz", ".tar"].first { lower.hasSuffix($0) && lower.count > $0.count }
    }

    /// The most bytes that a shard is unpacked to.
    private static let largest = 4 << 30

    package func bytes(_ range: Range<Int>) -> Data { archive[archive.startIndex + range.lowerBound..<archive.startIndex + range.upperBound] }

    /// The samples in order: files that share everything before the first point of their names, and stand together.
    ///
    /// - Throws: `DatasetError.badArchive`.
    package func samples(path: String) throws -> [Sample] { try contents(path: path).samples }

    /// The same, and whether the archive has the mark of its end.
    ///
    /// - Throws: `DatasetError.badArchive`.
    package func contents(path: String) throws -> (samples: [Sample], isTerminated: Bool) {
        var samples: [Sample] = []
        var texts: [String: Range<Int>] = [:]
        var pictures: [String: Range<Int>] = [:]
        var key: String?
        func finish() {
            guard let key else { return }
            var sample = Sample(key: key)
            // The same choice among several formats, whatever their order.
            let picture = pictures.sorted { $0.key > $1.key }.first
            (sample.image, sample.imageKind) = (picture?.value, picture?.key)
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
        return (samples, reader.isTerminated)
    }
}
