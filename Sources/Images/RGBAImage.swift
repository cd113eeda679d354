/// A picture with transparency, such as a sprite: 8-bit sRGB pixels with straight (not premultiplied) alpha.
public struct RGBAImage: Sendable, Equatable {
    /// The number of columns, at least 1.
    public let width: Int
    /// The number of rows, at least 1.
    public let height: Int
    /// Red, green, blue and alpha of every pixel, row by row from the top: `[height, width, 4]`.
    public let pixels: [UInt8]

    /// An image of `pixels`, `[height, width, 4]`. Traps where the count does not fit the size.
    public init(width: Int, height: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "an image of \(width)x\(height) pixels")
        precondition(pixels.count == width * height * 4, "\(pixels.count) bytes do not fill \(width)x\(height) RGBA pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// An opaque copy of `image`.
    public init(_ image: Image) {
        let count = image.width * image.height
        self.init(
            width: image.width, height: image.height,
            pixels: [UInt8](unsafeUninitializedCapacity: count * 4) { output, written in
                image.pixels.withUnsafeBufferPointer { input in
                    for i in 0..<count {
                        output[4 * i] = input[3 * i]
                        output[4 * i + 1] = input[3 * i + 1]
                        output[4 * i + 2] = input[3 * i + 2]
                        output[4 * i + 3] = 255
                    }
                }
                written = count * 4
            })
    }

    /// The picture in front of an opaque background.
    public func composited(over background: Color) -> Image {
        let count = width * height
        let backdrop = SIMD4<UInt32>(UInt32(background.red), UInt32(background.green), UInt32(background.blue), 0)
        let composed = [UInt8](unsafeUninitializedCapacity: count * 3) { output, written in
            pixels.withUnsafeBufferPointer { input in
                for i in 0..<count {
                    let alpha = UInt32(input[4 * i + 3])
                    for channel in 0..<3 {
                        // Rounded to the nearest; exact where alpha is 0 or 255.
                        let sum = UInt32(input[4 * i + channel]) &* alpha &+ backdrop[channel] &* (255 &- alpha)
                        output[3 * i + channel] = UInt8(truncatingIfNeeded: (sum &+ 127) / 255)
                    }
                }
            }
            written = count * 3
        }
        return Image(width: width, height: height, pixels: composed)
    }
}

extension RGBAImage: CustomStringConvertible {
    public var description: String { "RGBAImage(\(width)x\(height))" }
}
