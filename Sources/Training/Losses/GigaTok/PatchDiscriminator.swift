import Layers
import Tensors

/// The discriminator of GigaTok's training: PatchGAN, convolutions of 4×4 with batch norms over the batch at hand, to a logit
/// for every patch (Isola et al., 2017; reference section 8). Parameter names are the official ones.
public struct PatchDiscriminator: Sendable {
    private struct Stage: Sendable {
        let convolution: Convolution
        let norm: (gain: Tensor, bias: Tensor)?
        let stride: Int
    }

    private let stages: [Stage]
    private let output: Convolution

    /// - Parameters:
    ///   - width: channels of the first stage; they double three times.
    ///   - layers: stages with a norm.
    public init(_ weights: Weights, width: Int = 64, layers: Int = 3) {
        let main = weights["main"]
        let initial = Initializer.normal(std: 0.02)
        var stages = [
            Stage(convolution: Convolution(main[0], from: 3, to: width, kernel: 4, initial: initial), norm: nil, stride: 2)
        ]
        var channels = width
        for layer in 1...layers {
            let wider = width * min(1 << layer, 8)
            let place = 3 * layer - 1
            let norm = main[place + 1]
            stages.append(
                Stage(
                    convolution: Convolution(main[place], from: channels, to: wider, kernel: 4, bias: false, initial: initial),
                    norm: (
                        gain: norm.tensor("weight", [wider], initial: .ones),
                        bias: norm.tensor("bias", [wider], initial: .zeros)
                    ), stride: layer == layers ? 1 : 2))
            channels = wider
        }
        self.stages = stages
        output = Convolution(main[3 * layers + 2], from: channels, to: 1, kernel: 4, initial: initial)
    }

    /// images [batch, 3, height, width] → logits of patches, high where they look real.
    public func callAsFunction(_ images: Tensor) -> Tensor {
        var x = images
        for stage in stages {
            x = x.convolved(stage.convolution.weight, bias: stage.convolution.bias, stride: stage.stride, padding: Padding(1))
            if let norm = stage.norm { x = x.batchNormalized(gain: norm.gain, bias: norm.bias) }
            x = x * 0.2 + x.applying(.relu) * 0.8
        }
        return x.convolved(output.weight, bias: output.bias, padding: Padding(1))
    }

    /// ½ (mean relu(1 - D(real)) + mean relu(1 + D(drawn))). `drawn` must not be recorded; both pass separately, since the
    /// norms see the batch.
    public func loss(real: Tensor, drawn: Tensor) -> Tensor {
        let (high, low) = (self(real) * -1 + 1, self(drawn) + 1)
        return (high.applying(.relu).mean() + low.applying(.relu).mean()) * 0.5
    }

    /// -mean D(drawn): what the tokenizer is trained with.
    public func adversarialLoss(_ drawn: Tensor) -> Tensor { self(drawn).mean() * -1 }
}

extension Tensor {
    /// Planar images normalised channel by channel over the batch, with a gain and a bias to each.
    fileprivate func batchNormalized(gain: Tensor, bias: Tensor) -> Tensor {
        let (batch, channels, height, width) = (shape[0], shape[1], shape[2], shape[3])
        // One group of one channel of one tall image.
        return permuted(1, 0, 2, 3).reshaped([1, channels, batch * height, width])
            .groupNormalized(groups: channels, gain: gain, bias: bias, epsilon: 1e-5)
            .reshaped([channels, batch, height, width]).permuted(1, 0, 2, 3)
    }
}
