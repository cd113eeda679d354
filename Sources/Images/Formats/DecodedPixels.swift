import Files

/// What a decoder makes of a file, before the picture is turned the way it is to be seen.
struct DecodedPixels {
    var width: Int
    var height: Int
    /// 3 (RGB) or 4 (straight-alpha RGBA).
    var channels: Int
    /// `[height, width, channels]`
    var values: [UInt8]
    /// The Exif block, where the file has one.
    var exif: ArraySlice<UInt8>?
    /// What is wrong with the file beside its pixels, each a part of a sentence.
    var warnings: [String] = []

    /// Refuses a picture with too many pixels before any memory is asked for.
    static func checkSize(width: Int, height: Int, file: String) throws(ImageError) {
        if width > Image.maximumSide || height > Image.maximumSide || width * height > Image.maximumPixels {
            throw .tooManyPixels(file: file, width: width, height: height)
        }
    }

    /// Memory for pixels that `decode` fills; nothing where it returns false, since unwritten bytes must not become an array.
    static func filled(_ count: Int, by decode: (UnsafeMutablePointer<UInt8>) -> Bool) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { output, written in
            written = decode(output.baseAddress!) ? count : 0
        }
    }

    /// Decodes `bytes`, whatever their format, and turns the picture upright.
    ///
    /// - Parameters:
    ///   - file: the file's name in messages.
    ///   - withAlpha: whether four channels are wanted; otherwise transparency is laid over white.
    static func read(_ bytes: [UInt8], file: String, withAlpha: Bool) throws(ImageError) -> (pixels: DecodedPixels, format: ImageFormat) {
        guard let format = ImageFormat(of: bytes) else { throw .notAnImage(file: file, found: describeForeignData(bytes)) }
        var pixels =
            switch format {
            case .png: try decodePNG(bytes, file: file)
            case .jpeg: try decodeJPEG(bytes, file: file)
            case .webp: try decodeWebP(bytes, file: file)
            }
        if pixels.channels == 4, !withAlpha {
            let flat = RGBAImage(width: pixels.width, height: pixels.height, pixels: pixels.values).composited(over: .white)
            (pixels.channels, pixels.values) = (3, flat.pixels)
        } else if pixels.channels == 3, withAlpha {
            let opaque = RGBAImage(Image(width: pixels.width, height: pixels.height, pixels: pixels.values))
            (pixels.channels, pixels.values) = (4, opaque.pixels)
        }
        if let block = pixels.exif {
            let exif = ExifBlock(block)
            if let problem = exif.problem { pixels.warnings.append(problem) }
            exif.orientation.map { pixels.turn($0) }
        }
        return (pixels, format)
    }
}
