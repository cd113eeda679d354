import Files

/// What can go wrong with images: each message is one line that names the file, what was expected and what was found.
public enum ImageError: Equatable, Sendable, CategorizedError {
    /// The data is something other than a picture of the formats that are read; `found` says what.
    case notAnImage(file: String, found: String)
    /// The data begins as a picture of a format, and its pixels are damaged or cut short.
    case corrupt(ImageFormat, file: String, reason: String)
    /// The image has more pixels than are read or made; see `Image.maximumSide` and `Image.maximumPixels`.
    case tooManyPixels(file: String, width: Int, height: Int)
    /// An image could not be encoded.
    case encodingFailed(reason: String)
    /// A text that a picture's file cannot carry.
    case invalidText(keyword: String, reason: String)
    /// A float that is not a number or infinite, at `index` of the planar values.
    case nonFinite(index: Int, value: String)
    /// The number of values or bytes does not fit the width and the height.
    case wrongCount(expected: Int, found: Int, width: Int, height: Int)
    /// Two images that must have one size have two.
    case differentSizes(expected: String, found: String)
    /// The image is smaller than a measure needs.
    case tooSmall(expected: String, found: String)
    /// A grid of no images.
    case noImages
}

extension ImageError {
    public var category: ErrorCategory {
        switch self {
        case .nonFinite, .wrongCount, .noImages: .internalFault
        default: .data
        }
    }

    public var description: String {
        switch self {
        case .encodingFailed(let reason):
            "the image cannot be encoded: \(reason)"
        case .notAnImage(let file, let found):
            "\(FilePath.shown(file)): \(found)"
        case .corrupt(let format, let file, let reason):
            "\(FilePath.shown(file)): a damaged \(format.name) (\(reason))"
        case .tooManyPixels(let file, let width, let height):
            "\(FilePath.shown(file)): \(width)x\(height) pixels; expected at most \(Image.maximumSide) a side"
                + " and \(Image.maximumPixels) in all"
        case .invalidText(let keyword, let reason):
            "text \"\(keyword)\" cannot be stored in a picture: \(reason)"
        case .nonFinite(let index, let value):
            "pixel value \(index) is \(value); expected a finite number"
        case .wrongCount(let expected, let found, let width, let height):
            "\(found) values for a \(width)x\(height) image; expected \(expected)"
        case .differentSizes(let expected, let found):
            "an image of \(found) pixels; expected \(expected)"
        case .tooSmall(let expected, let found):
            "an image of \(found) pixels; expected at least \(expected)"
        case .noImages:
            "no images to arrange; expected at least one"
        }
    }
}
