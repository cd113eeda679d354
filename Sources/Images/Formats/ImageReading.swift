import Files
public import Foundation

/// A picture that was read, and what is to be said about its file.
public struct DecodedImage<Picture: Sendable>: Sendable {
    public let image: Picture
    /// The format of the file, whatever its name says.
    public let format: ImageFormat
    /// What is wrong with the file beside its pixels, a line each that names the file: a wrong checksum, a missing end.
    public let warnings: [String]
}

extension Image {
    /// Reads the picture at `path`: PNG, JPEG or WebP, known by its contents and not by its name. It is turned the way that its
    /// Exif data asks for, transparency is laid over white, and 16 bits are rounded to 8.
    ///
    /// Colour profiles and gamma are ignored, as the training pipelines of the field ignore them. Of an animation the first
    /// picture is read. What is wrong beside the pixels is passed over; `read(path:)` tells of it.
    /// - Throws: `FileError` where the file is missing or cannot be read; `ImageError` where it is no picture of these formats,
    ///   its pixels are damaged or cut short, or it is larger than `maximumSide` or `maximumPixels`.
    public init(path: String) throws {
        self = try Image.read(path: path).image
    }

    /// Reads the picture of a file, as `init(path:)` does.
    public init(contentsOf url: URL) throws { try self.init(path: url.path) }

    /// Decodes a picture in memory (`[UInt8]`, `Data`), as `init(path:)` does.
    public init(data: some Collection<UInt8>) throws(ImageError) {
        self = try Image.read(data: data).image
    }

    /// Reads the picture at `path`, as `init(path:)` does, and tells what is wrong with its file.
    ///
    /// - Parameter pipes: whether a named pipe or a device (`/dev/stdin`, a shell's `<(…)`) is read to its end.
    /// - Throws: as `init(path:)` does.
    public static func read(path: String, pipes: Bool = false) throws -> DecodedImage<Image> {
        try read(data: InputFile.bytes(path, pipes: pipes), name: path)
    }

    /// Decodes a picture in memory, as `read(path:)` does.
    ///
    /// - Parameter name: what messages call it.
    public static func read(
        data: some Collection<UInt8>, name: String = "picture data"
    ) throws(ImageError) -> DecodedImage<Image> {
        let (pixels, format) = try DecodedPixels.read(Array(data), file: name, withAlpha: false)
        return DecodedImage(
            image: Image(width: pixels.width, height: pixels.height, pixels: pixels.values), format: format,
            warnings: lines(pixels.warnings, file: name))
    }
}

extension RGBAImage {
    /// Reads the picture at `path` with its transparency, as `Image(path:)` does; a file without any is opaque.
    /// - Throws: `FileError`, `ImageError`, as `Image(path:)` does.
    public init(path: String) throws {
        self = try RGBAImage.read(path: path).image
    }

    /// Decodes a picture in memory (`[UInt8]`, `Data`), as `init(path:)` does.
    public init(data: some Collection<UInt8>) throws(ImageError) {
        self = try RGBAImage.read(data: data).image
    }

    /// Reads the picture at `path`, as `init(path:)` does, and tells what is wrong with its file.
    ///
    /// - Parameter pipes: whether a named pipe or a device (`/dev/stdin`, a shell's `<(…)`) is read to its end.
    /// - Throws: as `init(path:)` does.
    public static func read(path: String, pipes: Bool = false) throws -> DecodedImage<RGBAImage> {
        try read(data: InputFile.bytes(path, pipes: pipes), name: path)
    }

    /// Decodes a picture in memory, as `read(path:)` does.
    ///
    /// - Parameter name: what messages call it.
    public static func read(
        data: some Collection<UInt8>, name: String = "picture data"
    ) throws(ImageError) -> DecodedImage<RGBAImage> {
        let (pixels, format) = try DecodedPixels.read(Array(data), file: name, withAlpha: true)
        return DecodedImage(
            image: RGBAImage(width: pixels.width, height: pixels.height, pixels: pixels.values), format: format,
            warnings: lines(pixels.warnings, file: name))
    }
}

/// Warnings as lines that name the file.
func lines(_ warnings: [String], file: String) -> [String] {
    warnings.map { "\(FilePath.shown(file)): \($0)" }
}
