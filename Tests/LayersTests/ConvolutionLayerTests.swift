import Layers
import Tensors
import TestSupport
import Testing

/// Convolutions of models that are trained and of models that serve, whose kernels are packed.
@Suite struct ConvolutionLayerTests {
    private static let forms: [(stride: Int, padding: Padding?)] = [
        (1, nil), (2, nil), (2, Padding(top: 0, left: 0, bottom: 1, right: 1)),
    ]

    private static var source: NamedTensors {
        NamedTensors([
            "conv.weight": .normal([8, 8, 3, 3], seed: 2) * 0.1, "conv.bias": .normal([8], seed: 3),
            "norm.weight": .normal([8], seed: 4), "norm.bias": .normal([8], seed: 5),
        ])
    }

    @Test(arguments: [Precision.float32, .bfloat16])
    func packedAndNot(precision: Precision) {
        let (whole, packed) = (Weights(Self.source), Weights(PackingWeights(Self.source, as: precision)))
        let x = Tensor.normal([2, 8, 6, 10], seed: 1) + 1
        let tolerance: Float = precision == .float32 ? 1e-5 : 0.03
        func expectSame(_ make: (Weights) -> Tensor) {
            let (found, expected) = (make(packed), make(whole))
            #expect(found.shape == expected.shape)
            #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < tolerance })
        }
        for form in Self.forms {
            expectSame {
                Convolution($0["conv"], from: 8, to: 8, kernel: 3, stride: form.stride, padding: form.padding)(x)
            }
        }
        expectSame { Convolution($0["conv"], from: 8, to: 8, kernel: 3, isDoubling: true)(x) }
        expectSame { weights in
            let norm = GroupNorm(weights["norm"], channels: 8, groups: 4)
            return Convolution(weights["conv"], from: 8, to: 8, kernel: 3)(x, after: norm, addedTo: x)
        }
    }

    @Test func exactKernelsStayFloat32() {
        let packed = Weights(PackingWeights(Self.source, as: .bfloat16))
        let x = Tensor.normal([1, 8, 6, 6], seed: 1)
        func values(_ weights: Weights) -> [Float] { Convolution(weights["conv"], from: 8, to: 8, kernel: 3)(x).values }
        let expected = values(Weights(Self.source))
        #expect(zip(values(packed.exact), expected).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(zip(values(packed), expected).contains { abs($0 - $1) > 1e-4 })
    }
}
