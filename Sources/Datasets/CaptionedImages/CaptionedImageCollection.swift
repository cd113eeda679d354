import Foundation
import Images

/// A user's own pictures with captions: a folder of images with `.txt` files beside them, or WebDataset shards.
public protocol CaptionedImageCollection: Sendable {
    /// The number of pictures.
    var count: Int { get }
    /// The caption of picture `index`, without reading the picture.
    func caption(_ index: Int) -> String
    /// Picture `index` with its caption.
    ///
    /// - Throws: `DatasetError.badRecord` where the picture cannot be read.
    func sample(_ index: Int) throws -> CaptionedImage
    /// What was left out, and why.
    var skipped: [SkippedFile] { get }
}

/// A file that a dataset left out.
public struct SkippedFile: Sendable, Equatable {
    public var name: String
    public var reason: String
}

/// What to do with captions without pictures and pictures without captions.
public enum UnpairedFiles: String, Codable, Sendable {
    /// Stop, naming the first.
    case fail
    /// Leave them out and list them.
    case skip
}

/// Opens a user's own dataset.
public enum CaptionedImageSource {
    /// The pictures in `folder`: its shards where it holds `.tar` files, otherwise its images and captions.
    ///
    /// - Parameter skipping: names (relative paths or sample keys, with or without extension) to leave out
    public static func open(_ folder: URL, skipping: Set<String> = [], unpaired: UnpairedFiles = .fail) throws -> any CaptionedImageCollection {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            throw DatasetError.missing(path: folder.path, hint: "a folder of images with captions, or of .tar shards, was expected")
        }
        if names.contains(where: { $0.hasSuffix(".tar") }) {
            return try CaptionedShards(folder: folder, skipping: skipping, unpaired: unpaired)
        }
        return try CaptionedFolder(folder: folder, skipping: skipping, unpaired: unpaired)
    }

    static let imageExtensions = ImageFormat.fileExtensions

    /// A caption as one line, nil where it is no text or empty.
    static func caption(from data: Data) -> String? {
        guard let text = String(validating: data, as: UTF8.self) else { return nil }
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").trimmingCharacters(of: "\u{feff}")
        return line.isEmpty ? nil : line
    }
}
