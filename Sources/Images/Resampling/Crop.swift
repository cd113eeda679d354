extension Image {
    /// The pixels of `rect`. Traps where it is empty or leaves the image.
    public func cropped(to rect: PixelRect) -> Image {
        let kept = copyRect(rect, of: pixels, width: width, height: height, channels: 3)
        return Image(width: rect.width, height: rect.height, pixels: kept)
    }

    /// The square of `side` pixels in the middle: the offset of each axis is (length - side) / 2, halves to the even
    /// number, as torchvision places it. Traps where the image is smaller.
    public func centerCropped(to side: Int) -> Image {
        precondition(side > 0 && side <= width && side <= height, "a square of \(side) pixels of a \(sizeText) image")
        let left = centerOffset(width, side)
        let top = centerOffset(height, side)
        return cropped(to: PixelRect(x: left, y: top, width: side, height: side))
    }

    /// The picture with its shorter edge `side` pixels long and the other floor(side * long / short).
    /// - Throws: `ImageError.tooManyPixels` where a very long image would become larger than `maximumPixels`; see
    ///   `centerSquare(_:filter:)`, which has no such case.
    public func resizedShorterEdge(to side: Int, filter: ResampleFilter = .bicubic) throws(ImageError) -> Image {
        let (fullWidth, fullHeight) = sizeWithShorterEdge(side)
        if fullWidth * fullHeight > Self.maximumPixels {
            throw .tooManyPixels(file: "resized image", width: fullWidth, height: fullHeight)
        }
        return resized(width: fullWidth, height: fullHeight, filter: filter)
    }

    /// What a model sees of a picture: the shorter edge resized to `side`, then the square in the middle.
    ///
    /// The same pixels as `resizedShorterEdge(to:)` followed by `centerCropped(to:)`, of which only the square is computed.
    public func centerSquare(_ side: Int, filter: ResampleFilter = .bicubic) -> Image {
        let (fullWidth, fullHeight) = sizeWithShorterEdge(side)
        let window = PixelRect(
            x: centerOffset(fullWidth, side), y: centerOffset(fullHeight, side), width: side, height: side)
        return resized(width: fullWidth, height: fullHeight, keeping: window, filter: filter)
    }

    /// What a model sees of a picture in OpenAI's way: as long as the shorter edge has 2·`side` pixels or more, both are
    /// halved to the mean of 2×2 pixels; then the shorter edge becomes `side` long, the other rounded, halves to the even
    /// number; then the square in the middle, its offsets rounded down. Only the square is computed.
    public func halvedCenterSquare(_ side: Int) -> Image {
        precondition(side > 0 && side <= Self.maximumSide, "a square of \(side) pixels")
        var halved = self
        while min(halved.width, halved.height) >= 2 * side {
            halved = halved.resized(width: halved.width / 2, height: halved.height / 2, filter: .box)
        }
        let scale = Double(side) / Double(min(halved.width, halved.height))
        func scaled(_ length: Int) -> Int { Int((Double(length) * scale).rounded(.toNearestOrEven)) }
        let (fullWidth, fullHeight) = (max(side, scaled(halved.width)), max(side, scaled(halved.height)))
        let window = PixelRect(x: (fullWidth - side) / 2, y: (fullHeight - side) / 2, width: side, height: side)
        return halved.resized(width: fullWidth, height: fullHeight, keeping: window, filter: .bicubic)
    }

    private func sizeWithShorterEdge(_ side: Int) -> (Int, Int) {
        precondition(side > 0 && side <= Self.maximumSide, "a shorter edge of \(side) pixels")
        return width <= height ? (side, side * height / width) : (side * width / height, side)
    }
}

extension RGBAImage {
    /// The pixels of `rect`. Traps where it is empty or leaves the image.
    public func cropped(to rect: PixelRect) -> RGBAImage {
        let kept = copyRect(rect, of: pixels, width: width, height: height, channels: 4)
        return RGBAImage(width: rect.width, height: rect.height, pixels: kept)
    }
}

/// (length - side) / 2, halves to the even number.
private func centerOffset(_ length: Int, _ side: Int) -> Int {
    let excess = length - side
    let half = excess / 2
    return excess % 2 == 1 && half % 2 == 1 ? half + 1 : half
}

private func copyRect(_ rect: PixelRect, of pixels: [UInt8], width: Int, height: Int, channels: Int) -> [UInt8] {
    precondition(
        rect.width > 0 && rect.height > 0 && rect.x >= 0 && rect.y >= 0 && rect.x <= width - rect.width
            && rect.y <= height - rect.height,
        "\(rect) of a \(width)x\(height) image")
    let stride = rect.width * channels
    return [UInt8](unsafeUninitializedCapacity: rect.height * stride) { output, count in
        pixels.withUnsafeBufferPointer { input in
            for y in 0..<rect.height {
                let source = input.baseAddress! + ((rect.y + y) * width + rect.x) * channels
                (output.baseAddress! + y * stride).initialize(from: source, count: stride)
            }
        }
        count = rect.height * stride
    }
}
