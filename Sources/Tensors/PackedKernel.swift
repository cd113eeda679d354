import CKernels

/// The weights of a convolution [outputs, inputs, height, width] in the order in which the kernels read them, for
/// convolutions without a gradient: packed once, at the type that they are computed in.
public struct PackedKernel: Sendable {
    public let outputs: Int
    public let inputs: Int
    public let height: Int
    public let width: Int
    /// The kernel; or four, for the places of an output in the 2×2 of a doubled pixel.
    private let matrices: [PackedMatrix]
    fileprivate let form: Form

    /// What a kernel is applied to, which decides how it is packed.
    public enum Application: Sendable {
        /// Images, with any stride.
        case any
        /// Images, with a stride of 1 alone.
        case unitStride
        /// Images whose every pixel becomes 2×2 first, and these alone.
        case doubled
    }

    /// How the products read it.
    fileprivate enum Form {
        case taps, winograd, doubled
    }

    /// The least channels of kernels of 3×3 for whose products sums and differences of pixels are made: with fewer these take
    /// longer than what they save.
    private static let leastWinogradChannels = 32

    /// Packs a tensor [outputs, inputs, height, width], as bfloat16 where eight bits are asked for: rows of activations have
    /// no scale of their own in an image.
    ///
    /// In bfloat16, kernels of 3×3 with a stride of 1 are packed for Winograd's minimal filtering (Lavin and Gray, arXiv
    /// 1509.09308), which has 4 multiplications where others have 9.
    public init(_ weight: Tensor, as precision: Precision, for application: Application = .any) {
        precondition(weight.rank == 4, "packing of a kernel of shape \(weight.shape)")
        (outputs, inputs, height, width) = (weight.shape[0], weight.shape[1], weight.shape[2], weight.shape[3])
        let type: Precision = precision == .float32 ? .float32 : .bfloat16
        let identity = Array(0..<height * width)
        let special = height == 3 && width == 3 && ck_convolves_in_place(activeLevel, type.packedType) ? application : .any
        let fills = inputs >= Self.leastWinogradChannels && inputs.isMultiple(of: 2) && outputs.isMultiple(of: Int(ck_panel_width))
        switch special {
        case .doubled: form = .doubled
        case .unitStride where type == .bfloat16 && fills: form = .winograd
        case .unitStride, .any: form = .taps
        }
        guard form == .doubled else {
            matrices = [form == .winograd ? Self.winograd(weight, type) : Self.packed(weight, summing: identity, into: identity.count, type)]
            return
        }
        // Where the three weights of a row go: at even places the first reads the pixel before, at odd ones the last the next.
        matrices = [[0, 1, 1], [0, 0, 1]].flatMap { rows in
            [[0, 1, 1], [0, 0, 1]].map { columns in
                Self.packed(weight, summing: rows.flatMap { row in columns.map { 2 * row + $0 } }, into: 4, type)
            }
        }
    }

    /// The matrix of `count` taps, each the sum of those of the kernel that `places` sends to it.
    private static func packed(_ weight: Tensor, summing places: [Int], into count: Int, _ type: Precision) -> PackedMatrix {
        let channels = weight.shape[1]
        let filled = ck_convolution_channels(type.packedType, channels)
        let ordered = Tensor(uninitialized: [weight.shape[0], count * filled]) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(weight.shape[0]) { output in
                let (from, to) = (weight.base + output * channels * places.count, out + output * count * filled)
                to.update(repeating: 0, count: count * filled)
                for channel in 0..<channels {
                    for (tap, place) in places.enumerated() { to[place * filled + channel] += from[channel * places.count + tap] }
                }
            }
        }
        return PackedMatrix(ordered, as: type)
    }

    /// G g Gᵀ of every kernel g of 3×3, the matrices [outputs, inputs] of its 16 places one below the other.
    private static func winograd(_ weight: Tensor, _ type: Precision) -> PackedMatrix {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        /// G v.
        func transformed(_ a: Float, _ b: Float, _ c: Float) -> SIMD4<Float> { [a, (a + b + c) / 2, (a - b + c) / 2, c] }
        let matrix = Tensor(uninitialized: [16 * outputs, inputs]) { buffer in
            guard let out = buffer.baseAddress else { return }
            parallelFor(outputs) { output in
                for input in 0..<inputs {
                    let g = weight.base + (output * inputs + input) * 9
                    let columns = (transformed(g[0], g[3], g[6]), transformed(g[1], g[4], g[7]), transformed(g[2], g[5], g[8]))
                    for y in 0..<4 {
                        let line = transformed(columns.0[y], columns.1[y], columns.2[y])
                        for x in 0..<4 { out[((4 * y + x) * outputs + output) * inputs + input] = line[x] }
                    }
                }
            }
        }
        return PackedMatrix(matrix, as: type)
    }

    /// Calls `body` with the kernel as the products read it: one matrix or four.
    fileprivate func withPacked(_ body: (UnsafePointer<ck_packed>) -> Void) {
        let packed = matrices.map { matrix in
            ck_packed(
                type: matrix.precision.packedType, outputs: matrix.outputs, inputs: matrix.inputs,
                data: matrix.withBytes { $0.baseAddress }, scales: nil, sums: nil)
        }
        withExtendedLifetime(matrices) { packed.withUnsafeBufferPointer { $0.baseAddress.map(body) } }
    }
}

/// What becomes of planar images [batch, channels, height, width] before they are convolved, in this order.
public struct ConvolutionInput: Sendable {
    /// A scale and a shift [batch, channels] of every plane: scale · x + shift.
    public var scaling: (scale: Tensor, shift: Tensor)?
    public var activation: Activation?
    /// Whether every pixel becomes 2×2 of them.
    public var isDoubled: Bool

    public init(scaling: (scale: Tensor, shift: Tensor)? = nil, activation: Activation? = nil, isDoubled: Bool = false) {
        self.scaling = scaling
        self.activation = activation
        self.isDoubled = isDoubled
    }
}

extension Tensor {
    /// Convolution of planar images with a packed kernel: self [batch, inputs, height, width] → [batch, outputs,
    /// ⌊(height + padding - kernel height) / stride⌋ + 1, …]. Not for tensors whose gradient is asked for.
    ///
    /// - Parameters:
    ///   - input: what becomes of self before; with `isDoubled`, height and width are those of the doubled image, and the
    ///     stride is 1.
    ///   - residual: of the result's shape; added to it.
    public func convolved(
        _ kernel: PackedKernel, bias: Tensor? = nil, stride: Int = 1, padding: Padding = .none,
        input: ConvolutionInput = ConvolutionInput(), addedTo residual: Tensor? = nil
    ) -> Tensor {
        precondition(
            rank == 4 && shape[1] == kernel.inputs && stride > 0 && (stride == 1 || !input.isDoubled)
                && (bias.map { $0.shape == [kernel.outputs] } ?? true),
            "convolution of shape \([kernel.outputs, kernel.inputs, kernel.height, kernel.width]) with bias \(bias?.shape ?? []) applied to shape \(shape)"
        )
        precondition(
            ![self, bias, residual, input.scaling?.scale, input.scaling?.shift].contains { $0?.isRecorded == true },
            "packed kernels have no gradient")
        precondition(
            input.scaling.map { $0.scale.shape == [shape[0], shape[1]] && $0.shift.shape == $0.scale.shape } ?? true,
            "scaling of shape \(input.scaling?.scale.shape ?? []) for shape \(shape)")
        let times = input.isDoubled ? 2 : 1
        let (height, width) = (shape[2] * times, shape[3] * times)
        let tall = height + padding.top + padding.bottom - kernel.height
        let wide = width + padding.left + padding.right - kernel.width
        precondition(
            tall >= 0 && wide >= 0 && kernel.height > 0 && kernel.width > 0 && padding.top >= 0 && padding.left >= 0
                && padding.bottom >= 0 && padding.right >= 0,
            "a kernel of \(kernel.height)×\(kernel.width) over an image of shape \(shape) with \(padding)")
        precondition(kernel.form != .winograd || stride == 1, "a kernel for a stride of 1 applied with a stride of \(stride)")
        precondition(
            kernel.form != .doubled || input.isDoubled && padding == Padding(1) && residual == nil,
            "a kernel for doubled images applied to others")
        let form = [shape[0], kernel.outputs, tall / stride + 1, wide / stride + 1]
        precondition(
            residual.map { $0.shape == form } ?? true,
            "convolution of shape \(form) added to shape \(residual?.shape ?? [])")
        return Tensor(uninitialized: form) { buffer in
            guard let out = buffer.baseAddress, count > 0 else { return }
            var geometry = ck_convolution(
                height: height, width: width, kernel_height: kernel.height, kernel_width: kernel.width, stride: stride,
                top: padding.top, left: padding.left, out_width: form[3])
            var source = ck_convolution_input(
                planes: base, samples: shape[0], channels: shape[1], scale: input.scaling.map { UnsafePointer($0.scale.base) },
                shift: input.scaling.map { UnsafePointer($0.shift.base) }, activates: input.activation != nil,
                activation: input.activation?.kind ?? CK_RELU, doubles: input.isDoubled)
            withExtendedLifetime((input.scaling?.scale, input.scaling?.shift)) {
                kernel.withPacked {
                    switch kernel.form {
                    case .doubled:
                        source.doubles = false
                        ck_convolve_doubled(activeLevel, $0, &source, shape[2], shape[3], out, bias?.base)
                    case .winograd:
                        ck_convolve_winograd(activeLevel, $0, &geometry, &source, out, form[2], bias?.base, residual?.base)
                    case .taps:
                        ck_convolve(activeLevel, $0, &geometry, &source, out, form[2], bias?.base, residual?.base)
                    }
                }
            }
        }
    }

    /// What group normalisation does to every plane, without doing it: a scale and a shift [batch, channels]. As
    /// `groupNormalized`, for tensors whose gradient is not asked for.
    public func groupScaling(groups: Int, gain: Tensor, bias: Tensor, epsilon: Float) -> (scale: Tensor, shift: Tensor) {
        precondition(
            rank == 4 && groups > 0 && shape[1] % groups == 0 && gain.shape == [shape[1]] && bias.shape == gain.shape,
            "\(groups) groups with gain \(gain.shape) and bias \(bias.shape) over shape \(shape)")
        let (channels, size) = (shape[1], shape[1] / groups * shape[2] * shape[3])
        let perGroup = channels / groups
        let scale = Storage(count: shape[0] * channels)
        let shift = Storage(count: shape[0] * channels)
        let (scales, shifts) = (scale.base, shift.base)
        parallelFor(shape[0] * groups) { index in
            let (start, first) = (base + index * size, index % groups * perGroup)
            let mean = size == 0 ? 0 : kernels.sum(start, size) / Double(size)
            // The deviations are squared, not the values: large means would cancel.
            let chunk = Storage(count: min(size, 4096))
            var squares = 0.0
            for place in stride(from: 0, to: size, by: 4096) {
                let length = min(4096, size - place)
                kernels.affine(chunk.base, start + place, 1, -Float(mean), length)
                squares += kernels.sum_squares(chunk.base, length)
            }
            let inverse = size == 0 ? 0 : 1 / (squares / Double(size) + Double(epsilon)).squareRoot()
            for channel in 0..<perGroup {
                let factor = inverse * Double(gain.base[first + channel])
                scales[index * perGroup + channel] = Float(factor)
                shifts[index * perGroup + channel] = Float(Double(bias.base[first + channel]) - mean * factor)
            }
        }
        let form = [shape[0], channels]
        return (Tensor(storage: scale, shape: form), Tensor(storage: shift, shape: form))
    }
}
