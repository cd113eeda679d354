import Synchronization
import Tensors
import TestSupport
import Testing

/// The thread pool, and that results do not depend on the number of threads. One suite, one test at a time, since the
/// number is the process's.
@Suite(.serialized) struct ParallelTests {
    private func withThreads<Result>(_ count: Int, _ body: () -> Result) -> Result {
        let before = Machine.threads
        Machine.threads = count
        defer { Machine.threads = before }
        return body()
    }

    @Test(arguments: [1, 2, 3, 8])
    func everyIndexOnce(threads: Int) {
        withThreads(threads) {
            #expect(Machine.threads == threads)
            for count in [0, 1, 2, 3, 7, 64, 1000, 20_000] {
                let visits = (0..<count).map { _ in Counter() }
                parallelFor(count) { visits[$0].value.add(1, ordering: .relaxed) }
                #expect(visits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 }, "\(count) items")
            }
        }
    }

    @Test(arguments: [1, 2, 3])
    func nestedLoops(threads: Int) {
        withThreads(threads) {
            for _ in 0..<50 {
                let visits = (0..<12 * 15).map { _ in Counter() }
                parallelFor(12) { outer in
                    parallelFor(15) { visits[outer * 15 + $0].value.add(1, ordering: .relaxed) }
                }
                #expect(visits.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
            }
        }
    }

    @Test func manyShortLoops() {
        withThreads(3) {
            let total = Counter()
            for _ in 0..<5000 { parallelFor(5) { total.value.add($0, ordering: .relaxed) } }
            #expect(total.value.load(ordering: .relaxed) == 50_000)
        }
    }

    @Test func loopsOfSeveralTasks() async {
        let total = Counter()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 { parallelFor(10) { total.value.add($0, ordering: .relaxed) } }
                }
            }
        }
        #expect(total.value.load(ordering: .relaxed) == 8 * 200 * 45)
    }

    @Test func theNumberOfThreadsHasBounds() {
        let before = Machine.threads
        defer { Machine.threads = before }
        Machine.threads = 0
        #expect(Machine.threads == 1)
        Machine.threads = -5
        #expect(Machine.threads == 1)
        Machine.threads = .max
        #expect(Machine.threads == 64)
        #expect(Machine.usableCores >= 1)
    }

    @Test func resultsDoNotDependOnTheThreads() {
        func bits(_ threads: Int) -> [[UInt32]] {
            withThreads(threads) { results().map { $0.values.map(\.bitPattern) } }
        }
        let one = bits(1)
        #expect(one.count > 20)
        for threads in [2, 3, 7] {
            for (index, (a, b)) in zip(one, bits(threads)).enumerated() {
                #expect(a == b, "result \(index) with \(threads) threads")
            }
        }
    }

    /// Outputs and gradients large enough to be shared out.
    private func results() -> [Tensor] {
        var found: [Tensor] = []
        func collect(_ inputs: [Tensor], _ function: ([Tensor]) -> Tensor) {
            let leaves = inputs.map(\.requiringGradient)
            let output = function(leaves)
            found.append(output.detached)
            let weights = Tensor.normal(output.shape, seed: 99)
            found += gradients(of: (output * weights).sum(), withRespectTo: leaves)
        }
        let x = Tensor.normal([3, 130, 96], seed: 1)
        let (w, b) = (Tensor.normal([200, 96], seed: 2), Tensor.normal([200], seed: 3))
        collect([x, w, b]) { $0[0].linear($0[1], bias: $0[2]) }
        collect([.normal([130, 700], seed: 4), .normal([700, 90], seed: 5)]) { $0[0].matrixProduct($0[1]) }
        collect([x, .normal([96], seed: 6), .normal([96], seed: 7)]) {
            $0[0].layerNormalized(gain: $0[1], bias: $0[2], epsilon: 1e-5)
        }
        collect([x, .normal([96], seed: 6), .normal([96], seed: 7)]) {
            $0[0].standardized(gain: $0[1], bias: $0[2], epsilon: 1e-5)
        }
        collect([x, .normal([3, 96], seed: 8), .normal([3, 96], seed: 9)]) {
            $0[0].modulated(shift: $0[1], scale: $0[2], epsilon: 1e-6)
        }
        collect([x, x, .normal([3, 96], seed: 10)]) { $0[0].addingGated($0[1], by: $0[2]) }
        collect([x]) { $0[0].selfAttention(heads: 4) }
        collect([x]) { $0[0].swiGLU() }
        collect([x]) { $0[0].sum() }
        collect([x]) { $0[0].sumOfSquares() }
        collect([x]) { $0[0].softmax() }
        collect([x, .normal([96], seed: 11)]) { $0[0].addingRepeated($0[1]) }
        let targets = (0..<390).map { Int32($0 % 97) - 1 }
        collect([x]) { $0[0].crossEntropy(targets) }
        collect([.normal([3, 3, 40, 40], seed: 12), .normal([3, 3, 3, 3], seed: 13), .normal([3], seed: 14)]) {
            $0[0].convolved3x3($0[1], bias: $0[2])
        }
        Precision.$current.withValue(.bfloat16) {
            collect([x, w, b]) { $0[0].linear($0[1], bias: $0[2]) }
            collect([x]) { $0[0].selfAttention(heads: 4, causal: true) }
        }
        return found
    }
}

/// An atomic that lives in an array.
private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}
