import Foundation
import Tensors

/// Finite scalar quantization (Mentzer et al., 2023): every number of a vector is rounded to one of a few levels, and the
/// combination of levels is the code. Nothing is learned (FlexTok reference, section 7).
public struct FiniteScalarQuantizer: Sendable, Hashable {
    /// Levels of every dimension of a vector.
    public let levels: [Int]

    public init(levels: [Int]) {
        precondition(!levels.isEmpty && levels.allSatisfy { $0 > 1 }, "levels \(levels)")
        self.levels = levels
    }

    /// All combinations of levels.
    public var codes: Int { levels.reduce(1, *) }

    private var halves: [Int] { levels.map { $0 / 2 } }

    /// Vectors [..., dimensions] within their levels, before rounding: tanh(z + atanh(o/s)) s - o with
    /// s = (levels - 1)(1 + 1e-3)/2 and o = ½ where the number of levels is even.
    public func bounded(_ z: Tensor) -> Tensor {
        precondition(z.shape.last == levels.count, "vectors of shape \(z.shape) for levels \(levels)")
        let spans = levels.map { Float($0 - 1) * (1 + 1e-3) / 2 }
        let offsets = levels.map { $0 % 2 == 0 ? Float(0.5) : 0 }
        return z.scaledPerChannel([Float](repeating: 1, count: levels.count), plus: zip(offsets, spans).map { atanh($0 / $1) })
            .applying(.tanh).scaledPerChannel(spans, plus: offsets.map { -$0 })
    }

    /// Bounded vectors rounded to levels, halves to the even one, between -1 and 1; the gradient passes as if nothing were
    /// rounded.
    public func quantized(bounded: Tensor) -> Tensor {
        let rounded = bounded.withUnsafeBufferPointer { values in
            Tensor(uninitialized: bounded.shape) { out in
                for i in values.indices { out[i] = values[i].rounded(.toNearestOrEven) }
            }
        }
        let steps = bounded.isRecorded ? bounded + (rounded - bounded.detached) : rounded
        return steps.scaledPerChannel(halves.map { 1 / Float($0) }, plus: halves.map { _ in 0 })
    }

    /// The codes of bounded vectors, in order; nil where one is not finite.
    public func codes(bounded: Tensor) -> [Int32]? {
        guard bounded.firstNonFinite == nil else { return nil }
        let halves = halves
        return bounded.withUnsafeBufferPointer { values in
            stride(from: 0, to: values.count, by: levels.count).map { start in
                var (code, basis) = (0, 1)
                for (dimension, size) in levels.enumerated() {
                    let level = Int(values[start + dimension].rounded(.toNearestOrEven)) + halves[dimension]
                    code += min(max(level, 0), size - 1) * basis
                    basis *= size
                }
                return Int32(code)
            }
        }
    }

    /// The vectors of codes: [codes, dimensions]. Traps on a code out of range.
    public func vectors(_ codes: [Int32]) -> Tensor {
        precondition(codes.allSatisfy { $0 >= 0 && Int($0) < self.codes }, "a code outside 0..<\(self.codes)")
        return Tensor(uninitialized: [codes.count, levels.count]) { out in
            for (row, code) in codes.enumerated() {
                var rest = Int(code)
                for (dimension, size) in levels.enumerated() {
                    let half = size / 2
                    out[row * levels.count + dimension] = Float(rest % size - half) / Float(half)
                    rest /= size
                }
            }
        }
    }
}
