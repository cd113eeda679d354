import CKernels
import Tensors
import TestSupport
import Testing

/// Convolutions and group normalisation against their definitions and finite differences.
@Suite struct ConvolutionTests {
    struct Form: Sendable, CustomTestStringConvertible {
        var batch = 1
        var inputs = 2
        var outputs = 3
        var height = 5
        var width = 4
        var kernel = (3, 3)
        var stride = 1
        var padding = Padding(1)

        var testDescription: String {
            "\(batch)×\(inputs)×\(height)×\(width) to \(outputs), kernel \(kernel), stride \(stride), \(padding)"
        }
    }

    static let forms: [Form] = [
        Form(), Form(batch: 2, kernel: (1, 1), padding: .none), Form(kernel: (1, 1)), Form(kernel: (2, 3), padding: .none),
        Form(stride: 2), Form(height: 8, width: 8, kernel: (4, 4), stride: 4, padding: .none),
        Form(kernel: (3, 2), stride: 2, padding: Padding(top: 0, left: 1, bottom: 2, right: 3)),
        Form(inputs: 1, outputs: 1, height: 1, width: 1), Form(height: 2, width: 2, kernel: (5, 5), padding: Padding(4)),
        // Zeros wider than the image, and rows that read nothing but zeros.
        Form(height: 1, width: 2, kernel: (2, 2), stride: 3, padding: Padding(7)),
        Form(batch: 2, inputs: 40, outputs: 7, height: 70, width: 65),
    ]

    @Test(arguments: forms)
    func agreesWithItsDefinition(_ form: Form) {
        let x = Tensor.normal([form.batch, form.inputs, form.height, form.width], seed: 1)
        let w = Tensor.normal([form.outputs, form.inputs, form.kernel.0, form.kernel.1], seed: 2)
        let bias = Tensor.normal([form.outputs], seed: 3)
        let found = x.convolved(w, bias: bias, stride: form.stride, padding: form.padding)
        let plain = x.convolved(w, stride: form.stride, padding: form.padding)
        let (outHeight, outWidth) = (found.shape[2], found.shape[3])
        #expect(outHeight == (form.height + form.padding.top + form.padding.bottom - form.kernel.0) / form.stride + 1)
        #expect(outWidth == (form.width + form.padding.left + form.padding.right - form.kernel.1) / form.stride + 1)
        let (xs, ws, bs, plains) = (x.values, w.values, bias.values, plain.values)
        var worst = 0.0
        for (index, value) in found.values.enumerated() {
            let (column, y) = (index % outWidth, index / outWidth % outHeight)
            let (o, b) = (index / outWidth / outHeight % form.outputs, index / outWidth / outHeight / form.outputs)
            var sum = 0.0
            for i in 0..<form.inputs {
                for ky in 0..<form.kernel.0 {
                    let row = y * form.stride + ky - form.padding.top
                    guard 0..<form.height ~= row else { continue }
                    for kx in 0..<form.kernel.1 {
                        let at = column * form.stride + kx - form.padding.left
                        guard 0..<form.width ~= at else { continue }
                        let weight = ws[((o * form.inputs + i) * form.kernel.0 + ky) * form.kernel.1 + kx]
                        sum += Double(weight) * Double(xs[((b * form.inputs + i) * form.height + row) * form.width + at])
                    }
                }
            }
            worst = max(worst, abs(Double(value) - sum - Double(bs[o])), abs(Double(plains[index]) - sum))
        }
        #expect(worst < 1e-4)
    }

    @Test(arguments: forms.dropLast())
    func gradients(_ form: Form) {
        let x = Tensor.normal([form.batch, form.inputs, form.height, form.width], seed: 4)
        let w = Tensor.normal([form.outputs, form.inputs, form.kernel.0, form.kernel.1], seed: 5)
        expectGradient([x, w, .normal([form.outputs], seed: 6)]) {
            $0[0].convolved($0[1], bias: $0[2], stride: form.stride, padding: form.padding)
        }
        expectGradient([x, w]) { $0[0].convolved($0[1], stride: form.stride, padding: form.padding) }
    }

    @Test(arguments: [(2, 3, 5, 4, 3), (1, 2, 3, 9, 7), (1, 1, 1, 1, 5), (2, 4, 6, 6, 1)])
    func byChannel(form: (batch: Int, channels: Int, height: Int, width: Int, kernel: Int)) {
        let x = Tensor.normal([form.batch, form.channels, form.height, form.width], seed: 10)
        let w = Tensor.normal([form.channels, 1, form.kernel, form.kernel], seed: 11)
        let bias = Tensor.normal([form.channels], seed: 12)
        let found = x.convolvedByChannel(w, bias: bias)
        #expect(found.shape == x.shape)
        for channel in 0..<form.channels {
            let place = channel..<channel + 1
            let alone = x.sliced(axis: 1, place).convolved(
                w.sliced(axis: 0, place), bias: bias.sliced(axis: 0, place), padding: Padding(form.kernel / 2))
            let part = found.sliced(axis: 1, place)
            #expect(zip(part.values, alone.values).allSatisfy { abs($0 - $1) < 1e-4 })
        }
        expectGradient([x, w, bias]) { $0[0].convolvedByChannel($0[1], bias: $0[2]) }
        expectGradient([x, w]) { $0[0].convolvedByChannel($0[1]) }
    }

    @Test func paddingThatKeepsTheSize() {
        #expect(Padding.same(height: 8, width: 8, kernel: (3, 3)) == Padding(1))
        #expect(Padding.same(height: 8, width: 7, kernel: (3, 3), stride: 2) == Padding(top: 0, left: 1, bottom: 1, right: 1))
        #expect(Padding.same(height: 8, width: 8, kernel: (1, 1)) == .none)
        #expect(Padding.same(height: 8, width: 8, kernel: (4, 4)) == Padding(top: 1, left: 1, bottom: 2, right: 2))
    }

    @Test func noImages() {
        #expect(Tensor.zeros([0, 2, 4, 4]).convolved(.zeros([3, 2, 3, 3]), padding: Padding(1)).shape == [0, 3, 4, 4])
    }

    @Test(arguments: [(2, 6, 3, 2, 2), (1, 4, 4, 3, 1), (1, 6, 1, 2, 3)])
    func groupNormalisation(form: (batch: Int, channels: Int, groups: Int, height: Int, width: Int)) {
        let shape = [form.batch, form.channels, form.height, form.width]
        let x = Tensor.normal(shape, seed: 7) + 3
        let (gain, bias) = (Tensor.normal([form.channels], seed: 8), Tensor.normal([form.channels], seed: 9))
        let found = x.groupNormalized(groups: form.groups, gain: gain, bias: bias, epsilon: 1e-3).values
        let (xs, gains, biases) = (x.values.map(Double.init), gain.values, bias.values)
        let pixels = form.height * form.width
        let size = form.channels / form.groups * pixels
        for start in stride(from: 0, to: xs.count, by: size) {
            let group = xs[start..<start + size]
            let mean = group.reduce(0, +) / Double(size)
            let variance = group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size)
            for i in start..<start + size {
                let c = i / pixels % form.channels
                let expected = (xs[i] - mean) / (variance + 1e-3).squareRoot() * Double(gains[c]) + Double(biases[c])
                #expect(abs(Double(found[i]) - expected) < 1e-5)
            }
        }
        expectGradient([x, gain, bias]) {
            $0[0].groupNormalized(groups: form.groups, gain: $0[1], bias: $0[2], epsilon: 1e-1)
        }
    }
}
