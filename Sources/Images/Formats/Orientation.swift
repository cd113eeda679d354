/// How the stored picture lies: the values of the Exif tag Orientation (0x0112), which say where its first row and its first
/// column are to be seen.
enum Orientation: Int, CaseIterable {
    case upright = 1
    /// Left and right exchanged.
    case mirrored = 2
    /// Turned by 180 degrees.
    case upsideDown = 3
    /// Top and bottom exchanged.
    case flipped = 4
    /// Rows and columns exchanged.
    case transposed = 5
    /// To be turned clockwise by 90 degrees.
    case onItsLeft = 6
    /// Rows and columns exchanged, and turned by 180 degrees.
    case transversed = 7
    /// To be turned counterclockwise by 90 degrees.
    case onItsRight = 8

    /// Whether rows become columns.
    var swapsSides: Bool { rawValue >= 5 }
}

extension DecodedPixels {
    /// Turns the picture the way it is to be seen.
    mutating func turn(_ orientation: Orientation) {
        guard orientation != .upright else { return }
        let (sourceWidth, sourceHeight) = (width, height)
        if orientation.swapsSides { swap(&width, &height) }
        // Where the first pixel goes, and how far a step to the right and a step down in the source lead in the result.
        let (width, height) = (width, height)
        let (start, right, down): (Int, Int, Int) =
            switch orientation {
            case .upright: (0, 1, width)
            case .mirrored: (width - 1, -1, width)
            case .upsideDown: (height * width - 1, -1, -width)
            case .flipped: ((height - 1) * width, 1, -width)
            case .transposed: (0, width, 1)
            case .onItsLeft: (width - 1, width, -1)
            case .transversed: (height * width - 1, -width, -1)
            case .onItsRight: ((height - 1) * width, -width, 1)
            }
        let channels = channels
        // Squares of the source, so that columns that become rows stay in the cache.
        let block = 32
        values = [UInt8](unsafeUninitializedCapacity: values.count) { output, written in
            values.withUnsafeBufferPointer { input in
                for top in stride(from: 0, to: sourceHeight, by: block) {
                    for left in stride(from: 0, to: sourceWidth, by: block) {
                        for y in top..<min(top + block, sourceHeight) {
                            for x in left..<min(left + block, sourceWidth) {
                                let from = (y * sourceWidth + x) * channels
                                let to = (start + x * right + y * down) * channels
                                for channel in 0..<channels { output[to + channel] = input[from + channel] }
                            }
                        }
                    }
                }
            }
            written = sourceWidth * sourceHeight * channels
        }
    }
}
