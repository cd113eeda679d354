import Layers
import Tensors

/// The learned perceptual distance of images (Zhang et al., 2018) over the features of VGG-16, with the official code's
/// names and constants (TiTok reference, section 11). For images in 0...1.
public struct LPIPS: Sendable {
    private let slices: [[Convolution]]
    /// The weight of every channel of a slice: [channels, 1].
    private let weights: [Tensor]

    /// VGG-16 by its slices: numbers of the convolutions in torchvision's list, and their channels.
    private static let plan: [(layers: [Int], channels: Int)] = [
        ([0, 2], 64), ([5, 7], 128), ([10, 12, 14], 256), ([17, 19, 21], 512), ([24, 26, 28], 512),
    ]

    public init(_ weights: Weights) {
        var inputs = 3
        slices = Self.plan.enumerated().map { index, slice in
            slice.layers.map { layer in
                defer { inputs = slice.channels }
                return Convolution(
                    weights["net.slice\(index + 1)"][layer], from: inputs, to: slice.channels, kernel: 3)
            }
        }
        self.weights = Self.plan.enumerated().map { index, slice in
            weights["lin\(index).model.1"].tensor("weight", [1, slice.channels, 1, 1], initial: .ones)
                .reshaped([slice.channels, 1])
        }
    }

    /// The distance of every pair of images [batch, 3, height, width]: [batch].
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
        let batch = a.shape[0]
        var (x, y) = (Self.scaled(a), Self.scaled(b))
        var total: Tensor?
        for (index, slice) in slices.enumerated() {
            if index > 0 { (x, y) = (x.maxPooled2x2(), y.maxPooled2x2()) }
            for convolution in slice {
                x = convolution(x).applying(.relu)
                y = convolution(y).applying(.relu)
            }
            let difference = x.unitPixels() - y.unitPixels()
            let distances = (difference * difference).matrixProduct(weights[index])
            let mean = distances.reshaped([batch, distances.count / batch]).meanPerSample()
            total = total.map { $0 + mean } ?? mean
        }
        return total ?? .zeros([batch])
    }

    private static func scaled(_ images: Tensor) -> Tensor {
        let (shift, scale): ([Float], [Float]) = ([-0.030, -0.088, -0.188], [0.458, 0.448, 0.450])
        // 2x - 1 first.
        return images.permuted(0, 2, 3, 1)
            .scaledPerChannel(scale.map { 2 / $0 }, plus: zip(shift, scale).map { (-1 - $0) / $1 }).permuted(0, 3, 1, 2)
    }
}

extension Tensor {
    /// The largest of every 2×2 pixels; a last odd row or column is left out.
    fileprivate func maxPooled2x2() -> Tensor {
        let (height, width) = (shape[2] / 2, shape[3] / 2)
        let even = sliced(axis: 2, 0..<2 * height).sliced(axis: 3, 0..<2 * width)
        func larger(_ x: Tensor, _ rows: Int, _ columns: Int) -> Tensor {
            let pairs = x.reshaped([x.count / (2 * columns), 2, columns])
            let (a, b) = (pairs.sliced(axis: 1, 0..<1), pairs.sliced(axis: 1, 1..<2))
            return (a + (b - a).applying(.relu)).reshaped([shape[0], shape[1], rows, columns])
        }
        // Pairs of rows, and after a turn pairs of columns.
        let rows = larger(even, height, 2 * width)
        let turned = rows.permuted(0, 1, 3, 2)
        let pairs = turned.reshaped([turned.count / (2 * height), 2, height])
        let (a, b) = (pairs.sliced(axis: 1, 0..<1), pairs.sliced(axis: 1, 1..<2))
        return (a + (b - a).applying(.relu)).reshaped([shape[0], shape[1], width, height]).permuted(0, 1, 3, 2)
    }

    /// The vector of every pixel, of length 1: [batch · height · width, channels].
    fileprivate func unitPixels() -> Tensor {
        permuted(0, 2, 3, 1).reshaped([count / shape[1], shape[1]]).unitRows(epsilon: 1e-10)
    }
}
