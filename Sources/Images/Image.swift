/// A picture of 8-bit sRGB pixels, in memory.
public struct Image: Sendable, Equatable {
    /// The largest width and height that is read, in pixels.
    public static let maximumSide = 16_384
    /// The most pixels that are read or made: 8192 by 8192.
    public static let maximumPixels = 67_108_864

    /// The number of columns, at least 1.
    public let width: Int
    /// The number of rows, at least 1.
    public let height: Int
    /// Red, green and blue of every pixel, row by row from the top: `[height, width, 3]`.
    public private(set) var pixels: [UInt8]

    /// An image of `pixels`, `[height, width, 3]`. Traps where the count does not fit the size.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image of \(width)x\(height) pixels")
        precondition(pixels.count == width * height * 3, "\(pixels.count) bytes do not fill \(width)x\(height) RGB pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// An image of one colour.
    public init(width: Int, height: Int, filled color: Color) {
        precondition(width > 0 && height > 0, "an image of \(width)x\(height) pixels")
        self.init(
            width: width, height: height,
            pixels: [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
                count = width * height * 3
                fillPixels(buffer.baseAddress!, count: width * height, with: color)
            })
    }

    /// The colour in column `x` of row `y`.
    public subscript(x: Int, y: Int) -> Color {
        get {
            let i = offset(x, y)
            return Color(red: pixels[i], green: pixels[i + 1], blue: pixels[i + 2])
        }
        set {
            let i = offset(x, y)
            pixels[i] = newValue.red
            pixels[i + 1] = newValue.green
            pixels[i + 2] = newValue.blue
        }
    }

    /// Makes every pixel of `rect` that lies in the image `color`.
    public mutating func fill(_ rect: PixelRect, with color: Color) {
        let left = max(rect.x, 0)
        let right = min(rect.x + rect.width, width)
        let top = max(rect.y, 0)
        let bottom = min(rect.y + rect.height, height)
        guard left < right, top < bottom else { return }
        let stride = width * 3
        withUnsafeMutablePixels { buffer in
            for y in top..<bottom {
                fillPixels(buffer.baseAddress! + y * stride + left * 3, count: right - left, with: color)
            }
        }
    }

    /// Calls `body` with the pixels, `[height, width, 3]`; the pointer must not escape.
    public mutating func withUnsafeMutablePixels<Result>(
        _ body: (UnsafeMutableBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        try pixels.withUnsafeMutableBufferPointer { try body($0) }
    }

    private func offset(_ x: Int, _ y: Int) -> Int {
        precondition(x >= 0 && x < width && y >= 0 && y < height, "pixel (\(x), \(y)) of a \(width)x\(height) image")
        return (y * width + x) * 3
    }
}

extension Image: CustomStringConvertible {
    public var description: String { "Image(\(sizeText))" }

    /// Width and height, as messages name them.
    package var sizeText: String { "\(width)x\(height)" }
}

private func fillPixels(_ base: UnsafeMutablePointer<UInt8>, count: Int, with color: Color) {
    for i in 0..<count {
        base[3 * i] = color.red
        base[3 * i + 1] = color.green
        base[3 * i + 2] = color.blue
    }
}
