import CKernels
import Tensors
import TestSupport
import Testing

/// Strided copies, small convolutions and the memory cache.
@Suite struct LayoutKernelTests {
    @Test(arguments: [[], [5], [3, 4], [2, 3, 4], [2, 1, 3, 2], [2, 3, 1, 2, 2], [3, 0, 2]])
    func gathers(shape: [Int]) {
        var random = CounterRandom(seed: 1)
        let source = Guarded(random.normals(max(1, shape.reduce(1, *))))
        var strides = [Int](repeating: 0, count: shape.count)
        var step = 1
        // The axes in a mixed order, so that no copy is contiguous.
        for axis in shape.indices.shuffled(using: &random) {
            strides[axis] = step
            step *= shape[axis]
        }
        let count = shape.reduce(1, *)
        let out = Guarded(count: count)
        ck_gather_strided(out.base, source.base, shape.count, shape, strides)
        var expected: [Float] = []
        for flat in 0..<count {
            var (rest, offset) = (flat, 0)
            for axis in shape.indices.reversed() {
                offset += rest % shape[axis] * strides[axis]
                rest /= shape[axis]
            }
            expected.append(source.values[offset])
        }
        #expect(out.isIntact && out.values == expected)
    }

    @Test(arguments: [(1, 1, 1, 1), (3, 3, 5, 4), (2, 3, 1, 7), (3, 2, 6, 1), (1, 2, 2, 33)])
    func convolves(shape: (ci: Int, co: Int, height: Int, width: Int)) {
        let (ci, co, height, width) = shape
        var random = CounterRandom(seed: 2)
        let x = Guarded(random.normals(ci * height * width))
        let w = Guarded(random.normals(co * ci * 9))
        let bias = Guarded(random.normals(co))
        let out = Guarded(count: co * height * width)
        ck_conv3x3(out.base, x.base, w.base, bias.base, ci, co, height, width)
        let (xs, ws) = (x.values, w.values)
        var expected: [Double] = []
        for o in 0..<co {
            for y in 0..<height {
                for column in 0..<width {
                    var sum = Double(bias.values[o])
                    for i in 0..<ci {
                        for dy in -1...1 where 0..<height ~= y + dy {
                            for dx in -1...1 where 0..<width ~= column + dx {
                                sum +=
                                    Double(ws[((o * ci + i) * 3 + dy + 1) * 3 + dx + 1])
                                    * Double(xs[(i * height + y + dy) * width + column + dx])
                            }
                        }
                    }
                    expected.append(sum)
                }
            }
        }
        #expect(out.isIntact)
        #expect(zip(out.values, expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
    }

    @Test func memoryIsAlignedAndSeparate() {
        let sizes = [0, 1, 63, 64, 1000, 1024, 1025, 4095, 4096, 4097, 5120, 100_000, 1 << 20, (1 << 20) + 1]
        for _ in 0..<3 {
            let blocks = sizes.map { size in (ck_allocate(size)!, size) }
            for (index, (block, size)) in blocks.enumerated() {
                #expect(UInt(bitPattern: block) % 64 == 0)
                block.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: size)
            }
            for (index, (block, size)) in blocks.enumerated() {
                #expect(UnsafeRawBufferPointer(start: block, count: size).allSatisfy { $0 == UInt8(index) })
                ck_free(block, size)
            }
        }
    }
}
