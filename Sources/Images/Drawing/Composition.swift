extension Image {
    /// Lays `sprite` over the picture with its top left corner in column `x` of row `y`, unscaled. What leaves the picture
    /// is cut off.
    public mutating func draw(_ sprite: RGBAImage, x: Int, y: Int) {
        let columns = max(0, -x)..<max(0, -x, min(sprite.width, width - x))
        let rows = max(0, -y)..<max(0, -y, min(sprite.height, height - y))
        guard !columns.isEmpty, !rows.isEmpty else { return }
        let stride = width
        withUnsafeMutablePixels { pixels in
            sprite.pixels.withUnsafeBufferPointer { input in
                for row in rows {
                    var source = input.baseAddress! + (row * sprite.width + columns.lowerBound) * 4
                    var target = pixels.baseAddress! + ((row + y) * stride + columns.lowerBound + x) * 3
                    for _ in columns {
                        let alpha = UInt32(source[3])
                        for channel in 0..<3 {
                            let sum = UInt32(source[channel]) &* alpha &+ UInt32(target[channel]) &* (255 &- alpha)
                            target[channel] = UInt8(truncatingIfNeeded: (sum &+ 127) / 255)
                        }
                        source += 4
                        target += 3
                    }
                }
            }
        }
    }

    /// Lays `sprite` over the picture, scaled to `rect`, which may lie between pixels and leave the picture.
    ///
    /// Antialiased at any size: the sprite is filtered with premultiplied alpha as if transparent pixels surrounded it. A
    /// rectangle with a side below 1/16 pixel draws nothing. Traps where `rect` is not finite.
    public mutating func draw(_ sprite: RGBAImage, in rect: FloatRect, filter: ResampleFilter = .bicubic) {
        precondition(
            rect.x.isFinite && rect.y.isFinite && rect.width.isFinite && rect.height.isFinite, "drawing in \(rect)")
        // Below this nothing is visible, and the filter would grow without bound.
        guard rect.width >= 1 / 16, rect.height >= 1 / 16 else { return }
        let scaleX = Double(sprite.width) / Double(rect.width)
        let scaleY = Double(sprite.height) / Double(rect.height)
        let columnRange = touched(
            origin: Double(rect.x), length: Double(rect.width), scale: scaleX, filter: filter, limit: width)
        let rowRange = touched(
            origin: Double(rect.y), length: Double(rect.height), scale: scaleY, filter: filter, limit: height)
        guard !columnRange.isEmpty, !rowRange.isEmpty else { return }
        let columns = AxisWeights(
            length: sprite.width, outputs: columnRange, origin: Double(rect.x), scale: scaleX, filter: filter,
            edge: .transparent)
        let rows = AxisWeights(
            length: sprite.height, outputs: rowRange, origin: Double(rect.y), scale: scaleY, filter: filter,
            edge: .transparent)
        let scaled = sprite.premultipliedPixels(columns: columns, rows: rows)

        let stride = width
        withUnsafeMutablePixels { pixels in
            scaled.withUnsafeBufferPointer { input in
                for (line, y) in rowRange.enumerated() {
                    let source = input.baseAddress! + line * columnRange.count
                    var target = pixels.baseAddress! + (y * stride + columnRange.lowerBound) * 3
                    for x in 0..<columnRange.count {
                        let pixel = source[x]
                        // Zero alpha is most of a typical sprite.
                        if pixel.w > 0 {
                            let rest = 1 - pixel.w * (1 / 255)
                            // No sum passes 255.5, since no colour exceeds its alpha.
                            target[0] = UInt8(min(255, Float(target[0]) * rest + pixel.x + 0.5))
                            target[1] = UInt8(min(255, Float(target[1]) * rest + pixel.y + 0.5))
                            target[2] = UInt8(min(255, Float(target[2]) * rest + pixel.z + 0.5))
                        }
                        target += 3
                    }
                }
            }
        }
    }
}

/// The output pixels below `limit` that a sprite from `origin` over `length` can change, its filter's reach included.
private func touched(origin: Double, length: Double, scale: Double, filter: ResampleFilter, limit: Int) -> Range<Int> {
    let reach = filter.support * max(scale, 1) / scale
    let bounds = 0...Double(limit)
    let low = (origin - reach - 1).rounded(.down)
    let high = (origin + length + reach + 1).rounded(.up)
    let first = Int(min(max(low, bounds.lowerBound), bounds.upperBound))
    let last = Int(min(max(high, bounds.lowerBound), bounds.upperBound))
    return first..<last
}
