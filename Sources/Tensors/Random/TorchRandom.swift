import Foundation

/// PyTorch's random numbers on the CPU: after `TorchRandom(seed:)`, every call draws what the same call draws after
/// `torch.manual_seed(seed)`, so that a seed gives the picture that a Python script gives.
///
/// As in PyTorch, values depend on how many are asked for at once: sixteen normals are not two times eight.
public struct TorchRandom: NoiseSource, Sendable {
    private var engine: MersenneTwister
    /// The second value of the last pair of a small request, which the next small request begins with.
    private var spareNormal: Double?

    /// The stream of `torch.manual_seed(seed)`, which keeps the low 32 bits.
    public init(seed: UInt64) {
        engine = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
    }

    /// `torch.rand(shape)`: uniform in [0, 1), multiples of 2⁻²⁴.
    public mutating func uniform(_ shape: [Int]) -> Tensor {
        Tensor(uninitialized: shape) { fill($0) }
    }

    /// `torch.randn(shape)`: standard normal.
    public mutating func normal(_ shape: [Int]) -> Tensor {
        Tensor(uninitialized: shape) { buffer in
            if buffer.count < 16 {
                for i in buffer.indices { buffer[i] = Float(smallNormal()) }
                return
            }
            fill(buffer)
            for start in stride(from: 0, through: buffer.count - 16, by: 16) {
                pairNormals(UnsafeMutableBufferPointer(rebasing: buffer[start..<start + 16]))
            }
            guard buffer.count % 16 > 0 else { return }
            // What is left over does not fill sixteen, so the last sixteen are drawn again whole.
            let tail = UnsafeMutableBufferPointer(rebasing: buffer[(buffer.count - 16)...])
            fill(tail)
            pairNormals(tail)
        }
    }

    /// `torch.empty(shape).exponential_()`, which `torch.multinomial` draws from.
    public mutating func exponential(_ shape: [Int]) -> Tensor {
        Tensor(uninitialized: shape) { buffer in
            for i in buffer.indices { buffer[i] = Float(-log1p(-uniformDouble())) }
        }
    }

    /// `torch.randperm(count)`: the numbers below `count` in random order.
    public mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        for i in 0..<max(0, count - 1) {
            order.swapAt(i, i + Int(engine.next32()) % (count - i))
        }
        return order
    }

    private mutating func fill(_ buffer: UnsafeMutableBufferPointer<Float>) {
        for i in buffer.indices { buffer[i] = Float(engine.next32() & 0xFF_FFFF) * 0x1p-24 }
    }

    /// Sixteen uniform values to eight pairs of Box and Muller's transform: radii from the first half, angles from the
    /// second; cosines go to the first half, sines to the second.
    private func pairNormals(_ values: UnsafeMutableBufferPointer<Float>) {
        for i in 0..<8 {
            let radius = (-2 * log(1 - values[i])).squareRoot()
            let angle = 2 * Float.pi * values[i + 8]
            values[i] = radius * cos(angle)
            values[i + 8] = radius * sin(angle)
        }
    }

    /// 53 uniform bits of two draws, the high word first.
    private mutating func uniformDouble() -> Double {
        let high = UInt64(engine.next32())
        let bits = high << 32 | UInt64(engine.next32())
        return Double(bits & (1 << 53 - 1)) * 0x1p-53
    }

    private mutating func smallNormal() -> Double {
        if let spare = spareNormal {
            spareNormal = nil
            return spare
        }
        let angle = 2 * Double.pi * uniformDouble()
        let radius = (-2 * log1p(-uniformDouble())).squareRoot()
        spareNormal = radius * sin(angle)
        return radius * cos(angle)
    }
}
