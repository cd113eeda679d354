import CKernels

/// Zeros around a planar image, in pixels.
public struct Padding: Sendable, Hashable {
    public var top: Int
    public var left: Int
    public var bottom: Int
    public var right: Int

    public static let none = Padding(top: 0, left: 0, bottom: 0, right: 0)

    public init(top: Int, left: Int, bottom: Int, right: Int) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }

    /// The same on every side.
    public init(_ size: Int) { self.init(top: size, left: size, bottom: size, right: size) }

    /// What makes the output ⌈extent / stride⌉ long: the smaller half before the image, the rest after it.
    public static func same(height: Int, width: Int, kernel: (height: Int, width: Int), stride: Int = 1) -> Padding {
        func total(_ extent: Int, _ kernel: Int) -> Int {
            max(((extent + stride - 1) / stride - 1) * stride + kernel - extent, 0)
        }
        let (vertical, horizontal) = (total(height, kernel.height), total(width, kernel.width))
        return Padding(
            top: vertical / 2, left: horizontal / 2, bottom: vertical - vertical / 2,
            right: horizontal - horizontal / 2)
    }
}

extension Tensor {
    /// Convolution of planar images: self [batch, in, height, width], weight [out, in, kernel height, kernel width], bias
    /// [out] → [batch, out, ⌊(height + padding - kernel height) / stride⌋ + 1, …]. Kernels are not mirrored.
    public func convolved(
        _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Padding = .none
    ) -> Tensor {
        precondition(
            rank == 4 && weight.rank == 4 && weight.shape[1] == shape[1] && stride > 0
                && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
            "convolution of shape \(weight.shape) with bias \(bias?.shape ?? []) applied to shape \(shape)")
        let plan = ConvolutionPlan(shape, weight: weight.shape, stride: stride, padding: padding)
        let result =
            plan.readsImages
            ? plan.convolved(detached, weight.detached, bias: bias?.detached) : plan.productOfStrips(self, weight, bias: bias)
        let pullback: () -> (Tensor) -> [Tensor?] = {
            { dy in
                let dx = self.isRecorded ? plan.inputGradient(dy, weight, shape: self.shape) : nil
                let dw = weight.isRecorded ? plan.weightGradient(dy, self, shape: weight.shape) : nil
                guard let bias else { return [dx, dw] }
                return [dx, dw, bias.isRecorded ? plan.biasGradient(dy) : nil]
            }
        }
        return bias.map { result.recorded(from: self, weight, $0, pullback: pullback) }
            ?? result.recorded(from: self, weight, pullback: pullback)
    }
}

/// A convolution as matrix products: with tiles that read images where they lie, or over the values under the kernel's taps, laid
/// out as a matrix [taps, pixels], a strip of output rows at a time so that the matrix stays in the cache. The gradient of the
/// weight always needs that matrix, that of the image where strides leave gaps.
private struct ConvolutionPlan {
    /// Rows first..<first + rows of the output.
    struct Strip {
        let first: Int
        let rows: Int
        let pixels: Int
        /// Where the strip starts in an output plane.
        let offset: Int
    }

    /// Values of one strip's matrix.
    private static let stripSize = 1 << 20

    let batch: Int
    let inputs: Int
    let outputs: Int
    let taps: Int
    let inPixels: Int
    let outHeight: Int
    let outWidth: Int
    private let form: ck_convolution
    private let rowsPerStrip: Int
    /// Whether the matrix is the image itself: a kernel of one tap.
    private let isPointwise: Bool
    private let padding: Padding
    private let precision: Precision
    /// Whether tiles read images where they lie.
    let readsImages: Bool

    var outPixels: Int { outHeight * outWidth }
    var inSize: Int { inputs * inPixels }
    var outSize: Int { outputs * outPixels }

    init(_ image: [Int], weight: [Int], stride: Int, padding: Padding) {
        batch = image[0]
        inputs = image[1]
        outputs = weight[0]
        let (height, width, kernelHeight, kernelWidth) = (image[2], image[3], weight[2], weight[3])
        taps = inputs * kernelHeight * kernelWidth
        inPixels = height * width
        let (tall, wide) = (
            height + padding.top + padding.bottom - kernelHeight, width + padding.left + padding.right - kernelWidth
        )
        precondition(
            tall >= 0 && wide >= 0 && kernelHeight > 0 && kernelWidth > 0 && padding.top >= 0 && padding.left >= 0
                && padding.bottom >= 0 && padding.right >= 0,
            "a kernel of \(kernelHeight)×\(kernelWidth) over an image of shape \(image) with \(padding)")
        outHeight = tall / stride + 1
        outWidth = wide / stride + 1
        form = ck_convolution(
            height: height, width: width, kernel_height: kernelHeight, kernel_width: kernelWidth, stride: stride,
            top: padding.top, left: padding.left, out_width: outWidth)
        isPointwise = kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding == .none
        rowsPerStrip = isPointwise ? outHeight : max(1, min(outHeight, Self.stripSize / max(1, taps * outWidth)))
        self.padding = padding
        let type = Precision.current.kernelType
        precision = type == CK_BF16 ? .bfloat16 : .float32
        readsImages = !isPointwise && !Machine.usesOpenBLAS && ck_convolves_in_place(activeLevel, type)
    }

    /// The convolution by tiles that read images.
    func convolved(_ image: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
        image.convolved(PackedKernel(weight, as: precision), bias: bias, stride: form.stride, padding: padding)
    }

    /// The convolution by products over what lies under the kernel.
    func productOfStrips(_ image: Tensor, _ weight: Tensor, bias: Tensor?) -> Tensor {
        Tensor(uninitialized: [batch, outputs, outHeight, outWidth]) { buffer in
            guard let out = buffer.baseAddress, buffer.count > 0 else { return }
            if let bias {
                for b in 0..<batch {
                    for o in 0..<outputs { (out + (b * outputs + o) * outPixels).update(repeating: bias.base[o], count: outPixels) }
                }
            }
            forStrips { sample, strip in
                withUnfolded(image.base + sample * inSize, strip) { matrix, stride in
                    product(
                        false, false, outputs, strip.pixels, taps, weight.base, taps, matrix, stride, beta: bias == nil ? 0 : 1,
                        out + sample * outSize + strip.offset, outPixels)
                }
            }
        }
    }

    private func forStrips(_ body: (_ sample: Int, _ strip: Strip) -> Void) {
        for sample in 0..<batch {
            for first in stride(from: 0, to: outHeight, by: rowsPerStrip) {
                let rows = min(rowsPerStrip, outHeight - first)
                body(
                    sample,
                    Strip(first: first, rows: rows, pixels: rows * outWidth, offset: first * outWidth))
            }
        }
    }

    /// Calls `body` with the matrix of a strip and the distance between its rows.
    private func withUnfolded(
        _ image: UnsafePointer<Float>, _ strip: Strip, _ body: (UnsafePointer<Float>, Int) -> Void
    ) {
        if isPointwise { return body(image, inPixels) }
        let matrix = Storage(count: taps * strip.pixels)
        let (to, perChannel) = (matrix.base, taps / max(1, inputs) * strip.pixels)
        parallelFor(inputs) { channel in
            withUnsafePointer(to: form) {
                ck_unfold(to + channel * perChannel, image + channel * inPixels, $0, strip.first, strip.rows)
            }
        }
        withExtendedLifetime(matrix) { body(to, strip.pixels) }
    }

    func inputGradient(_ dy: Tensor, _ weight: Tensor, shape: [Int]) -> Tensor {
        let around = Padding(
            top: form.kernel_height - 1 - padding.top, left: form.kernel_width - 1 - padding.left,
            bottom: form.kernel_height - 1 - padding.bottom, right: form.kernel_width - 1 - padding.right)
        if readsImages, form.stride == 1, min(around.top, around.left, around.bottom, around.right) >= 0 {
            // Every pixel is read by the outputs around it, at the mirrored taps.
            return dy.detached.convolved(PackedKernel(mirrored(weight), as: precision), padding: around)
        }
        return Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            buffer.update(repeating: 0)
            forStrips { sample, strip in
                let matrix = Storage(count: taps * strip.pixels)
                product(
                    true, false, taps, strip.pixels, outputs, weight.base, taps,
                    dy.base + sample * outSize + strip.offset, outPixels, matrix.base, strip.pixels)
                let (from, perChannel) = (matrix.base, taps / max(1, inputs) * strip.pixels)
                withExtendedLifetime(matrix) {
                    parallelFor(inputs) { channel in
                        withUnsafePointer(to: form) {
                            ck_fold(
                                out + sample * inSize + channel * inPixels, from + channel * perChannel, $0,
                                strip.first, strip.rows)
                        }
                    }
                }
            }
        }
    }

    /// The kernels [outputs, inputs, height, width] as [inputs, outputs, height, width], turned by half a circle.
    private func mirrored(_ weight: Tensor) -> Tensor {
        let (height, width) = (form.kernel_height, form.kernel_width)
        return Tensor(uninitialized: [inputs, outputs, height, width]) { buffer in
            guard let out = buffer.baseAddress else { return }
            let size = height * width
            parallelFor(inputs) { input in
                for output in 0..<outputs {
                    let (from, to) = (weight.base + (output * inputs + input) * size, out + (input * outputs + output) * size)
                    for tap in 0..<size { to[size - 1 - tap] = from[tap] }
                }
            }
        }
    }

    func weightGradient(_ dy: Tensor, _ image: Tensor, shape: [Int]) -> Tensor {
        Tensor(uninitialized: shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            buffer.update(repeating: 0)
            forStrips { sample, strip in
                withUnfolded(image.base + sample * inSize, strip) { matrix, stride in
                    product(
                        false, true, outputs, taps, strip.pixels, dy.base + sample * outSize + strip.offset, outPixels,
                        matrix, stride, beta: 1, out, taps)
                }
            }
        }
    }

    func biasGradient(_ dy: Tensor) -> Tensor {
        Tensor(uninitialized: [outputs]) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(outputs) { o in
                out[o] = Float(
                    (0..<batch).reduce(0.0) { $0 + kernels.sum(dy.base + ($1 * outputs + o) * outPixels, outPixels) })
            }
        }
    }
}
