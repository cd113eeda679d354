import CKernels
import Tensors
import TestSupport
import Testing

/// One call of an element-wise kernel on random values, with what its definition gives in double.
struct KernelTrial {
    struct Output {
        let name: String
        let memory: Guarded
        let expected: [Double]
        /// The largest error allowed for each value.
        let allowed: [Double]
    }

    let kernels: ck_elementwise
    let rows: Int
    let width: Int
    /// Whether outputs should lie over an input of the same shape.
    let inPlace: Bool
    var random: CounterRandom
    private(set) var outputs: [Output] = []
    private var memories: [Guarded] = []

    init(level: UInt32, rows: Int, width: Int, inPlace: Bool, seed: UInt64) {
        kernels = ck_elementwise_for(ck_level(rawValue: level)).pointee
        self.rows = rows
        self.width = width
        self.inPlace = inPlace
        random = CounterRandom(seed: seed)
    }

    var count: Int { rows * width }

    mutating func memory(_ values: [Float]) -> Guarded {
        memories.append(Guarded(values))
        return memories[memories.count - 1]
    }

    /// Memory for `count` values of output; that of an input where the trial is in place.
    mutating func output(_ count: Int, over input: Guarded? = nil) -> Guarded {
        if inPlace, let input { return input }
        memories.append(Guarded(count: count))
        return memories[memories.count - 1]
    }

    /// Compares with the definition: |error| ≤ tolerance · (1 + |expected|), or tolerance · scale.
    mutating func check(
        _ name: String, _ memory: Guarded, _ expected: [Double], within tolerance: Double, scales: [Double]? = nil
    ) {
        let scales = scales ?? expected.map { 1 + abs($0) }
        outputs.append(
            Output(name: name, memory: memory, expected: expected, allowed: scales.map { tolerance * $0 }))
    }

    mutating func check(_ name: String, _ value: Double, _ expected: Double, within allowed: Double) {
        let memory = memory([Float(value)])
        outputs.append(
            Output(name: name, memory: memory, expected: [expected], allowed: [allowed + 1e-7 * abs(expected)]))
    }

    /// What is wrong, if anything: the error against the definition, and against the portable level's outputs.
    func problem(against portable: KernelTrial) -> String? {
        guard memories.allSatisfy(\.isIntact) else { return "wrote outside its memory" }
        for (output, other) in zip(outputs, portable.outputs) {
            let (actual, reference) = (output.memory.values, other.memory.values)
            guard actual.count == output.expected.count else { return "\(output.name): \(actual.count) values" }
            for i in actual.indices {
                let error = abs(Double(actual[i]) - output.expected[i])
                guard error <= output.allowed[i] else {
                    return "\(output.name)[\(i)] is \(actual[i]), by definition \(output.expected[i])"
                }
                guard abs(Double(actual[i]) - Double(reference[i])) <= output.allowed[i] * 2 else {
                    return "\(output.name)[\(i)] is \(actual[i]), portable \(reference[i])"
                }
            }
        }
        return nil
    }

    /// Runs `body` at every level of the machine, over shapes with every kind of tail, in place and not.
    static func run(
        _ name: String, rows: [Int] = [1, 2, 5], widths: [Int] = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 130],
        _ body: (inout KernelTrial) -> Void
    ) {
        for level in machineLevels {
            for (index, width) in widths.enumerated() {
                for (rowIndex, row) in rows.enumerated() {
                    for inPlace in [false, true] {
                        let seed = UInt64(index * 100 + rowIndex * 10)
                        func made(_ level: UInt32) -> KernelTrial {
                            var trial = KernelTrial(level: level, rows: row, width: width, inPlace: inPlace, seed: seed)
                            body(&trial)
                            return trial
                        }
                        if let problem = made(level).problem(against: made(0)) {
                            Issue.record(
                                "\(name), level \(level), \(row)×\(width)\(inPlace ? " in place" : ""): \(problem)")
                        }
                    }
                }
            }
        }
    }
}
