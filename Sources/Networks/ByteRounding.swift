import Tensors

/// How values in 0...1 become bytes.
public enum ByteRounding: String, Sendable, Codable, CaseIterable {
    /// ⌊255 x⌋, as in the scripts of TiTok and TA-TiTok (reference section 6).
    case truncating
    /// ⌊255 x + ½⌋, as in FlowTok's.
    case nearest

    /// The byte of a value, limited to 0...1 first; not a number is black.
    @inline(__always)
    public func byte(_ value: Float) -> UInt8 {
        let limited = value > 0 ? min(value, 1) : 0
        return UInt8(self == .nearest ? limited * 255 + 0.5 : limited * 255)
    }

    /// The bytes of images [batch, 3, height, width], one array [height, width, 3] to an image.
    public func pixels(_ images: Tensor) -> [[UInt8]] {
        precondition(images.rank == 4 && images.shape[1] == 3, "pixels of images of shape \(images.shape)")
        let plane = images.shape[2] * images.shape[3]
        return images.withUnsafeBufferPointer { values in
            (0..<images.shape[0]).map { image in
                [UInt8](unsafeUninitializedCapacity: 3 * plane) { bytes, count in
                    for channel in 0..<3 {
                        for i in 0..<plane { bytes[3 * i + channel] = byte(values[(3 * image + channel) * plane + i]) }
                    }
                    count = 3 * plane
                }
            }
        }
    }
}
