import Tensors
import TestSupport
import Testing

/// What is done to the planes of images, against plain loops and finite differences.
@Suite struct PlaneTests {
    private let x = Tensor.normal([2, 3, 4, 2], seed: 1)

    private func planes(_ x: Tensor) -> [[Double]] {
        let pixels = x.shape[2] * x.shape[3]
        return stride(from: 0, to: x.count, by: pixels).map { x.values[$0..<$0 + pixels].map(Double.init) }
    }

    @Test func meansAndDeviations() {
        let shifted = x + 100
        for (found, plane) in zip(zip(shifted.planeMeans().values, shifted.planeDeviations(epsilon: 0.25).values), planes(shifted)) {
            let mean = plane.reduce(0, +) / Double(plane.count)
            let variance = plane.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(plane.count - 1)
            #expect(abs(Double(found.0) - mean) < 1e-4)
            #expect(abs(Double(found.1) - (variance + 0.25).squareRoot()) < 1e-5)
        }
        // A plane of one colour has the deviation of epsilon, and no gradient there.
        let flat = Tensor.filled([1, 1, 2, 2], with: 3).requiringGradient
        let deviation = flat.planeDeviations(epsilon: 0.25)
        #expect(deviation.values == [0.5])
        #expect(gradients(of: deviation.sum(), withRespectTo: [flat])[0].values.allSatisfy { abs($0) < 1e-6 })
    }

    @Test func gradientsOfPlanes() {
        let (factors, offsets) = (Tensor.normal([2, 3], seed: 2), Tensor.normal([2, 3], seed: 3))
        expectGradient([x]) { $0[0].planeMeans() }
        expectGradient([x]) { $0[0].planeDeviations(epsilon: 0.1) }
        expectGradient([x, factors, offsets]) { $0[0].scaledPlanes(by: $0[1], plus: $0[2]) }
    }

    @Test func depthToSpace() {
        // Channel c of pixel (2y + i, 2x + j) from channel (2i + j)·channels + c.
        let (channels, height, width) = (3, 2, 5)
        let deep = Tensor.normal([2, 4 * channels, height, width], seed: 4)
        let wide = deep.depthToSpace2x2()
        #expect(wide.shape == [2, channels, 2 * height, 2 * width])
        let (from, to) = (deep.values, wide.values)
        for b in 0..<2 {
            for c in 0..<channels {
                for y in 0..<2 * height {
                    for x in 0..<2 * width {
                        let source = (y % 2 * 2 + x % 2) * channels + c
                        let expected = from[((b * 4 * channels + source) * height + y / 2) * width + x / 2]
                        #expect(to[((b * channels + c) * 2 * height + y) * 2 * width + x] == expected)
                    }
                }
            }
        }
        expectGradient([Tensor.normal([1, 4, 2, 3], seed: 5)]) { $0[0].depthToSpace2x2() }
    }
}
