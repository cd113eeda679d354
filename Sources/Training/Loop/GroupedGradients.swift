import Files
import Foundation
import Tensors

/// The gradients of a step: the mean over its groups, which are computed here one after the other, or by several ranks at the same
/// time. The bits do not depend on how many there are.
final class GroupedGradients {
    struct Result {
        /// The mean of the groups' losses; not finite where the step is to be left out.
        var loss: Double
        /// Nil where the loss is not finite, and nobody computed them.
        var gradients: [Tensor]?
        /// Means over the groups that report them.
        var metrics: [(name: String, value: Double)]
        /// Whether one of the ranks is to stop.
        var isStopped: Bool
    }

    private let task: any TrainingTask
    private let settings: TrainingSettings
    private let ranks: RankGroup?
    private let tree: GroupTree
    /// The groups that this process computes.
    private let block: Range<Int>
    private let reduction: GradientReduction?
    /// The norm of the last gradient, which every rank computed for itself.
    private var lastNorm = 0.0

    /// - Throws: `RankError` where the ranks do not divide the groups.
    init(_ task: any TrainingTask, _ settings: TrainingSettings, ranks: RankGroup?) throws {
        self.task = task
        self.settings = settings
        self.ranks = ranks
        tree = GroupTree(count: settings.groups)
        guard let ranks else {
            block = 0..<settings.groups
            reduction = nil
            return
        }
        guard settings.groups % ranks.size == 0 else {
            throw RankError.ranksDoNotDivide(groups: settings.groups, ranks: ranks.size)
        }
        let count = settings.groups / ranks.size
        block = ranks.rank * count..<(ranks.rank + 1) * count
        let entries = task.store.entries
        reduction = try GradientReduction(entries.map(\.buffer.count), names: entries.map(\.name), tree: tree, ranks: ranks)
    }

    /// Bytes that this process sends for one step.
    var bytesSent: Int { reduction?.bytesSent ?? 0 }

    /// Notes the norm of the gradients that a step took; ranks that do not agree on it find out at the next one.
    func note(norm: Double) { lastNorm = norm.isFinite ? norm : 0 }

    /// Computes the gradients of a step.
    ///
    /// - Throws: what the task throws, and `RankError`.
    func compute(step: Int, isStopped: () -> Bool) throws -> Result {
        ranks?.note(step: step)
        reduction?.begin()
        let leaves = task.store.leaves
        var sums: [(node: Range<Int>, gradients: [Tensor])] = []
        var reports: [GroupReport] = []
        for index in block {
            let (loss, metrics) = try task.loss(of: SampleGroup(step: step, index: index, groups: settings.groups, batchSize: settings.batchSize))
            let value = Double(loss.item)
            reports.append(GroupReport(loss: value, metrics))
            guard value.isFinite else {
                reduction?.spoil()
                break
            }
            let merges = tree.merges(sums.map(\.node) + [index..<index + 1])
            let earlier = sums.suffix(merges)
            let rest = sums.dropLast(merges)
            let isLast = index == block.upperBound - 1
            var merged = [Tensor?](repeating: nil, count: leaves.count)
            gradients(of: loss, withRespectTo: leaves) { leaf, gradient in
                let sum = earlier.reversed().reduce(gradient) { $1.gradients[leaf] + $0 }
                if isLast, let reduction {
                    reduction.add(leaf, rest.map { $0.gradients[leaf] } + [sum])
                } else {
                    merged[leaf] = sum
                }
            }
            let first = earlier.first?.node.lowerBound ?? index
            sums = rest + [(first..<index + 1, merged.compactMap { $0 })]
        }
        if let ranks, let reduction {
            let factor = 1 / Float(settings.groups)
            let gradients = try reduction.finish(task.store.entries.map(\.shape), times: factor)
            let all = try exchange(StepReport(isStopped: isStopped(), lastNorm: lastNorm.bitPattern, groups: reports), ranks)
            var result = summary(all.flatMap(\.groups))
            result.isStopped = all.contains(where: \.isStopped)
            result.gradients = gradients
            return result
        }
        var result = summary(reports)
        guard result.loss.isFinite else { return result }
        result.gradients = settings.groups == 1 ? sums[0].gradients : sums[0].gradients.map { $0 * (1 / Float(settings.groups)) }
        return result
    }

    /// Whether one of the ranks is to stop before the first step.
    ///
    /// - Throws: `RankError`.
    func agree(isStopped: Bool) throws -> Bool {
        guard let ranks else { return isStopped }
        return try ranks.exchange([isStopped ? 1 : 0]).contains([1])
    }

    private func exchange(_ report: StepReport, _ ranks: RankGroup) throws -> [StepReport] {
        let all = try ranks.exchange(Array(JSONEncoder().encode(report))).map { try JSONDecoder().decode(StepReport.self, from: Data($0)) }
        for (rank, other) in all.enumerated() where other.lastNorm != all[0].lastNorm {
            throw RankError.otherResults(rank: rank)
        }
        return all
    }

    private func summary(_ reports: [GroupReport]) -> Result {
        // A step with a group missing is one whose loss was not finite.
        let isComplete = reports.count == settings.groups
        let loss = isComplete ? reports.map(\.value).reduce(0, +) / Double(settings.groups) : .nan
        var names: [String] = []
        var sums: [String: (total: Double, count: Int)] = [:]
        for report in reports {
            for (name, value) in report.metrics {
                if sums[name] == nil { names.append(name) }
                let old = sums[name] ?? (0, 0)
                sums[name] = (old.total + value, old.count + 1)
            }
        }
        let metrics = names.compactMap { name in sums[name].map { (name: name, value: $0.total / Double($0.count)) } }
        return Result(loss: loss, gradients: nil, metrics: metrics, isStopped: false)
    }
}

/// What a rank tells the others after each step.
private struct StepReport: Codable {
    var isStopped: Bool
    /// The bits of the norm of the gradient of the step before.
    var lastNorm: UInt64
    var groups: [GroupReport]
}

/// What a group's loss reports, as bits, since JSON has no numbers that are not finite.
private struct GroupReport: Codable {
    private let loss: UInt64
    private let names: [String]
    private let values: [UInt64]

    init(loss: Double, _ metrics: [(name: String, value: Double)]) {
        self.loss = loss.bitPattern
        names = metrics.map(\.name)
        values = metrics.map(\.value.bitPattern)
    }

    var value: Double { Double(bitPattern: loss) }
    var metrics: [(name: String, value: Double)] { zip(names, values).map { ($0, Double(bitPattern: $1)) } }
}
