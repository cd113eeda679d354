import Images

/// How much neighbouring pixels differ, in the middle of patches and across their borders: blur takes steps away, and patches that
/// do not meet add them where they meet.
package struct PictureSteps {
    private let patch: Int
    private var inside = 0.0, across = 0.0
    private var insideCount = 0, acrossCount = 0

    package init(patch: Int) { self.patch = patch }

    /// The mean of all steps of a channel, in 0...1.
    package var mean: Double { (inside + across) / Double(max(1, insideCount + acrossCount)) }

    /// The mean step across borders as a multiple of that inside patches.
    package var seams: Double { across / Double(max(1, acrossCount)) / max(inside / Double(max(1, insideCount)), 1e-9) }

    package mutating func add(_ image: Image) {
        let (width, height) = (image.width, image.height)
        let values = image.planarFloats()
        for channel in 0..<3 {
            let plane = values[channel * width * height..<(channel + 1) * width * height]
            for y in 0..<height {
                let row = plane.startIndex + y * width
                for x in 0..<width {
                    if x > 0 { add(abs(plane[row + x] - plane[row + x - 1]), at: x) }
                    if y > 0 { add(abs(plane[row + x] - plane[row + x - width]), at: y) }
                }
            }
        }
    }

    private mutating func add(_ step: Float, at position: Int) {
        if position.isMultiple(of: patch) {
            across += Double(step)
            acrossCount += 1
        } else {
            inside += Double(step)
            insideCount += 1
        }
    }
}
