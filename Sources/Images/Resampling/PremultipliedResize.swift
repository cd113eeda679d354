// Pictures with transparency are resized on colours multiplied by alpha, in float: what is transparent has no colour that
// could bleed into an edge.

extension RGBAImage {
    /// The picture at another size, filtered with premultiplied alpha. Traps where a side is not positive.
    public func resized(width newWidth: Int, height newHeight: Int, filter: ResampleFilter = .bicubic) -> RGBAImage {
        precondition(newWidth > 0 && newHeight > 0, "resizing to \(newWidth)x\(newHeight) pixels")
        if newWidth == width && newHeight == height { return self }
        let columns = AxisWeights(
            length: width, outputs: 0..<newWidth, origin: 0, scale: Double(width) / Double(newWidth), filter: filter,
            edge: .cut)
        let rows = AxisWeights(
            length: height, outputs: 0..<newHeight, origin: 0, scale: Double(height) / Double(newHeight), filter: filter,
            edge: .cut)
        let scaled = premultipliedPixels(columns: columns, rows: rows)
        let straight = [UInt8](unsafeUninitializedCapacity: scaled.count * 4) { output, written in
            scaled.withUnsafeBufferPointer { input in
                for i in 0..<input.count {
                    let pixel = input[i]
                    let alpha = UInt8(pixel.w + 0.5)
                    // Where alpha rounds to 0 nothing is seen, and dividing by it would make noise.
                    let factor: Float = alpha == 0 ? 0 : 255 / pixel.w
                    for channel in 0..<3 { output[4 * i + channel] = UInt8(min(255, pixel[channel] * factor + 0.5)) }
                    output[4 * i + 3] = alpha
                }
            }
            written = scaled.count * 4
        }
        return RGBAImage(width: newWidth, height: newHeight, pixels: straight)
    }

    /// Premultiplied red, green, blue and alpha, 0 to 255, of every output pixel: `[rows, columns]`.
    ///
    /// The cubic's overshoot is clamped: alpha to its range, and no colour exceeds its alpha.
    func premultipliedPixels(columns: AxisWeights, rows: AxisWeights) -> [SIMD4<Float>] {
        let columnCount = columns.starts.count
        let rowCount = rows.starts.count
        let sources = rows.sources
        let lines = premultipliedLines(sources, columns: columns)
        let columnRange = 0..<columnCount
        return [SIMD4<Float>](unsafeUninitializedCapacity: rowCount * columnCount) { output, written in
            let full = SIMD4<Float>(repeating: 255)
            lines.withUnsafeBufferPointer { input in
                for y in 0..<rowCount {
                    let target = output.baseAddress! + y * columnCount
                    for x in columnRange { target[x] = .zero }
                    for tap in 0..<rows.counts[y] {
                        let factor = Float(rows.weights[y * rows.stride + tap])
                        let line = input.baseAddress! + (rows.starts[y] + tap - sources.lowerBound) * columnCount
                        for x in columnRange { target[x] += line[x] * factor }
                    }
                    for x in columnRange {
                        let pixel = target[x].clamped(lowerBound: .zero, upperBound: full)
                        target[x] = pixel.clamped(lowerBound: .zero, upperBound: SIMD4(repeating: pixel.w))
                    }
                }
            }
            written = rowCount * columnCount
        }
    }

    /// The horizontal pass over the source rows `rows`.
    private func premultipliedLines(_ rows: Range<Int>, columns: AxisWeights) -> [SIMD4<Float>] {
        let columnCount = columns.starts.count
        let used = columns.sources
        let factors = columns.weights.map { Float($0) }
        return [SIMD4<Float>](unsafeUninitializedCapacity: rows.count * columnCount) { output, written in
            withUnsafeTemporaryAllocation(of: SIMD4<Float>.self, capacity: max(width, 1)) { row in
                pixels.withUnsafeBufferPointer { input in
                    factors.withUnsafeBufferPointer { factors in
                        for (line, y) in rows.enumerated() {
                            let source = input.baseAddress! + y * width * 4
                            for x in used { row[x] = premultiplied(source + 4 * x) }
                            let target = output.baseAddress! + line * columnCount
                            for x in 0..<columnCount {
                                let start = columns.starts[x]
                                let base = x * columns.stride
                                let count = columns.counts[x]
                                // Four sums, since each addition waits for the one before it.
                                var sums = (SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero, SIMD4<Float>.zero)
                                var i = 0
                                while i + 4 <= count {
                                    sums.0 += row[start + i] * factors[base + i]
                                    sums.1 += row[start + i + 1] * factors[base + i + 1]
                                    sums.2 += row[start + i + 2] * factors[base + i + 2]
                                    sums.3 += row[start + i + 3] * factors[base + i + 3]
                                    i += 4
                                }
                                while i < count {
                                    sums.0 += row[start + i] * factors[base + i]
                                    i += 1
                                }
                                (target + x).initialize(to: (sums.0 + sums.1) + (sums.2 + sums.3))
                            }
                        }
                    }
                }
            }
            written = rows.count * columnCount
        }
    }
}

@inline(__always)
private func premultiplied(_ pixel: UnsafePointer<UInt8>) -> SIMD4<Float> {
    let alpha = Float(pixel[3])
    let factor = alpha * (1 / 255)
    return SIMD4(Float(pixel[0]) * factor, Float(pixel[1]) * factor, Float(pixel[2]) * factor, alpha)
}
