import Foundation

extension Image {
    /// The mean of the squared differences of all bytes, in squared byte steps (0 to 65,025).
    /// - Throws: `ImageError.differentSizes`.
    public func meanSquaredError(to other: Image) throws(ImageError) -> Double {
        guard width == other.width, height == other.height else {
            throw .differentSizes(expected: sizeText, found: other.sizeText)
        }
        var sum: UInt64 = 0
        pixels.withUnsafeBufferPointer { a in
            other.pixels.withUnsafeBufferPointer { b in
                for i in 0..<a.count {
                    let difference = Int32(a[i]) &- Int32(b[i])
                    sum &+= UInt64(truncatingIfNeeded: difference &* difference)
                }
            }
        }
        return Double(sum) / Double(pixels.count)
    }

    /// The peak signal-to-noise ratio 10 log10(255² / MSE) over all channels together, in decibels; infinite for equal
    /// pictures.
    /// - Throws: `ImageError.differentSizes`.
    public func psnr(to other: Image) throws(ImageError) -> Double {
        let error = try meanSquaredError(to: other)
        return error == 0 ? .infinity : 10 * log10(255 * 255 / error)
    }
}
