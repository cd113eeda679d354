extension Image {
    /// The picture at another size, bit for bit as Pillow 13 resizes 8-bit pictures: two passes, one for each axis, each
    /// rounded to bytes. An axis that keeps its length is not filtered. Traps where a side is not positive.
    public func resized(width: Int, height: Int, filter: ResampleFilter = .bicubic) -> Image {
        resized(width: width, height: height, keeping: PixelRect(x: 0, y: 0, width: width, height: height), filter: filter)
    }

    /// The part `window` of the picture resized to `fullWidth` by `fullHeight`, without computing the rest.
    func resized(width fullWidth: Int, height fullHeight: Int, keeping window: PixelRect, filter: ResampleFilter) -> Image {
        precondition(fullWidth > 0 && fullHeight > 0, "resizing to \(fullWidth)x\(fullHeight) pixels")
        let columns = window.x..<window.x + window.width
        let rows = window.y..<window.y + window.height
        precondition(
            columns.lowerBound >= 0 && columns.upperBound <= fullWidth && rows.lowerBound >= 0
                && rows.upperBound <= fullHeight && !columns.isEmpty && !rows.isEmpty,
            "\(window) of a \(fullWidth)x\(fullHeight) image")
        let horizontal =
            fullWidth == width ? nil : FixedWeights(length: width, full: fullWidth, outputs: columns, filter: filter)
        let vertical =
            fullHeight == height ? nil : FixedWeights(length: height, full: fullHeight, outputs: rows, filter: filter)

        let usedColumns = horizontal?.sources ?? columns
        let usedRows = vertical?.sources ?? rows
        var image = self
        if usedColumns != 0..<width || usedRows != 0..<height {
            image = cropped(
                to: PixelRect(
                    x: usedColumns.lowerBound, y: usedRows.lowerBound, width: usedColumns.count, height: usedRows.count))
        }
        // The order shows in the rounding between the passes. Horizontal first is what Pillow always did; since version 13
        // it begins with the height where that loses more than twice as many pixels as the width.
        let isVerticalFirst = fullHeight < height && height - fullHeight > 2 * (width - fullWidth)
        if isVerticalFirst, let vertical { image = image.resizedDown(with: vertical) }
        if let horizontal { image = image.resizedAcross(with: horizontal) }
        if !isVerticalFirst, let vertical { image = image.resizedDown(with: vertical) }
        return image
    }

    /// The horizontal pass.
    private func resizedAcross(with weights: FixedWeights) -> Image {
        let outputs = weights.starts.count
        let resized = [UInt8](unsafeUninitializedCapacity: height * outputs * 3) { output, written in
            var target = output.baseAddress!
            pixels.withUnsafeBufferPointer { input in
                weights.withUnsafePointers { starts, counts, factors, factorStride in
                    for y in 0..<height {
                        let row = input.baseAddress! + y * width * 3
                        for x in 0..<outputs {
                            var source = row + starts[x] * 3
                            let factor = factors + x * factorStride
                            var red = FixedWeights.half
                            var green = FixedWeights.half
                            var blue = FixedWeights.half
                            for i in 0..<counts[x] {
                                let f = factor[i]
                                red &+= Int32(source[0]) &* f
                                green &+= Int32(source[1]) &* f
                                blue &+= Int32(source[2]) &* f
                                source += 3
                            }
                            target[0] = FixedWeights.byte(red)
                            target[1] = FixedWeights.byte(green)
                            target[2] = FixedWeights.byte(blue)
                            target += 3
                        }
                    }
                }
            }
            written = height * outputs * 3
        }
        return Image(width: outputs, height: height, pixels: resized)
    }

    /// The vertical pass. Works along whole rows, which the compiler turns into vector instructions.
    private func resizedDown(with weights: FixedWeights) -> Image {
        let outputs = weights.starts.count
        let stride = width * 3
        let resized = [UInt8](unsafeUninitializedCapacity: outputs * stride) { output, written in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: stride) { sums in
                let sum = sums.baseAddress!
                pixels.withUnsafeBufferPointer { input in
                    weights.withUnsafePointers { starts, counts, factors, factorStride in
                        for y in 0..<outputs {
                            for i in 0..<stride { sum[i] = FixedWeights.half }
                            for tap in 0..<counts[y] {
                                let f = factors[y * factorStride + tap]
                                let row = input.baseAddress! + (starts[y] + tap) * stride
                                for i in 0..<stride { sum[i] &+= Int32(row[i]) &* f }
                            }
                            let target = output.baseAddress! + y * stride
                            for i in 0..<stride { target[i] = FixedWeights.byte(sum[i]) }
                        }
                    }
                }
            }
            written = outputs * stride
        }
        return Image(width: width, height: outputs, pixels: resized)
    }
}

/// Weights as whole numbers of 2^-22: 8 bits are for the pixel, 2 for the overshoot of the cubic, as in Pillow.
private struct FixedWeights {
    static let fractionBits: Int32 = 32 - 8 - 2
    static let half: Int32 = 1 << (fractionBits - 1)

    /// Counted from the first source pixel that any output reads.
    let starts: [Int]
    let counts: [Int]
    /// The source pixels that any output reads.
    let sources: Range<Int>
    private let factors: [Int32]
    private let stride: Int

    init(length: Int, full: Int, outputs: Range<Int>, filter: ResampleFilter) {
        let axis = AxisWeights(
            length: length, outputs: outputs, origin: 0, scale: Double(length) / Double(full), filter: filter, edge: .cut)
        let one = Double(1 << Self.fractionBits)
        let used = axis.sources
        starts = axis.starts.map { $0 - used.lowerBound }
        counts = axis.counts
        sources = used
        stride = axis.stride
        // Away from zero at halves.
        factors = axis.weights.map { Int32($0 * one + ($0 < 0 ? -0.5 : 0.5)) }
    }

    @inline(__always)
    static func byte(_ sum: Int32) -> UInt8 {
        UInt8(truncatingIfNeeded: max(0, min(255, sum >> fractionBits)))
    }

    func withUnsafePointers(
        _ body: (UnsafePointer<Int>, UnsafePointer<Int>, UnsafePointer<Int32>, Int) -> Void
    ) {
        starts.withUnsafeBufferPointer { starts in
            counts.withUnsafeBufferPointer { counts in
                factors.withUnsafeBufferPointer { factors in
                    body(starts.baseAddress!, counts.baseAddress!, factors.baseAddress!, stride)
                }
            }
        }
    }
}
