extension Image {
    /// The images side by side in rows of `columns`, `gap` pixels apart, on `background`.
    ///
    /// Every cell has the size of the largest image; a smaller one lies in its middle.
    /// - Throws: `ImageError.noImages`, or `.tooManyPixels` where the grid would exceed `maximumSide` or `maximumPixels`.
    public static func grid(
        _ images: [Image], columns: Int, gap: Int = 0, background: Color = .white
    ) throws(ImageError) -> Image {
        precondition(columns > 0 && gap >= 0, "a grid of \(columns) columns with gaps of \(gap)")
        guard !images.isEmpty else { throw .noImages }
        let cellWidth = images.reduce(1) { max($0, $1.width) }
        let cellHeight = images.reduce(1) { max($0, $1.height) }
        let across = min(columns, images.count)
        let down = (images.count + columns - 1) / columns
        let width = across * cellWidth + (across - 1) * gap
        let height = down * cellHeight + (down - 1) * gap
        if width > maximumSide || height > maximumSide || width * height > maximumPixels {
            throw .tooManyPixels(file: "grid of \(images.count) images", width: width, height: height)
        }
        var grid = Image(width: width, height: height, filled: background)
        for (index, image) in images.enumerated() {
            let x = index % columns * (cellWidth + gap) + (cellWidth - image.width) / 2
            let y = index / columns * (cellHeight + gap) + (cellHeight - image.height) / 2
            grid.paste(image, x: x, y: y)
        }
        return grid
    }

    /// The images in one row; see `grid`.
    public static func strip(_ images: [Image], gap: Int = 0, background: Color = .white) throws(ImageError) -> Image {
        try grid(images, columns: max(images.count, 1), gap: gap, background: background)
    }

    /// Replaces pixels by those of `image`, its top left corner in column `x` of row `y`. What leaves the picture is cut
    /// off.
    public mutating func paste(_ image: Image, x: Int, y: Int) {
        let columns = max(0, -x)..<max(0, -x, min(image.width, width - x))
        let rows = max(0, -y)..<max(0, -y, min(image.height, height - y))
        guard !columns.isEmpty, !rows.isEmpty else { return }
        let stride = width
        withUnsafeMutablePixels { pixels in
            image.pixels.withUnsafeBufferPointer { input in
                for row in rows {
                    let source = input.baseAddress! + (row * image.width + columns.lowerBound) * 3
                    let target = pixels.baseAddress! + ((row + y) * stride + columns.lowerBound + x) * 3
                    target.update(from: source, count: columns.count * 3)
                }
            }
        }
    }
}
