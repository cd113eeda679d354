import Foundation

extension Image {
    /// The structural similarity of Wang et al. (2004), 1 for equal pictures: an 11 by 11 Gaussian window with deviation
    /// 1.5, K1 = 0.01, K2 = 0.03, only windows that lie inside the picture, the mean over windows and channels.
    /// - Throws: `ImageError.differentSizes`, or `.tooSmall` below 11 by 11 pixels.
    public func ssim(to other: Image) throws(ImageError) -> Double {
        guard width == other.width, height == other.height else {
            throw .differentSizes(expected: sizeText, found: other.sizeText)
        }
        let taps = gaussian.count
        guard width >= taps, height >= taps else {
            throw .tooSmall(expected: "\(taps)x\(taps)", found: sizeText)
        }
        let stabilizer1 = (0.01 * 255) * (0.01 * 255)
        let stabilizer2 = (0.03 * 255) * (0.03 * 255)
        var total = 0.0
        for channel in 0..<3 {
            let a = plane(channel)
            let b = other.plane(channel)
            let meanA = blur(a, width: width, height: height)
            let meanB = blur(b, width: width, height: height)
            let squareA = blur(zip(a, a).map { $0 * $1 }, width: width, height: height)
            let squareB = blur(zip(b, b).map { $0 * $1 }, width: width, height: height)
            let product = blur(zip(a, b).map { $0 * $1 }, width: width, height: height)
            for i in 0..<meanA.count {
                let varianceA = squareA[i] - meanA[i] * meanA[i]
                let varianceB = squareB[i] - meanB[i] * meanB[i]
                let covariance = product[i] - meanA[i] * meanB[i]
                let luminance =
                    (2 * meanA[i] * meanB[i] + stabilizer1) / (meanA[i] * meanA[i] + meanB[i] * meanB[i] + stabilizer1)
                total += luminance * (2 * covariance + stabilizer2) / (varianceA + varianceB + stabilizer2)
            }
        }
        return total / Double(3 * (width - taps + 1) * (height - taps + 1))
    }

    private func plane(_ channel: Int) -> [Double] {
        (0..<width * height).map { Double(pixels[3 * $0 + channel]) }
    }
}

/// A Gaussian of deviation 1.5 over 11 pixels, its sum 1.
private let gaussian: [Double] = {
    let values = (-5...5).map { exp(-Double($0 * $0) / (2 * 1.5 * 1.5)) }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
}()

/// The Gaussian-weighted mean of every window inside the plane, `[height - 10, width - 10]`.
private func blur(_ plane: [Double], width: Int, height: Int) -> [Double] {
    let taps = gaussian.count
    let outWidth = width - taps + 1
    let outHeight = height - taps + 1
    var rows = [Double](repeating: 0, count: height * outWidth)
    var output = [Double](repeating: 0, count: outHeight * outWidth)
    gaussian.withUnsafeBufferPointer { weights in
        plane.withUnsafeBufferPointer { input in
            rows.withUnsafeMutableBufferPointer { rows in
                for y in 0..<height {
                    for tap in 0..<taps {
                        let source = input.baseAddress! + y * width + tap
                        let target = rows.baseAddress! + y * outWidth
                        for x in 0..<outWidth { target[x] += source[x] * weights[tap] }
                    }
                }
                output.withUnsafeMutableBufferPointer { output in
                    for y in 0..<outHeight {
                        for tap in 0..<taps {
                            let source = rows.baseAddress! + (y + tap) * outWidth
                            let target = output.baseAddress! + y * outWidth
                            for x in 0..<outWidth { target[x] += source[x] * weights[tap] }
                        }
                    }
                }
            }
        }
    }
    return output
}
