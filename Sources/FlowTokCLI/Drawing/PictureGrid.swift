import Images

/// How pictures lie in the one that holds all of them.
struct PictureGrid {
    let columns: Int
    static let gap = 4

    /// A row to each prompt where every prompt has several pictures, and otherwise as square as can be.
    init(pictures: Int, prompts: Int) {
        let each = pictures / max(prompts, 1)
        columns = prompts > 1 && each > 1 ? each : Int(Double(pictures).squareRoot().rounded(.up))
    }

    init(columns: Int) { self.columns = columns }

    /// Throws where the pictures, squares of `side` pixels, would make one that is too large.
    func check(pictures: Int, side: Int) throws {
        let rows = (pictures + columns - 1) / columns
        let (width, height) = (columns * (side + Self.gap), rows * (side + Self.gap))
        guard width <= Image.maximumSide, height <= Image.maximumSide, width * height <= Image.maximumPixels else {
            throw Failure(
                .usage, "a grid of \(columns)×\(rows) pictures would have \(width)×\(height) pixels, expected at most \(Image.maximumSide) a side")
        }
    }

    func picture(of images: [Image]) throws -> Image { try Image.grid(images, columns: columns, gap: Self.gap) }
}
