import CKernels
import Tensors
import TestSupport
import Testing

/// Convolutions with packed kernels, at every level and in both ways, against those of tensors.
@Suite struct PackedConvolutionTests {
    private static let forms =
        ConvolutionTests.forms + [
            // Lines of several tiles, and more channels than are laid out at once.
            ConvolutionTests.Form(batch: 2, inputs: 37, outputs: 33, height: 6, width: 45),
            ConvolutionTests.Form(inputs: 66, outputs: 70, height: 9, width: 16, stride: 2),
        ]

    /// The nearest bfloat16 of every value.
    private func rounded(_ tensor: Tensor) -> Tensor {
        Tensor(
            tensor.values.map { value in
                var half: UInt16 = 0
                withUnsafePointer(to: value) { ck_bf16_from_f32(&half, $0, 1) }
                return Float(bitPattern: UInt32(half) << 16)
            }, shape: tensor.shape)
    }

    /// The packed matrix of a kernel of a type, as `PackedKernel` makes it.
    private struct Weights {
        let matrix: UnsafeMutableRawPointer
        let bytes: Int
        let inputs: Int

        init(_ weight: Tensor, type: ck_type) {
            let (outputs, channels, taps) = (weight.shape[0], weight.shape[1], weight.shape[2] * weight.shape[3])
            let filled = ck_convolution_channels(type, channels)
            inputs = taps * filled
            var ordered = [Float](repeating: 0, count: outputs * inputs)
            for (index, value) in weight.values.enumerated() {
                let (tap, channel, output) = (index % taps, index / taps % channels, index / taps / channels)
                ordered[output * inputs + tap * filled + channel] = value
            }
            bytes = max(1, ck_packed_bytes(type, outputs, inputs))
            matrix = ck_allocate(bytes)
            ck_pack(type, outputs, inputs, CK_F32, ordered, matrix, nil, nil)
        }
    }

    @Test(arguments: forms, [CK_F32.rawValue, CK_BF16.rawValue])
    func everyLevel(_ form: ConvolutionTests.Form, type: UInt32) {
        let type = ck_type(rawValue: type)
        var (x, w) = (
            Tensor.normal([form.batch, form.inputs, form.height, form.width], seed: 1),
            Tensor.normal([form.outputs, form.inputs, form.kernel.0, form.kernel.1], seed: 2)
        )
        if type == CK_BF16 { (x, w) = (rounded(x), rounded(w)) }
        let bias = Tensor.normal([form.outputs], seed: 3)
        let plain = x.convolved(w, bias: bias, stride: form.stride, padding: form.padding)
        let residual = Tensor.normal(plain.shape, seed: 4)
        let expected = (plain + residual).values
        let (xs, residuals) = (x.values, residual.values)
        let weights = Weights(w, type: type)
        defer { ck_free(weights.matrix, weights.bytes) }
        for level in machineLevels {
            for way in [ck_convolve, ck_convolve_in_strips] {
                var found = [Float](repeating: .nan, count: expected.count + 1)
                xs.withUnsafeBufferPointer { planes in
                    var packed = ck_packed(
                        type: type, outputs: form.outputs, inputs: weights.inputs, data: weights.matrix, scales: nil, sums: nil)
                    var geometry = ck_convolution(
                        height: form.height, width: form.width, kernel_height: form.kernel.0, kernel_width: form.kernel.1,
                        stride: form.stride, top: form.padding.top, left: form.padding.left, out_width: plain.shape[3])
                    var input = ck_convolution_input(
                        planes: planes.baseAddress, samples: form.batch, channels: form.inputs, scale: nil, shift: nil,
                        activates: false, activation: CK_RELU, doubles: false)
                    way(ck_level(rawValue: level), &packed, &geometry, &input, &found, plain.shape[2], bias.values, residuals)
                }
                #expect(found[expected.count].isNaN, "written past the end")
                #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 2e-4 }, "level \(level)")
            }
        }
    }

    @Test(arguments: [Precision.float32, .bfloat16])
    func whatBecomesOfImagesBefore(precision: Precision) {
        let x = Tensor.normal([2, 12, 5, 7], seed: 5) * 2 + 1
        let w = Tensor.normal([9, 12, 3, 3], seed: 6) * 0.1
        let (gain, shift) = (Tensor.normal([12], seed: 7), Tensor.normal([12], seed: 8))
        let kernel = PackedKernel(w, as: precision)
        let tolerance: Float = precision == .float32 ? 1e-5 : 0.03
        func expectSame(_ found: Tensor, _ expected: Tensor) {
            #expect(found.shape == expected.shape)
            #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < tolerance })
        }
        let scaling = x.groupScaling(groups: 4, gain: gain, bias: shift, epsilon: 1e-5)
        let normalized = x.groupNormalized(groups: 4, gain: gain, bias: shift, epsilon: 1e-5).applying(.silu)
        let residual = Tensor.normal([2, 9, 5, 7], seed: 9)
        expectSame(
            x.convolved(
                kernel, padding: Padding(1), input: ConvolutionInput(scaling: scaling, activation: .silu), addedTo: residual),
            normalized.convolved(w, padding: Padding(1)) + residual)
        expectSame(
            x.convolved(kernel, padding: Padding(1), input: ConvolutionInput(isDoubled: true)),
            x.doubled2x2().convolved(w, padding: Padding(1)))
        let bias = Tensor.normal([9], seed: 10)
        let doubling = PackedKernel(w, as: precision, isForDoubled: true)
        expectSame(
            x.convolved(doubling, bias: bias, padding: Padding(1), input: ConvolutionInput(scaling: scaling, activation: .silu, isDoubled: true)),
            normalized.doubled2x2().convolved(w, bias: bias, padding: Padding(1)))
        #expect(Tensor.zeros([0, 12, 4, 4]).convolved(kernel, padding: Padding(1)).shape == [0, 9, 4, 4])
    }
}
