extension RGBAImage {
    /// The smallest rectangle that holds every pixel whose alpha is above `threshold`; nil where there is none.
    public func contentBounds(alphaAbove threshold: UInt8 = 0) -> PixelRect? {
        pixels.withUnsafeBufferPointer { input in
            bounds(width: width, height: height) { input[4 * $0 + 3] > threshold }
        }
    }
}

extension Image {
    /// The smallest rectangle that holds every pixel that differs from `background` by more than `tolerance` in some
    /// channel; nil where there is none.
    public func contentBounds(background: Color, tolerance: UInt8 = 0) -> PixelRect? {
        pixels.withUnsafeBufferPointer { input in
            bounds(width: width, height: height) { pixel in
                let difference = max(
                    distance(input[3 * pixel], background.red), distance(input[3 * pixel + 1], background.green),
                    distance(input[3 * pixel + 2], background.blue))
                return difference > tolerance
            }
        }
    }
}

@inline(__always)
private func distance(_ a: UInt8, _ b: UInt8) -> UInt8 {
    a > b ? a - b : b - a
}

@inline(__always)
private func bounds(width: Int, height: Int, isContent: (Int) -> Bool) -> PixelRect? {
    var left = width
    var right = -1
    var top = height
    var bottom = -1
    for y in 0..<height {
        let row = y * width
        guard let first = (0..<width).first(where: { isContent(row + $0) }) else { continue }
        left = min(left, first)
        // A pixel further right than any so far is all that is of interest, and `first` is content.
        var x = width - 1
        while x > max(right, first) && !isContent(row + x) { x -= 1 }
        right = max(right, x)
        top = min(top, y)
        bottom = y
    }
    return bottom < 0 ? nil : PixelRect(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
}
