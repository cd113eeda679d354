import Foundation

extension Tensor {
    /// Adds up square windows that reach beyond the patches of a grid: window [c, i, j] of the token in row r and column q is
    /// added to channel c at pixel (r·patch - margin + i, q·patch - margin + j) where that lies in the picture.
    ///
    /// - Parameters:
    ///   - patch: the side of a patch in pixels; a window's side is patch + 2·margin.
    ///   - blended: whether windows fade into one another: pixels are weighed, in either direction, by a raised cosine of their
    ///     place in the window, divided so that the weights of all windows of a pixel add up to 1.
    /// - Returns: [batch, channels, side, side] from self [batch, grid², channels·(patch + 2·margin)²], side = grid·patch.
    public func addedWindows(grid: Int, patch: Int, margin: Int, channels: Int, blended: Bool = false) -> Tensor {
        let windows = Windows(grid: grid, patch: patch, margin: margin, channels: channels, blended: blended)
        precondition(
            rank == 3 && shape[1] == grid * grid && shape[2] == windows.size,
            "windows of shape \(shape) for \(channels) channels on a grid of \(grid)×\(grid) patches of \(patch) pixels with margins of \(margin)")
        let batch = shape[0]
        let sum = Tensor(uninitialized: [batch, channels, windows.side, windows.side]) { buffer in
            guard let out = buffer.baseAddress else { return }
            buffer.update(repeating: 0)
            // A plane is written by one thread alone, in one order: the sum does not depend on the number of threads.
            parallelFor(batch * channels) { plane in
                windows.forRows(plane) { window, pixel, count, weight in
                    let (from, to) = (base + window, out + pixel)
                    if let weight {
                        for k in 0..<count { to[k] += from[k] * (weight.row * weight.columns[k]) }
                    } else {
                        for k in 0..<count { to[k] += from[k] }
                    }
                }
            }
        }
        return sum.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: [batch, grid * grid, windows.size]) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        buffer.update(repeating: 0)
                        parallelFor(batch * channels) { plane in
                            windows.forRows(plane) { window, pixel, count, weight in
                                let (from, to) = (dy.base + pixel, out + window)
                                if let weight {
                                    for k in 0..<count { to[k] = from[k] * (weight.row * weight.columns[k]) }
                                } else {
                                    to.update(from: from, count: count)
                                }
                            }
                        }
                    }
                ]
            }
        }
    }
}

extension Tensor {
    /// The windows that reach beyond the patches of a grid: of images [batch, channels, side, side] those that `addedWindows` adds
    /// up, [batch, grid², channels·(patch + 2·margin)²]. Beyond the picture its outermost pixels go on.
    package func windows(grid: Int, patch: Int, margin: Int) -> Tensor {
        precondition(
            rank == 4 && shape[2] == grid * patch && shape[3] == grid * patch, "images of shape \(shape) on a grid of \(grid) patches of \(patch) pixels")
        let (batch, channels, side, extent) = (shape[0], shape[1], grid * patch, patch + 2 * margin)
        return Tensor(uninitialized: [batch, grid * grid, channels * extent * extent]) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(batch * grid * grid) { window in
                let (sample, token) = (window / (grid * grid), window % (grid * grid))
                let (top, left) = (token / grid * patch - margin, token % grid * patch - margin)
                for channel in 0..<channels {
                    for i in 0..<extent {
                        let row = base + ((sample * channels + channel) * side + min(max(top + i, 0), side - 1)) * side
                        let to = out + ((window * channels + channel) * extent + i) * extent
                        for j in 0..<extent { to[j] = row[min(max(left + j, 0), side - 1)] }
                    }
                }
            }
        }
    }
}

/// Where the rows of overlapping windows lie in memory and in the picture, and what they weigh there.
private struct Windows {
    let grid: Int
    let patch: Int
    let margin: Int
    let channels: Int
    /// The weight of each place of the windows of each row of the grid, and of each column: [grid, extent]; nil where all weigh 1.
    private let weights: [Float]?

    var side: Int { grid * patch }
    private var extent: Int { patch + 2 * margin }
    /// The values of all windows of a token.
    var size: Int { channels * extent * extent }

    init(grid: Int, patch: Int, margin: Int, channels: Int, blended: Bool) {
        self.grid = grid
        self.patch = patch
        self.margin = margin
        self.channels = channels
        weights = blended ? Self.fading(grid: grid, patch: patch, margin: margin) : nil
    }

    /// At the picture's border, where a pixel has no second window, the only one weighs 1.
    private static func fading(grid: Int, patch: Int, margin: Int) -> [Float] {
        let (extent, side) = (patch + 2 * margin, grid * patch)
        let cosine = (0..<extent).map { 0.5 - 0.5 * cos(2 * .pi * (Double($0) + 0.5) / Double(extent)) }
        var sums = [Double](repeating: 0, count: side)
        func forPixels(_ body: (_ weight: Int, _ place: Int, _ pixel: Int) -> Void) {
            for token in 0..<grid {
                for place in 0..<extent {
                    let pixel = token * patch - margin + place
                    if (0..<side).contains(pixel) { body(token * extent + place, place, pixel) }
                }
            }
        }
        forPixels { sums[$2] += cosine[$1] }
        var weights = [Float](repeating: 0, count: grid * extent)
        forPixels { weights[$0] = Float(cosine[$1] / sums[$2]) }
        return weights
    }

    /// Calls `body` for each row of each window of a plane (batch·channels of them) that lies in the picture: where its visible
    /// part starts among the windows and in the picture, how many values that part has, and what they weigh if not 1.
    @inline(__always)
    func forRows(
        _ plane: Int, _ body: (_ window: Int, _ pixel: Int, _ count: Int, _ weight: (row: Float, columns: UnsafePointer<Float>)?) -> Void
    ) {
        let (sample, channel) = (plane / channels, plane % channels)
        func each(_ weights: UnsafePointer<Float>?) {
            for token in 0..<grid * grid {
                let (row, column) = (token / grid, token % grid)
                let top = row * patch - margin
                let left = column * patch - margin
                let (firstColumn, lastColumn) = (max(0, -left), min(extent, side - left))
                let window = ((sample * grid * grid + token) * channels + channel) * extent * extent
                for i in max(0, -top)..<min(extent, side - top) {
                    body(
                        window + i * extent + firstColumn, (plane * side + top + i) * side + left + firstColumn,
                        lastColumn - firstColumn, weights.map { ($0[row * extent + i], $0 + column * extent + firstColumn) })
                }
            }
        }
        if let weights { weights.withUnsafeBufferPointer { each($0.baseAddress) } } else { each(nil) }
    }
}
