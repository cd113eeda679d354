import Foundation
import Images
import Networks
import Tensors

/// A model's image tokenizer as its users see it: pictures to K×D latents and back.
public struct ImageTokenizer: Sendable {
    private let model: FlowTokModel
    private let emptyCaption: [Int32]

    init(_ model: FlowTokModel, emptyCaption: [Int32]) {
        self.model = model
        self.emptyCaption = emptyCaption
    }

    /// The side of the pictures, in pixels.
    public var imageSize: Int { model.configuration.imageTokenizer.imageSize }

    /// The latents of a picture, resized and cropped to the model's square: the mean of the posterior [1, K, D].
    public func encode(_ image: Image) throws -> Tensor {
        model.imageTokenizer.encode(try Tensor([image.centerSquare(imageSize)], side: imageSize)).mean
    }

    /// A picture from latents [1, K, D], without the help of a caption.
    ///
    /// - Throws: `FlowTokError.tokenShape` where the latents have another shape.
    public func decode(_ latents: Tensor) throws -> Image {
        let expected = [1] + model.latentShape
        guard latents.shape == expected else { throw FlowTokError.tokenShape(found: latents.shape, expected: expected) }
        return try model.imageTokenizer.decode(latents, guidedBy: model.textEncoder(emptyCaption)).images()[0]
    }
}

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
