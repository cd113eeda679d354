import CKernels
import Foundation
import Tensors
import TestSupport
import Testing

/// The kernels over rows at every level against their definitions and the portable level.
@Suite struct RowKernelTests {
    private func row<Value>(_ values: [Value], _ index: Int, _ width: Int) -> ArraySlice<Value> {
        values[index * width..<(index + 1) * width]
    }

    @Test func rowSums() {
        KernelTrial.run("add_row", rows: [0, 1, 2, 5]) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.width))
            let (x, line) = (t.memory(a), t.memory(b))
            let out = t.output(t.count, over: x)
            t.kernels.add_row(out.base, x.base, line.base, t.rows, t.width)
            t.check("sum", out, a.indices.map { Double(a[$0]) + Double(b[$0 % t.width]) }, within: 2e-7)
        }
        KernelTrial.run("sum_columns", rows: [0, 1, 2, 5, 40]) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.width))
            let (x, out) = (t.memory(a), t.memory(b))
            t.kernels.sum_columns(out.base, x.base, t.rows, t.width)
            let sums = b.indices.map { i in
                (0..<t.rows).reduce(Double(b[i])) { $0 + Double(a[$1 * t.width + i]) }
            }
            t.check("sums", out, sums, within: 1e-6 * Double(1 + t.rows))
        }
    }

    @Test func gatedSums() {
        KernelTrial.run("add_gated", rows: [0, 1, 2, 5]) { t in
            let (a, b, c) = (t.random.normals(t.count), t.random.normals(t.width), t.random.normals(t.count))
            let (x, gate, y) = (t.memory(a), t.memory(b), t.memory(c))
            let out = t.output(t.count, over: x)
            t.kernels.add_gated(out.base, x.base, gate.base, y.base, t.rows, t.width)
            t.check(
                "sum", out, a.indices.map { Double(a[$0]) + Double(b[$0 % t.width]) * Double(c[$0]) }, within: 3e-7)
        }
        KernelTrial.run("add_gated_gradient", rows: [0, 1, 2, 5]) { t in
            let (d, g, c) = (t.random.normals(t.count), t.random.normals(t.width), t.random.normals(t.count))
            let start = t.random.normals(t.width)
            let (dout, gate, y, dgate) = (t.memory(d), t.memory(g), t.memory(c), t.memory(start))
            let dy = t.output(t.count, over: dout)
            t.kernels.add_gated_gradient(dy.base, dgate.base, dout.base, gate.base, y.base, t.rows, t.width)
            t.check("dy", dy, d.indices.map { Double(d[$0]) * Double(g[$0 % t.width]) }, within: 2e-7)
            let sums = start.indices.map { i in
                (0..<t.rows).reduce(Double(start[i])) {
                    $0 + Double(d[$1 * t.width + i]) * Double(c[$1 * t.width + i])
                }
            }
            t.check("dgate", dgate, sums, within: 1e-6 * Double(1 + t.rows))
        }
    }

    /// Errors relative to r · max|x|, the size of what cancels in x - mean: 1e-6.
    @Test(arguments: [0, 1, 2], [false, true])
    func normalization(parameters: Int, unbiased: Bool) {
        let epsilon: Float = 0x1p-17
        let offset: Float = unbiased ? 0 : 1
        KernelTrial.run("normalize", rows: [0, 1, 2, 5], widths: [2, 3, 7, 8, 9, 16, 17, 33, 64, 130]) { t in
            let a = t.random.normals(t.count).map { $0 * 2 + 3 }
            let (g, b) = (t.random.normals(t.width), t.random.normals(t.width))
            let (x, gain, bias) = (t.memory(a), t.memory(g), t.memory(b))
            let (means, scales) = (t.output(t.rows), t.output(t.rows))
            let out = t.output(t.count, over: x)
            t.kernels.normalize(
                out.base, means.base, scales.base, x.base, parameters > 0 ? gain.base : nil, offset,
                parameters > 1 ? bias.base : nil, t.rows, t.width, epsilon, unbiased ? 1 : 0)
            let norm = Normalization(a, width: t.width, epsilon: Double(epsilon), unbiased: unbiased)
            let sizes = a.indices.map { norm.scales[$0 / t.width] * 8 }
            t.check("means", means, norm.means, within: 1e-6)
            t.check("scales", scales, norm.scales, within: 2e-6, scales: norm.scales.map { $0 * (1 + $0 * 8) })
            t.check(
                "normalized", out,
                a.indices.map { i in
                    let factor = parameters > 0 ? Double(offset) + Double(g[i % t.width]) : 1
                    return norm.values[i] * factor + (parameters > 1 ? Double(b[i % t.width]) : 0)
                }, within: 2e-6, scales: sizes.map { (1 + $0) * (1 + $0) * 4 })
            // Without a place for them, means and scales are not stored.
            let again = t.memory(a)
            let plain = t.output(t.count)
            t.kernels.normalize(
                plain.base, nil, nil, again.base, nil, 0, nil, t.rows, t.width, epsilon, unbiased ? 1 : 0)
            t.check("plain", plain, norm.values, within: 2e-6, scales: sizes.map { (1 + $0) * (1 + $0) })
        }
    }

    @Test(arguments: [0, 1, 2], [false, true])
    func normalizationGradient(parameters: Int, unbiased: Bool) {
        let epsilon: Float = 0x1p-17
        let offset: Float = unbiased ? 0 : 1
        KernelTrial.run("normalize_gradient", rows: [0, 1, 2, 5], widths: [3, 7, 8, 9, 16, 17, 33, 64, 130]) { t in
            let a = t.random.normals(t.count).map { $0 + 1 }
            let (d, g) = (t.random.normals(t.count), t.random.normals(t.width))
            let starts = (t.random.normals(t.width), t.random.normals(t.width))
            let norm = Normalization(a, width: t.width, epsilon: Double(epsilon), unbiased: unbiased)
            let (dy, x, gain) = (t.memory(d), t.memory(a), t.memory(g))
            let (means, scales) = (t.memory(norm.means.map { Float($0) }), t.memory(norm.scales.map { Float($0) }))
            let (dgain, dbias) = (t.memory(starts.0), t.memory(starts.1))
            let dx = t.output(t.count, over: dy)
            t.kernels.normalize_gradient(
                dx.base, parameters > 0 ? dgain.base : nil, parameters > 1 ? dbias.base : nil, dy.base, x.base,
                means.base, scales.base, parameters > 0 ? gain.base : nil, offset, t.rows, t.width, epsilon,
                unbiased ? 1 : 0)
            let weighted = a.indices.map { i in
                Double(d[i]) * (parameters > 0 ? Double(offset) + Double(g[i % t.width]) : 1)
            }
            let (expected, sizes) = norm.gradient(weighted)
            t.check("dx", dx, expected, within: 4e-6, scales: sizes)
            let gains = starts.0.indices.map { i in
                (0..<t.rows).reduce(Double(starts.0[i])) {
                    $0 + (parameters > 0 ? Double(d[$1 * t.width + i]) * norm.values[$1 * t.width + i] : 0)
                }
            }
            let biases = starts.1.indices.map { i in
                (0..<t.rows).reduce(Double(starts.1[i])) { $0 + (parameters > 1 ? Double(d[$1 * t.width + i]) : 0) }
            }
            t.check("dgain", dgain, gains, within: 5e-6 * Double(1 + t.rows) * (1 + (norm.scales.max() ?? 0)))
            t.check("dbias", dbias, biases, within: 1e-6 * Double(1 + t.rows))
        }
    }

    @Test(arguments: [false, true])
    func softmax(causal: Bool) {
        KernelTrial.run("softmax", rows: [0, 1, 2, 5, 20]) { t in
            let a = t.random.normals(t.count).map { $0 * 4 }
            let x = t.memory(a)
            let out = t.output(t.count, over: x)
            t.kernels.softmax(out.base, x.base, 0.75, causal ? 1 : 0, t.rows, t.width)
            var expected: [Double] = []
            for r in 0..<t.rows {
                let seen = causal ? min(r + 1, t.width) : t.width
                expected += softmax(row(a, r, t.width).prefix(seen).map { 0.75 * Double($0) })
                expected += [Double](repeating: 0, count: t.width - seen)
            }
            t.check("softmax", out, expected, within: 1e-6)
        }
    }

    @Test func softmaxGradient() {
        KernelTrial.run("softmax_gradient", rows: [0, 1, 2, 5]) { t in
            let a = t.random.normals(t.count)
            let p = (0..<t.rows).flatMap { softmax(row(a, $0, t.width).map { Double($0) }) }.map { Float($0) }
            let d = t.random.normals(t.count)
            let (probabilities, dp) = (t.memory(p), t.memory(d))
            let out = t.output(t.count, over: dp)
            t.kernels.softmax_gradient(out.base, probabilities.base, dp.base, 0.75, t.rows, t.width)
            let expected = a.indices.map { i in
                let r = i / t.width
                let along = zip(row(p, r, t.width), row(d, r, t.width)).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                return 0.75 * Double(p[i]) * (Double(d[i]) - along)
            }
            t.check("dx", out, expected, within: 1e-6)
        }
    }

    @Test func crossEntropy() {
        KernelTrial.run("cross_entropy", rows: [0, 1, 2, 5]) { t in
            let a = t.random.normals(t.count).map { $0 * 4 }
            let targets = (0..<t.rows).map { $0 % 3 == 1 ? Int32(-1) : Int32(t.random.integer(in: 0...t.width - 1)) }
            let x = t.memory(a)
            let losses = t.output(t.rows)
            let p = t.output(t.count, over: x)
            t.kernels.cross_entropy(losses.base, p.base, x.base, targets, t.rows, t.width)
            let expected = (0..<t.rows).map { softmax(row(a, $0, t.width).map { Double($0) }) }
            t.check("probabilities", p, expected.flatMap { $0 }, within: 1e-6)
            t.check(
                "losses", losses, zip(expected, targets).map { $1 < 0 ? 0 : -log($0[Int($1)]) }, within: 1e-6,
                scales: [Double](repeating: 20, count: t.rows))
        }
    }

    @Test func swiGLU() {
        KernelTrial.run("swiglu", rows: [0, 1, 2, 5]) { t in
            let a = t.random.normals(2 * t.count)
            let x = t.memory(a)
            let out = t.output(t.count)
            t.kernels.swiglu(out.base, x.base, t.rows, t.width)
            let expected = (0..<t.count).map { i in
                let at = i / t.width * 2 * t.width + i % t.width
                let (left, right) = (Double(a[at]), Double(a[at + t.width]))
                return left / (1 + exp(-left)) * right
            }
            t.check("product", out, expected, within: 1e-6)
            let d = t.random.normals(t.count)
            let dout = t.memory(d)
            let dx = t.output(2 * t.count, over: x)
            t.kernels.swiglu_gradient(dx.base, x.base, dout.base, t.rows, t.width)
            var gradient = [Double](repeating: 0, count: 2 * t.count)
            for i in 0..<t.count {
                let at = i / t.width * 2 * t.width + i % t.width
                let (left, right, s) = (Double(a[at]), Double(a[at + t.width]), 1 / (1 + exp(-Double(a[at]))))
                gradient[at] = Double(d[i]) * right * s * (1 + left * (1 - s))
                gradient[at + t.width] = Double(d[i]) * left * s
            }
            t.check("dx", dx, gradient, within: 2e-6)
        }
    }

    @Test(arguments: [Float(1), -1])
    func rotation(direction: Float) {
        KernelTrial.run("rotate", rows: [1, 3], widths: [2, 4, 6, 8, 16, 18, 64, 72]) { t in
            let a = t.random.normals(t.count)
            let angles = (0..<t.width / 2).flatMap { _ in
                let angle = Double(t.random.uniform()) * 7
                return [angle, angle]
            }
            let x = t.memory(a)
            let (cosines, sines) = (t.memory(angles.map { Float(cos($0)) }), t.memory(angles.map { Float(sin($0)) }))
            t.kernels.rotate(x.base, cosines.base, sines.base, t.rows, t.width, direction)
            let expected = a.indices.map { i in
                let (c, s) = (cos(angles[i % t.width]), sin(angles[i % t.width]) * Double(direction))
                return i % 2 == 0
                    ? Double(a[i]) * c - Double(a[i + 1]) * s : Double(a[i]) * c + Double(a[i - 1]) * s
            }
            t.check("rotated", x, expected, within: 1e-6)
        }
    }

    private func softmax(_ x: [Double]) -> [Double] {
        let top = x.max() ?? 0
        let powers = x.map { exp($0 - top) }
        let total = powers.reduce(0, +)
        return powers.map { $0 / total }
    }
}

/// The normalisation of rows in double.
struct Normalization {
    let means: [Double]
    let scales: [Double]
    /// (x - mean) · scale
    let values: [Double]
    private let width: Int
    private let stds: [Double]
    private let unbiased: Bool

    init(_ x: [Float], width: Int, epsilon: Double, unbiased: Bool) {
        let rows = x.count / width
        let means = (0..<rows).map { r in (0..<width).reduce(0) { $0 + Double(x[r * width + $1]) } / Double(width) }
        let squares = (0..<rows).map { r in
            (0..<width).reduce(0) { $0 + (Double(x[r * width + $1]) - means[r]) * (Double(x[r * width + $1]) - means[r]) }
        }
        let stds = squares.map { ($0 / Double(unbiased ? width - 1 : width)).squareRoot() }
        let scales = stds.map { unbiased ? 1 / ($0 + epsilon) : 1 / ($0 * $0 + epsilon).squareRoot() }
        self.means = means
        self.scales = scales
        values = x.indices.map { (Double(x[$0]) - means[$0 / width]) * scales[$0 / width] }
        self.stds = stds
        self.width = width
        self.unbiased = unbiased
    }

    /// The gradient of the values' inner product with `g`, and the size of the terms that it consists of.
    func gradient(_ g: [Double]) -> (values: [Double], sizes: [Double]) {
        var result = g
        var sizes = g
        for r in means.indices {
            let range = r * width..<(r + 1) * width
            let mean = range.reduce(0) { $0 + g[$1] } / Double(width)
            let along = range.reduce(0) { $0 + g[$1] * values[$1] }
            let scale = scales[r]
            // d scale / dx is -scale² (x - mean) / ((n - 1) s) unbiased, -scale³ (x - mean) / n biased.
            let slope = unbiased ? along / (Double(width - 1) * stds[r]) : along * scale / Double(width)
            for i in range {
                result[i] = scale * (g[i] - mean) - values[i] * slope
                sizes[i] = (1 + scale) * (1 + scale) * (4 + abs(g[i]) + abs(values[i] * slope))
            }
        }
        return (result, sizes)
    }
}
