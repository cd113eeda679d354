import Tensors
import TestSupport
import Testing

/// Operations that move values, against finite differences and index by index.
@Suite struct ShapeGradientTests {
    private let x = Tensor.normal([2, 3, 4], seed: 1)

    @Test func reshapes() {
        expectGradient([x]) { $0[0].reshaped([4, 6]) }
        #expect(x.reshaped([24]).values == x.values)
    }

    @Test(arguments: [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    func permutes(axes: [Int]) {
        expectGradient([x]) { $0[0].permuted(axes) }
        let moved = x.permuted(axes)
        let strides = [12, 4, 1]
        var index = 0
        for i in 0..<moved.shape[0] {
            for j in 0..<moved.shape[1] {
                for k in 0..<moved.shape[2] {
                    let from = i * strides[axes[0]] + j * strides[axes[1]] + k * strides[axes[2]]
                    #expect(moved.values[index] == x.values[from])
                    index += 1
                }
            }
        }
    }

    @Test func permutesManyValues() {
        // Above the size of one piece, the outer axis goes to several threads.
        let large = Tensor.normal([30, 40, 50], seed: 2)
        #expect(large.permuted(2, 0, 1).permuted(1, 2, 0).values == large.values)
        #expect(large.permuted(1, 0, 2).permuted(1, 0, 2).values == large.values)
        #expect(large.permuted(2, 0, 1).values[1] == large.values[50])
    }

    @Test func slices() {
        expectGradient([x]) { $0[0].sliced(axis: 0, 1..<2) }
        expectGradient([x]) { $0[0].sliced(axis: 1, 0..<2) }
        expectGradient([x]) { $0[0].sliced(axis: 2, 1..<4) }
        #expect(x.sliced(axis: 1, 1..<3).values == Array(x.values[4..<12] + x.values[16..<24]))
        #expect(x.sliced(axis: 1, 1..<1).shape == [2, 0, 4])
        // Overlapping slices of one tensor.
        expectGradient([x]) { $0[0].sliced(axis: 2, 0..<3) * $0[0].sliced(axis: 2, 1..<4) }
    }

    @Test func addsOverlappingWindows() {
        // Four patches of 2×2 pixels, each with a margin of 1, in two channels.
        let windows = Tensor.normal([2, 4, 2 * 4 * 4], seed: 4)
        expectGradient([windows]) { $0[0].addedWindows(grid: 2, patch: 2, margin: 1, channels: 2) }
        let ones = Tensor.filled([1, 4, 4 * 4], with: 1).addedWindows(grid: 2, patch: 2, margin: 1, channels: 1)
        // A corner is covered once, a border next to the middle twice, the middle by all four.
        #expect(ones.values == [1, 2, 2, 1, 2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1])
        #expect(
            windows.addedWindows(grid: 2, patch: 2, margin: 1, channels: 2).values[0] == windows.values[5],
            "the first pixel is the inner corner of the first window")
    }

    @Test func windowsThatBlendAddUpToWhatTheyWereCutFrom() {
        let windows = Tensor.normal([2, 9, 2 * 4 * 4], seed: 4)
        expectGradient([windows]) { $0[0].addedWindows(grid: 3, patch: 2, margin: 1, channels: 2, blended: true) }
        let ones = Tensor.filled([1, 9, 4 * 4], with: 1).addedWindows(grid: 3, patch: 2, margin: 1, channels: 1, blended: true)
        #expect(ones.values.allSatisfy { abs($0 - 1) < 1e-6 }, "each pixel's weights add up to 1")
        let images = Tensor.normal([2, 2, 6, 6], seed: 5)
        let again = images.windows(grid: 3, patch: 2, margin: 1).addedWindows(grid: 3, patch: 2, margin: 1, channels: 2, blended: true)
        #expect(zip(again.values, images.values).allSatisfy { abs($0 - $1) < 1e-5 })
        // Of two windows side by side, 0 and 1, the first fades out: where they meet, both weigh the same.
        let left = Tensor(
            (0..<2).flatMap { token in [Float](repeating: token == 0 ? 1 : 0, count: 64) } + [Float](repeating: 0, count: 128), shape: [1, 4, 64])
        let row = left.addedWindows(grid: 2, patch: 4, margin: 2, channels: 1, blended: true).values[0..<8]
        #expect(row[0] == 1 && row[1] == 1 && row[6] == 0 && row[7] == 0 && zip(row, row.dropFirst()).allSatisfy { $0 >= $1 })
        #expect(abs(row[3] + row[4] - 1) < 1e-6)
    }

    @Test(arguments: 0..<3)
    func concatenates(axis: Int) {
        var shapes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
        shapes[1][axis] = 1
        shapes[2][axis] = 5
        let parts = shapes.enumerated().map { Tensor.normal($1, seed: UInt64($0)) }
        expectGradient(parts) { .concatenated($0, axis: axis) }
        let joined = Tensor.concatenated(parts, axis: axis)
        var start = 0
        for part in parts {
            let extent = part.shape[axis]
            #expect(joined.sliced(axis: axis, start..<start + extent).values == part.values)
            start += extent
        }
        // The same tensor twice.
        expectGradient([parts[0]]) { .concatenated([$0[0], $0[0] * 2], axis: axis) }
    }

    @Test func repeats() {
        expectGradient([x]) { $0[0].repeated(3) }
        expectGradient([.normal([4], seed: 3)]) { $0[0].repeated(40) }
        #expect(x.repeated(2).values == x.values + x.values)
        #expect(x.repeated(0).shape == [0, 2, 3, 4])
    }

    @Test func pools() {
        let image = Tensor.normal([2, 2, 4, 6], seed: 4)
        expectGradient([image]) { $0[0].averagePooled2x2() }
        expectGradient([image]) { $0[0].doubled2x2() }
        #expect(image.doubled2x2().averagePooled2x2().values == image.values)
        let ramp = Tensor((0..<8).map { Float($0) }, shape: [1, 1, 2, 4])
        #expect(ramp.averagePooled2x2().values == [2.5, 4.5])
    }

    @Test func rowsOfATable() {
        let table = Tensor.normal([4, 3], seed: 5)
        expectGradient([table]) { $0[0].rows([2, 0, 2, 3, 2]) }
        expectGradient([table]) { $0[0].rows([1, 1, 0, 3], shape: [2, 2]) }
        #expect(table.rows([3, 1]).values == Array(table.values[9..<12] + table.values[3..<6]))
    }
}
