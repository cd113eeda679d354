import Files
import Foundation

/// The formats that pictures are read from and written in.
public enum ImageFormat: String, Sendable, Hashable, Codable, CaseIterable {
    case png
    case jpeg
    case webp

    /// The format that the first bytes of a file announce; nil where it is another one.
    public init?(of bytes: some Collection<UInt8>) {
        let start = Array(bytes.prefix(12))
        if start.starts(with: pngSignature) {
            self = .png
        } else if start.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if start.count == 12, start.starts(with: "RIFF".utf8), start[8...].elementsEqual("WEBP".utf8) {
            self = .webp
        } else {
            return nil
        }
    }

    /// The format that a file name's extension asks for, in upper or lower case; nil where it asks for none of them.
    public init?(extensionOf path: String) {
        guard let format = Self.formats[FilePath.suffix(of: path).lowercased()] else { return nil }
        self = format
    }

    /// The format that a picture is written in at `path`: what the extension asks for, and otherwise PNG.
    public static func forWriting(to path: String) -> ImageFormat { ImageFormat(extensionOf: path) ?? .png }

    /// Its name, such as "WebP".
    public var name: String {
        switch self {
        case .png: "PNG"
        case .jpeg: "JPEG"
        case .webp: "WebP"
        }
    }

    /// The customary extension of a file's name, without the point.
    public var fileExtension: String { self == .jpeg ? "jpg" : rawValue }

    /// Extensions of the files that are read, in lower case and without the point.
    public static let fileExtensions = Set(formats.keys)

    private static let formats: [String: ImageFormat] = [
        "png": .png, "jpg": .jpeg, "jpeg": .jpeg, "jpe": .jpeg, "jfif": .jpeg, "webp": .webp,
    ]

    /// All names as a message lists them.
    package static let names = "PNG, JPEG or WebP"
}
