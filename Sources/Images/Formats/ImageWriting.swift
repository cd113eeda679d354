import Files
public import Foundation

extension Image {
    /// The quality that lossy formats are written with unless another one is asked for.
    public static let defaultQuality = 90

    /// The picture as the bytes of a file.
    ///
    /// - Parameters:
    ///   - quality: 1 to 100, of a JPEG or WebP; a WebP of 100 is lossless. PNG always is.
    ///   - text: what is stored beside the pixels; see `ImageMetadata`.
    /// - Throws: `ImageError.invalidText` where a text does not fit the format; `.encodingFailed` for another quality, or a picture
    ///   that is too large for the format; `.tooManyPixels` for one that could not be read again.
    public func encoded(
        as format: ImageFormat, quality: Int = defaultQuality, text: [ImageText] = []
    ) throws(ImageError) -> [UInt8] {
        try checkEncoding(format, width: width, height: height, quality: quality)
        return switch format {
        case .png: try encodePNG(pixels, width: width, height: height, channels: 3, text: text)
        case .jpeg: try encodeJPEG(self, quality: quality, text: text)
        case .webp: try encodeWebP(pixels, width: width, height: height, channels: 3, quality: quality, text: text)
        }
    }

    /// Writes the picture to `path`, whole or not at all: as the extension asks, .png, .jpg or .webp, and as a PNG where it asks for
    /// nothing of these.
    ///
    /// - Parameters:
    ///   - quality: 1 to 100, of a JPEG or WebP; a WebP of 100 is lossless.
    ///   - text: what is stored beside the pixels; see `ImageMetadata`.
    /// - Throws: `FileError.unwritable`, and what `encoded(as:quality:text:)` throws; nothing is left behind.
    public func write(to path: String, quality: Int = defaultQuality, text: [ImageText] = []) throws {
        try AtomicFile.write(to: path, encoded(as: .forWriting(to: path), quality: quality, text: text))
    }

    /// Writes the picture to a file, as `write(to:quality:text:)` of a path does.
    public func write(to url: URL, quality: Int = defaultQuality, text: [ImageText] = []) throws {
        try write(to: url.path, quality: quality, text: text)
    }
}

extension RGBAImage {
    /// The picture as the bytes of a file, as `Image` encodes it; a JPEG, which has no transparency, shows it over white.
    ///
    /// - Throws: as `Image.encoded(as:quality:text:)` does.
    public func encoded(
        as format: ImageFormat, quality: Int = Image.defaultQuality, text: [ImageText] = []
    ) throws(ImageError) -> [UInt8] {
        try checkEncoding(format, width: width, height: height, quality: quality)
        return switch format {
        case .png: try encodePNG(pixels, width: width, height: height, channels: 4, text: text)
        case .jpeg: try encodeJPEG(composited(over: .white), quality: quality, text: text)
        case .webp: try encodeWebP(pixels, width: width, height: height, channels: 4, quality: quality, text: text)
        }
    }

    /// Writes the picture to `path`, whole or not at all, as `Image.write(to:quality:text:)` does.
    /// - Throws: as `Image.write(to:quality:text:)` does; nothing is left behind.
    public func write(to path: String, quality: Int = Image.defaultQuality, text: [ImageText] = []) throws {
        try AtomicFile.write(to: path, encoded(as: .forWriting(to: path), quality: quality, text: text))
    }
}

private func checkEncoding(_ format: ImageFormat, width: Int, height: Int, quality: Int) throws(ImageError) {
    try DecodedPixels.checkSize(width: width, height: height, file: "\(format.name) data")
    guard (1...100).contains(quality) else { throw .encodingFailed(reason: "the quality is \(quality), expected 1 to 100") }
}
