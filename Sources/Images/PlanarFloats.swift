extension Image {
    /// The pixels as numbers from 0 to 1 (the byte divided by 255), channel by channel: `[3, height, width]`.
    public func planarFloats() -> [Float] {
        [Float](unsafeUninitializedCapacity: pixels.count) { output, count in
            copyPlanarFloats(to: output)
            count = pixels.count
        }
    }

    /// Writes what `planarFloats()` returns into `output`, which must hold `3 * height * width` values.
    public func copyPlanarFloats(to output: UnsafeMutableBufferPointer<Float>) {
        let plane = width * height
        precondition(output.count == plane * 3, "\(output.count) values for \(plane * 3) channel values")
        unitFloats.withUnsafeBufferPointer { table in
            pixels.withUnsafeBufferPointer { input in
                for i in 0..<plane {
                    output[i] = table[Int(input[3 * i])]
                    output[plane + i] = table[Int(input[3 * i + 1])]
                    output[2 * plane + i] = table[Int(input[3 * i + 2])]
                }
            }
        }
    }

    /// The picture of planar numbers `[3, height, width]`, where 0 is black and 1 is full brightness.
    ///
    /// A byte is floor(clamp(255 y + 0.5, 0, 255)), the official post-processing of FlowTok.
    /// - Throws: `ImageError.wrongCount` where the values do not fill the size, and `.nonFinite` with the place of the
    ///   first value that is no number or infinite: drawn, it would be a black picture that explains nothing.
    public init(planar values: [Float], width: Int, height: Int) throws(ImageError) {
        let sides = 1...Self.maximumPixels
        let expected = sides.contains(width) && sides.contains(height) ? 3 * width * height : 0
        guard expected > 0, values.count == expected else {
            throw .wrongCount(expected: expected, found: values.count, width: width, height: height)
        }
        let plane = width * height
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw .nonFinite(index: index, value: "\(values[index])")
        }
        let pixels = [UInt8](unsafeUninitializedCapacity: 3 * plane) { output, count in
            values.withUnsafeBufferPointer { input in
                for i in 0..<plane {
                    output[3 * i] = byte(input[i])
                    output[3 * i + 1] = byte(input[plane + i])
                    output[3 * i + 2] = byte(input[2 * plane + i])
                }
            }
            count = 3 * plane
        }
        self.init(width: width, height: height, pixels: pixels)
    }
}

/// Every byte divided by 255, so that the division is done once.
private let unitFloats: [Float] = (0...255).map { Float($0) / 255 }

@inline(__always)
private func byte(_ value: Float) -> UInt8 {
    UInt8(max(0, min(255, 255 * value + 0.5)))
}
