import CKernels
import Foundation
import Tensors
import TestSupport
import Testing

/// The element-wise kernels of every level against their definitions and the portable level. Tolerances are relative to
/// 1 + |value|: 2e-7 for sums and products (a fused multiply-add may differ in the last place), 1e-6 for functions.
@Suite struct ElementwiseKernelTests {
    /// Element counts: nothing, tails of every vector length, more than one vector.
    private let widths = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 129, 1000]

    @Test func arithmetic() {
        KernelTrial.run("add", rows: [1], widths: widths) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.count))
            let (x, y) = (t.memory(a), t.memory(b))
            let out = t.output(t.count, over: x)
            t.kernels.add(out.base, x.base, y.base, t.count)
            t.check("sum", out, zip(a, b).map { Double($0) + Double($1) }, within: 2e-7)
        }
        KernelTrial.run("subtract", rows: [1], widths: widths) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.count))
            let (x, y) = (t.memory(a), t.memory(b))
            let out = t.output(t.count, over: y)
            t.kernels.subtract(out.base, x.base, y.base, t.count)
            t.check("difference", out, zip(a, b).map { Double($0) - Double($1) }, within: 2e-7)
        }
        KernelTrial.run("multiply", rows: [1], widths: widths) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.count))
            let (x, y) = (t.memory(a), t.memory(b))
            let out = t.output(t.count, over: x)
            t.kernels.multiply(out.base, x.base, y.base, t.count)
            t.check("product", out, zip(a, b).map { Double($0) * Double($1) }, within: 2e-7)
        }
        KernelTrial.run("affine", rows: [1], widths: widths) { t in
            let a = t.random.normals(t.count)
            let x = t.memory(a)
            let out = t.output(t.count, over: x)
            t.kernels.affine(out.base, x.base, 1.7, -0.3, t.count)
            t.check("affine", out, a.map { Double(Float(1.7)) * Double($0) + Double(Float(-0.3)) }, within: 2e-7)
        }
        KernelTrial.run("accumulate", rows: [1], widths: widths) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.count))
            let (y, x) = (t.memory(a), t.memory(b))
            t.kernels.accumulate(y.base, x.base, -2.5, t.count)
            t.check("accumulated", y, zip(a, b).map { Double($0) - 2.5 * Double($1) }, within: 2e-7)
        }
        KernelTrial.run("average", rows: [1], widths: widths) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.count))
            let (average, parameter) = (t.memory(a), t.memory(b))
            t.kernels.average(average.base, parameter.base, 0.75, t.count)
            t.check("average", average, zip(a, b).map { 0.75 * Double($0) + 0.25 * Double($1) }, within: 2e-7)
        }
    }

    @Test(arguments: ActivationDefinition.all)
    func activations(_ definition: ActivationDefinition) {
        let kind = definition.kind
        KernelTrial.run(definition.name, rows: [1], widths: widths) { t in
            let a = t.random.normals(t.count).map { $0 * 3 }
            let x = t.memory(a)
            let out = t.output(t.count, over: x)
            t.kernels.activate(kind, out.base, x.base, t.count)
            t.check("value", out, a.map { definition.value(Double($0)) }, within: 1e-6)
        }
        KernelTrial.run(definition.name, rows: [1], widths: widths) { t in
            let (a, b) = (t.random.normals(t.count).map { $0 * 3 }, t.random.normals(t.count))
            let (x, dy) = (t.memory(a), t.memory(b))
            let out = t.output(t.count, over: dy)
            t.kernels.activate_gradient(kind, out.base, x.base, dy.base, t.count)
            t.check(
                "gradient", out, zip(a, b).map { definition.slope(Double($0)) * Double($1) }, within: 1e-6,
                scales: zip(a, b).map { (1 + abs(definition.slope(Double($0)))) * (1 + abs(Double($1))) })
        }
    }

    @Test(arguments: ActivationDefinition.all)
    func activationsOfExtremes(_ definition: ActivationDefinition) {
        let extremes: [Float] = [-1e4, -200, -90, -50, -20, -1e-30, -0.0, 0, 1e-30, 20, 50, 88, 200, 1e4]
        for level in machineLevels {
            let kernels = ck_elementwise_for(ck_level(rawValue: level)).pointee
            let (x, out) = (Guarded(extremes + [.nan]), Guarded(count: extremes.count + 1))
            kernels.activate(definition.kind, out.base, x.base, x.count)
            for (input, value) in zip(extremes, out.values) {
                // Saturated just below the largest float32.
                let expected = min(definition.value(Double(input)), 0x1.fffffep127)
                let tolerance = expected < 3e38 ? 1e-6 : 1e-5
                #expect(
                    abs(Double(value) - expected) <= tolerance * (1 + abs(expected)),
                    "\(definition.name)(\(input)) is \(value), level \(level)")
            }
            if definition.kind != CK_RELU {
                #expect(out.values[extremes.count].isNaN, "\(definition.name)(NaN), level \(level)")
            }
        }
    }

    /// Reductions sum in float32 over runs of 1024 values: errors stay below 2e-6 of the sum of magnitudes.
    @Test func reductions() {
        KernelTrial.run("reductions", rows: [1], widths: widths + [1023, 1024, 1025, 5000]) { t in
            let (a, b) = (t.random.normals(t.count), t.random.normals(t.count))
            let (x, y) = (t.memory(a), t.memory(b))
            let wide = a.map { Double($0) }
            let magnitudes = wide.reduce(0) { $0 + abs($1) }
            let squares = wide.reduce(0) { $0 + $1 * $1 }
            let products = zip(a, b).map { Double($0) * Double($1) }
            t.check("sum", t.kernels.sum(x.base, t.count), wide.reduce(0, +), within: 2e-6 * magnitudes)
            t.check("squares", t.kernels.sum_squares(x.base, t.count), squares, within: 2e-6 * squares)
            t.check("magnitudes", t.kernels.sum_absolute(x.base, t.count), magnitudes, within: 2e-6 * magnitudes)
            t.check(
                "dot", t.kernels.dot(x.base, y.base, t.count), products.reduce(0, +),
                within: 2e-6 * products.reduce(0) { $0 + abs($1) })
        }
    }

    @Test func adamW() {
        KernelTrial.run("adamw", rows: [1], widths: widths) { t in
            let values = t.random.normals(t.count)
            let (m, g) = (t.random.normals(t.count), t.random.normals(t.count))
            let v = t.random.normals(t.count).map { abs($0) }
            let (parameter, first, second, gradient) = (t.memory(values), t.memory(m), t.memory(v), t.memory(g))
            t.kernels.adamw(
                parameter.base, first.base, second.base, gradient.base, t.count, 0.125, 0.75, 0.875, 0x1p-20, 0.25, 0.5,
                0.625, 2)
            // Gradients count twice: the scale is 2.
            let slopes = g.map { 2 * Double($0) }
            let firsts = zip(m, slopes).map { 0.75 * Double($0) + 0.25 * $1 }
            let seconds = zip(v, slopes).map { 0.875 * Double($0) + 0.125 * $1 * $1 }
            let updated = values.indices.map { i in
                let root = (seconds[i] / 0.625).squareRoot() + 0x1p-20
                let kept = Double(values[i]) * (1 - 0.125 * 0.25)
                return kept - 0.125 * (firsts[i] / 0.5) / root
            }
            t.check("parameter", parameter, updated, within: 1e-6)
            t.check("first", first, firsts, within: 3e-7)
            t.check("second", second, seconds, within: 3e-7)
        }
    }
}

/// An activation and its derivative in double.
struct ActivationDefinition: Sendable, CustomTestStringConvertible {
    let name: String
    let code: UInt32
    let value: @Sendable (Double) -> Double
    let slope: @Sendable (Double) -> Double

    var kind: ck_activation { ck_activation(rawValue: code) }
    var testDescription: String { name }

    private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
    private static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }
    private static let root = (2 / Double.pi).squareRoot()

    static let all = [
        ActivationDefinition(
            name: "relu", code: CK_RELU.rawValue, value: { max($0, 0) }, slope: { $0 > 0 ? 1 : 0 }),
        ActivationDefinition(
            name: "gelu (tanh)", code: CK_GELU_TANH.rawValue,
            value: { x in 0.5 * x * (1 + tanh(root * (x + 0.044715 * x * x * x))) },
            slope: { x in
                let t = tanh(root * (x + 0.044715 * x * x * x))
                return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * root * (1 + 3 * 0.044715 * x * x)
            }),
        ActivationDefinition(
            name: "gelu", code: CK_GELU_ERF.rawValue, value: { $0 * normal($0) },
            slope: { normal($0) + $0 * exp(-0.5 * $0 * $0) / (2 * Double.pi).squareRoot() }),
        ActivationDefinition(
            name: "quick gelu", code: CK_QUICK_GELU.rawValue, value: { $0 * logistic(1.702 * $0) },
            slope: { x in
                let s = logistic(1.702 * x)
                return s + 1.702 * x * s * (1 - s)
            }),
        ActivationDefinition(
            name: "silu", code: CK_SILU.rawValue, value: { $0 * logistic($0) },
            slope: { x in
                let s = logistic(x)
                return s + x * s * (1 - s)
            }),
        ActivationDefinition(name: "exp", code: CK_EXP.rawValue, value: { exp($0) }, slope: { exp($0) }),
        ActivationDefinition(
            name: "absolute", code: CK_ABS.rawValue, value: { abs($0) }, slope: { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }),
        ActivationDefinition(
            name: "tanh", code: CK_TANH.rawValue, value: { tanh($0) }, slope: { 1 / (cosh($0) * cosh($0)) }),
    ]
}
