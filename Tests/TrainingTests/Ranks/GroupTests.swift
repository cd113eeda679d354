import Files
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@Suite struct GroupTests {
    @Test("Whoever has which block of the groups, the sum is the same", arguments: [1, 2, 3, 4, 6, 7, 8, 12, 16, 30])
    func tree(count: Int) throws {
        let tree = GroupTree(count: count)
        for ranks in 1...count where count % ranks == 0 {
            let block = count / ranks
            let pieces = (0..<ranks).flatMap { tree.pieces(of: $0 * block..<($0 + 1) * block) }
            // Each group once, in order, and every piece is a node of the tree.
            #expect(pieces.flatMap { Array($0) } == Array(0..<count))
            var nodes = [tree.root]
            var found: Set<Range<Int>> = []
            while let node = nodes.popLast() {
                if pieces.contains(node) {
                    found.insert(node)
                } else if let (left, right) = tree.parts(of: node) {
                    nodes += [left, right]
                }
            }
            #expect(found == Set(pieces), "\(ranks) ranks")
        }
        #expect(tree.pieces(of: tree.root) == [tree.root])
    }

    @Test("A step takes the mean of its groups' gradients", arguments: TinyRun.allCases, [2, 3])
    func mean(_ kind: TinyRun, groups: Int) throws {
        var settings = TinyTraining.settings(steps: 1)
        (settings.batchSize, settings.groups) = (6, groups)
        let folder = try TemporaryFolder()
        let losses = try kind.train(in: folder.url.path, settings: settings)
        let task: any TrainingTask =
            switch kind {
            case .tokenizer: try TinyTraining.tokenizerTask(settings)
            case .flow: try TinyTraining.flowTask(settings)
            }
        let optimizer = AdamW(task.store, settings: settings.optimizer)
        var sums: [Tensor]?
        var total = 0.0
        for index in 0..<groups {
            let group = SampleGroup(step: 0, index: index, groups: groups, batchSize: 6)
            #expect(group.count == 6 / groups && group.firstSample == UInt64(index * group.count))
            let loss = try task.loss(of: group).loss
            total += Double(loss.item)
            let found = gradients(of: loss, withRespectTo: task.store.leaves)
            sums = sums.map { zip($0, found).map { $0 + $1 } } ?? found
        }
        optimizer.update(try #require(sums).map { $0 * (1 / Float(groups)) }, rate: settings.learningRate / 4)
        #expect(losses == [total / Double(groups)])
        let trained = try bits(checkpointPath(folder.url.path))
        for entry in task.store.entries {
            #expect(trained["parameters/" + entry.name] == entry.leaf.values.map(\.bitPattern), "\(entry.name)")
        }
    }

    @Test("Groups see other samples than each other, and other noise at every step")
    func numbers() {
        let groups = (0..<3).flatMap { step in (0..<2).map { SampleGroup(step: step, index: $0, groups: 2, batchSize: 8) } }
        #expect(groups.map(\.number) == Array(0..<6))
        #expect(groups.map(\.firstSample) == [0, 4, 8, 12, 16, 20])
        #expect(SampleGroup(step: 5, batchSize: 8) == SampleGroup(step: 5, index: 0, groups: 1, batchSize: 8))
    }

    @Test("Groups that do not divide a batch are refused", arguments: [0, -1, 3, 5, 8])
    func divisors(groups: Int) {
        var settings = TinyTraining.settings()
        settings.groups = groups
        let message = refusal { try settings.validate() }.text
        #expect(message == "groups is \(groups), expected a divisor of the batch_size, 4")
    }

    @Test("A run of groups that is resumed comes to the same bits")
    func resuming() throws {
        var settings = TinyTraining.settings(steps: 8)
        settings.groups = 2
        let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try TinyRun.flow.train(in: whole.url.path, settings: settings)
        _ = try TinyRun.flow.train(in: parts.url.path, settings: settings, stopAfter: 3)
        var other = settings
        other.groups = 4
        let message = refusal { try TinyRun.flow.open(in: parts.url.path, settings: other, resume: true) }.text
        #expect(message.contains("training.groups 2, which is now 4"), "\(message)")
        _ = try TinyRun.flow.train(in: parts.url.path, settings: settings, resume: true)
        #expect(try contents(checkpointPath(whole.url.path)) == contents(checkpointPath(parts.url.path)))
    }
}
