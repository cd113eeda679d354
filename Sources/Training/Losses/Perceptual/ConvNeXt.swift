import Layers
import Tensors

/// ConvNeXt-Small (Liu et al., 2022) to the logits of ImageNet's classes, with torchvision's names: what the perceptual
/// loss of TA-TiTok compares images by. Not trained here; its gradient goes to the images.
public struct ConvNeXt: Sendable {
    private let stem: PatchConvolution
    private let stemNorm: LayerNorm
    private let stages: [Stage]
    private let norm: LayerNorm
    private let head: Linear

    private struct Stage: Sendable {
        let norm: LayerNorm?
        let downsampling: PatchConvolution?
        let blocks: [Block]
    }

    static let epsilon: Float = 1e-6
    /// The side of the images that it was trained on, in pixels.
    package static let side = 224

    public init(
        _ weights: Weights, widths: [Int] = [96, 192, 384, 768], depths: [Int] = [3, 3, 27, 3], classes: Int = 1000
    ) {
        func norm(_ place: Weights, _ width: Int) -> LayerNorm { LayerNorm(place, width: width, epsilon: Self.epsilon) }
        let features = weights["features"]
        stem = PatchConvolution(features[0][0], from: 3, to: widths[0], kernel: 4)
        stemNorm = norm(features[0][1], widths[0])
        stages = widths.indices.map { stage in
            let place = features[2 * stage]
            return Stage(
                norm: stage == 0 ? nil : norm(place[0], widths[stage - 1]),
                downsampling: stage == 0 ? nil : PatchConvolution(place[1], from: widths[stage - 1], to: widths[stage], kernel: 2),
                blocks: (0..<depths[stage]).map { Block(features[2 * stage + 1][$0], width: widths[stage]) })
        }
        let last = widths[widths.count - 1]
        self.norm = norm(weights["classifier.0"], last)
        head = Linear(weights["classifier.2"], from: last, to: classes)
    }

    /// The logits [batch, classes] of images [batch, 3, height, width] in 0...1, which are resized.
    public func callAsFunction(_ images: Tensor) -> Tensor {
        let (mean, std): ([Float], [Float]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        let resized = BilinearResize.resized(images, to: Self.side)
        let pixels = resized.permuted(0, 2, 3, 1)
            .scaledPerChannel(std.map { 1 / $0 }, plus: zip(mean, std).map { -$0 / $1 }).permuted(0, 3, 1, 2)
        var x = stem(pixels).normalizedByPixel(stemNorm)
        for stage in stages {
            if let norm = stage.norm, let downsampling = stage.downsampling { x = downsampling(x.normalizedByPixel(norm)) }
            for block in stage.blocks { x = block(x) }
        }
        let (batch, channels, size) = (x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
        let pooled = x.reshaped([batch * channels, size]).meanPerSample().reshaped([batch, channels])
        return head(norm(pooled))
    }

    /// A convolution whose stride is its kernel.
    private struct PatchConvolution: Sendable {
        let weight, bias: Tensor
        let kernel: Int

        init(_ weights: Weights, from inputs: Int, to outputs: Int, kernel: Int) {
            weight = weights.tensor("weight", [outputs, inputs, kernel, kernel], initial: .truncatedNormal(std: 0.02))
            bias = weights.tensor("bias", [outputs], initial: .zeros)
            self.kernel = kernel
        }

        func callAsFunction(_ x: Tensor) -> Tensor { x.convolved(weight, bias: bias, stride: kernel) }
    }

    /// x + scale ∘ network(LN(7×7 convolution by channel)).
    private struct Block: Sendable {
        let weight, bias: Tensor
        let norm: LayerNorm
        let first, second: Linear
        let scale: [Float]

        init(_ weights: Weights, width: Int) {
            let block = weights["block"]
            weight = block[0].tensor("weight", [width, 1, 7, 7], initial: .truncatedNormal(std: 0.02))
            bias = block[0].tensor("bias", [width], initial: .zeros)
            norm = LayerNorm(block[2], width: width, epsilon: ConvNeXt.epsilon)
            first = Linear(block[3], from: width, to: 4 * width)
            second = Linear(block[5], from: 4 * width, to: width)
            scale = weights.tensor("layer_scale", [width, 1, 1], initial: .constant(1e-6)).values
        }

        func callAsFunction(_ x: Tensor) -> Tensor {
            let mixed = norm(x.convolvedByChannel(weight, bias: bias).permuted(0, 2, 3, 1))
            let grown = second(first(mixed).applying(.gelu))
            let nothing = [Float](repeating: 0, count: scale.count)
            return x + grown.scaledPerChannel(scale, plus: nothing).permuted(0, 3, 1, 2)
        }
    }
}

extension Tensor {
    /// A planar image [batch, channels, height, width] whose pixels are normalised.
    fileprivate func normalizedByPixel(_ norm: LayerNorm) -> Tensor { norm(permuted(0, 2, 3, 1)).permuted(0, 3, 1, 2) }
}
