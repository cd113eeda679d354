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
        let doubling = PackedKernel(w, as: precision, for: .doubled)
        expectSame(
            x.convolved(doubling, bias: bias, padding: Padding(1), input: ConvolutionInput(scaling: scaling, activation: .silu, isDoubled: true)),
            normalized.doubled2x2().convolved(w, bias: bias, padding: Padding(1)))
        #expect(Tensor.zeros([0, 12, 4, 4]).convolved(kernel, padding: Padding(1)).shape == [0, 9, 4, 4])
    }

    /// Heights, widths and numbers of channels around those of tiles, of 2×2 outputs and of products.
    private static let winogradForms: [(samples: Int, inputs: Int, outputs: Int, height: Int, width: Int, padding: Padding)] = [
        (1, 32, 32, 2, 2, Padding(1)), (2, 34, 64, 5, 7, Padding(1)), (1, 96, 32, 9, 31, Padding(1)), (3, 32, 96, 1, 1, Padding(1)),
        (1, 40, 32, 12, 130, Padding(1)), (1, 64, 32, 8, 6, .none), (1, 32, 32, 7, 8, Padding(top: 0, left: 2, bottom: 1, right: 1)),
        (1, 1200, 32, 4, 6, Padding(1)),
    ]

    /// Fewer multiplications give the same sums, at every level.
    @Test(arguments: winogradForms.indices, [CK_F32.rawValue, CK_BF16.rawValue])
    func winogradAtEveryLevel(index: Int, type: UInt32) {
        let type = ck_type(rawValue: type)
        let form = Self.winogradForms[index]
        let x = Tensor.normal([form.samples, form.inputs, form.height, form.width], seed: 11)
        let w = Tensor.normal([form.outputs, form.inputs, 3, 3], seed: 12) * (1 / Float(9 * form.inputs).squareRoot())
        let bias = Tensor.normal([form.outputs], seed: 13)
        let plain = x.convolved(w, bias: bias, padding: form.padding)
        let residual = Tensor.normal(plain.shape, seed: 14)
        let expected = (plain + residual).values
        let (xs, residuals, values) = (x.values, residual.values, w.values)
        // G g Gᵀ, written as the definition has it.
        let g: [[Float]] = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
        var transformed = [Float](repeating: 0, count: 16 * form.outputs * form.inputs)
        for kernel in 0..<form.outputs * form.inputs {
            for place in 0..<16 {
                var sum: Float = 0
                for tap in 0..<9 { sum += g[place / 4][tap / 3] * g[place % 4][tap % 3] * values[kernel * 9 + tap] }
                transformed[place * form.outputs * form.inputs + kernel] = sum
            }
        }
        let bytes = ck_packed_bytes(type, 16 * form.outputs, form.inputs)
        let matrix: UnsafeMutableRawPointer = ck_allocate(bytes)
        defer { ck_free(matrix, bytes) }
        ck_pack(type, 16 * form.outputs, form.inputs, CK_F32, transformed, matrix, nil, nil)
        var first: [Float]?
        for level in machineLevels where ck_convolves_in_place(ck_level(rawValue: level), type) {
            var found = [Float](repeating: .nan, count: expected.count + 1)
            xs.withUnsafeBufferPointer { planes in
                var packed = ck_packed(
                    type: type, outputs: 16 * form.outputs, inputs: form.inputs, data: matrix, scales: nil, sums: nil)
                var geometry = ck_convolution(
                    height: form.height, width: form.width, kernel_height: 3, kernel_width: 3, stride: 1, top: form.padding.top,
                    left: form.padding.left, out_width: plain.shape[3])
                var input = ck_convolution_input(
                    planes: planes.baseAddress, samples: form.samples, channels: form.inputs, scale: nil, shift: nil,
                    activates: false, activation: CK_RELU, doubles: false)
                ck_convolve_winograd(ck_level(rawValue: level), &packed, &geometry, &input, &found, plain.shape[2], bias.values, residuals)
            }
            #expect(found[expected.count].isNaN, "written past the end")
            found.removeLast()
            let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
            #expect(largest < (type == CK_F32 ? 2e-5 : 0.06), "level \(level): \(largest)")
            // Levels differ in the order of sums alone.
            if let first { #expect(zip(found, first).allSatisfy { abs($0 - $1) < 2e-5 }, "level \(level)") }
            first = first ?? found
        }
        #expect(first != nil || machineLevels.allSatisfy { !ck_convolves_in_place(ck_level(rawValue: $0), type) })
    }

    /// What a model's convolutions are packed as: with their own inputs, and about as near in bfloat16 as the plain form.
    @Test func kernelsOfUnitStride() throws {
        let x = Tensor.normal([2, 64, 10, 13], seed: 15)
        let w = Tensor.normal([64, 64, 3, 3], seed: 16) * (1 / Float(9 * 64).squareRoot())
        let (bias, residual) = (Tensor.normal([64], seed: 17), Tensor.normal([2, 64, 10, 13], seed: 18))
        let scaling = x.groupScaling(groups: 4, gain: .normal([64], seed: 19), bias: .normal([64], seed: 20), epsilon: 1e-5)
        let input = ConvolutionInput(scaling: scaling, activation: .silu)
        func result(_ precision: Precision, _ application: PackedKernel.Application) -> Tensor {
            x.convolved(PackedKernel(w, as: precision, for: application), bias: bias, padding: Padding(1), input: input, addedTo: residual)
        }
        let exact = result(.float32, .any)
        #expect(result(.float32, .unitStride).values == exact.values, "float32 keeps its form")
        let errors = [PackedKernel.Application.any, .unitStride].map { (result(.bfloat16, $0) - exact).norm / exact.norm }
        #expect(errors[0] < 4e-3 && errors[1] < 2.5 * errors[0], "\(errors)")
        let doubled = ConvolutionInput(isDoubled: true)
        let plain = x.convolved(PackedKernel(w, as: .bfloat16), padding: Padding(1), input: doubled)
        let fast = x.convolved(PackedKernel(w, as: .bfloat16, for: .unitStride), padding: Padding(1), input: doubled)
        #expect((plain - fast).norm < 0.01 * plain.norm)
        // One result, whatever the number of threads.
        let before = Machine.threads
        defer { Machine.threads = before }
        let results = [1, 2, 3].map { threads in
            Machine.threads = threads
            return result(.bfloat16, .unitStride).values
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }
}
