/// A group of a step's samples: a batch of its own to the loss, whatever else the step has. With one group to a step, which is
/// the usual case, it is the step's batch.
public struct SampleGroup: Sendable, Hashable {
    /// Steps before this one.
    public let step: Int
    /// Groups before this one, over all steps: what random numbers of a group are drawn from.
    public let number: Int
    /// Samples of the group.
    public let count: Int

    /// The group of an index below `groups`.
    public init(step: Int, index: Int = 0, groups: Int = 1, batchSize: Int) {
        self.step = step
        number = step &* groups &+ index
        count = batchSize / groups
    }

    /// The number of its first sample among those of the whole run.
    public var firstSample: UInt64 { UInt64(truncatingIfNeeded: number) &* UInt64(truncatingIfNeeded: count) }
}
