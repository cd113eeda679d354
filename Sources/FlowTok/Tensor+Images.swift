import Images
import Networks
import Tensors

extension Tensor {
    /// Pictures of side×side pixels as [count, 3, side, side] in 0...1.
    package init(_ images: [Image], side: Int) throws {
        for image in images where image.width != side || image.height != side {
            throw FlowTokError.badSetting(
                name: "a picture", given: "\(image.width)×\(image.height) pixels", expected: "\(side)×\(side)")
        }
        let size = 3 * side * side
        self.init(uninitialized: [images.count, 3, side, side]) { buffer in
            for (i, image) in images.enumerated() {
                image.copyPlanarFloats(to: UnsafeMutableBufferPointer(rebasing: buffer[i * size..<(i + 1) * size]))
            }
        }
    }

    /// The pictures of [count, 3, side, side], 8 bits a channel; values outside 0...1 are clamped.
    package func images() throws -> [Image] {
        let (count, side) = (shape[0], shape[2])
        let all = values
        let size = 3 * side * side
        return try (0..<count).map { try Image(planar: Array(all[$0 * size..<($0 + 1) * size]), width: side, height: side) }
    }
}
