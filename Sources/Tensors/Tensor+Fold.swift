extension Tensor {
    /// Adds up square windows that reach beyond the patches of a grid: window [c, i, j] of the token in row r and column q is
    /// added to channel c at pixel (r·patch - margin + i, q·patch - margin + j) where that lies in the picture.
    ///
    /// - Parameter patch: the side of a patch in pixels; a window's side is patch + 2·margin.
    /// - Returns: [batch, channels, side, side] from self [batch, grid², channels·(patch + 2·margin)²], side = grid·patch.
    public func addedWindows(grid: Int, patch: Int, margin: Int, channels: Int) -> Tensor {
        let windows = Windows(grid: grid, patch: patch, margin: margin, channels: channels)
        precondition(
            rank == 3 && shape[1] == grid * grid && shape[2] == windows.size,
            "windows of shape \(shape) for \(channels) channels on a grid of \(grid)×\(grid) patches of \(patch) pixels with margins of \(margin)")
        let batch = shape[0]
        let sum = Tensor(uninitialized: [batch, channels, windows.side, windows.side]) { buffer in
            guard let out = buffer.baseAddress else { return }
            buffer.update(repeating: 0)
            // A plane is written by one thread alone, in one order: the sum does not depend on the number of threads.
            parallelFor(batch * channels) { plane in
                windows.forRows(plane) { window, pixel, count in
                    let (from, to) = (base + window, out + pixel)
                    for k in 0..<count { to[k] += from[k] }
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
                            windows.forRows(plane) { window, pixel, count in
                                (out + window).update(from: dy.base + pixel, count: count)
                            }
                        }
                    }
                ]
            }
        }
    }
}

/// Where the rows of overlapping windows lie in memory and in the picture.
private struct Windows {
    let grid: Int
    let patch: Int
    let margin: Int
    let channels: Int

    var side: Int { grid * patch }
    private var extent: Int { patch + 2 * margin }
    /// The values of all windows of a token.
    var size: Int { channels * extent * extent }

    /// Calls `body` for each row of each window of a plane (batch·channels of them) that lies in the picture: where its visible
    /// part starts among the windows and in the picture, and how many values that part has.
    @inline(__always)
    func forRows(_ plane: Int, _ body: (_ window: Int, _ pixel: Int, _ count: Int) -> Void) {
        let (sample, channel) = (plane / channels, plane % channels)
        for token in 0..<grid * grid {
            let top = token / grid * patch - margin
            let left = token % grid * patch - margin
            let (firstColumn, lastColumn) = (max(0, -left), min(extent, side - left))
            let window = ((sample * grid * grid + token) * channels + channel) * extent * extent
            for i in max(0, -top)..<min(extent, side - top) {
                body(
                    window + i * extent + firstColumn, (plane * side + top + i) * side + left + firstColumn,
                    lastColumn - firstColumn)
            }
        }
    }
}
