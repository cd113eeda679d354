import CKernels
import Tensors

/// The instruction-set levels that this machine has, the portable one first, as raw values.
let machineLevels = Array(0...ck_cpu_level().rawValue)

/// Float32 memory between two margins of NaN: a kernel that writes past its end destroys them, one that reads past its
/// end picks NaN up. The start is not aligned.
final class Guarded {
    private static let margin = 17
    private let block: UnsafeMutableBufferPointer<Float>
    let count: Int

    init(_ values: [Float]) {
        count = values.count
        block = .allocate(capacity: count + 2 * Guarded.margin)
        block.initialize(repeating: .nan)
        for (i, value) in values.enumerated() { base[i] = value }
    }

    /// Memory to be written, full of NaN.
    convenience init(count: Int) { self.init([Float](repeating: .nan, count: count)) }

    deinit { block.deallocate() }

    var base: UnsafeMutablePointer<Float> { block.baseAddress! + Guarded.margin }

    var values: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Whether nobody wrote outside.
    var isIntact: Bool {
        (0..<Guarded.margin).allSatisfy { block[$0].isNaN && block[block.count - 1 - $0].isNaN }
    }
}
