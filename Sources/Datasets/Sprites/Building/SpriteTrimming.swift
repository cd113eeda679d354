import Files
import Images

/// Cuts pictures to their content and judges whether they show anything.
enum SpriteTrimming {
    /// Alpha at or below this counts as empty: soft shadows and antialiasing fringes would otherwise push the thing itself off centre.
    static let faint: UInt8 = 12

    /// `image` cut to its content, its longest side at most `side`; nil where there is nothing.
    static func trimmed(_ image: RGBAImage, side: Int) -> RGBAImage? {
        guard let bounds = image.contentBounds(alphaAbove: faint) else { return nil }
        let content = image.cropped(to: bounds)
        let longest = max(content.width, content.height)
        guard longest > side else { return content }
        let scale = Double(side) / Double(longest)
        return content.resized(
            width: max(1, Int((Double(content.width) * scale).rounded())), height: max(1, Int((Double(content.height) * scale).rounded())), filter: .bicubic)
    }

    /// Why `sprite` is no use, or nil where it is.
    static func objection(to sprite: RGBAImage) -> String? {
        if min(sprite.width, sprite.height) < 6 { return "a line" }
        var visible = 0
        var dark = 0
        for index in stride(from: 0, to: sprite.pixels.count, by: 4) where sprite.pixels[index + 3] > 32 {
            visible += 1
            let luminance = 299 * Int(sprite.pixels[index]) + 587 * Int(sprite.pixels[index + 1]) + 114 * Int(sprite.pixels[index + 2])
            // How much the pixel darkens white paper.
            if (255_000 - luminance) * Int(sprite.pixels[index + 3]) > 40_000 * 255 { dark += 1 }
        }
        let area = sprite.width * sprite.height
        if visible * 50 < area { return "nearly empty" }
        if dark * 100 < area { return "invisible on white" }
        return nil
    }
}

/// A small copy of a sprite, for finding duplicates.
struct SpriteThumbnail: Equatable {
    /// Premultiplied RGBA of 32×32 pixels over no background.
    let values: [UInt8]

    init(_ sprite: RGBAImage) {
        let small = sprite.resized(width: 32, height: 32, filter: .bilinear)
        var values = small.pixels
        for index in stride(from: 0, to: values.count, by: 4) {
            for channel in 0..<3 { values[index + channel] = UInt8(Int(values[index + channel]) * Int(values[index + 3]) / 255) }
        }
        self.values = values
    }

    /// A hash of the coarse look, equal for copies of a file.
    var coarseHash: UInt64 { StableHash.hash(bytes: values.lazy.map { ($0 &+ 4) >> 4 }) }

    /// The mean absolute difference of the values, in 255ths.
    func distance(to other: SpriteThumbnail) -> Double {
        var sum = 0
        for (a, b) in zip(values, other.values) { sum += abs(Int(a) - Int(b)) }
        return Double(sum) / Double(values.count)
    }
}
