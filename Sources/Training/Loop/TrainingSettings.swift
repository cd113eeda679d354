import Files
import Foundation
import Tensors

/// The settings that every training run has.
public struct TrainingSettings: Sendable, Hashable, Codable, Validated {
    public var steps: Int
    /// Samples of a step.
    public var batchSize: Int
    /// The equal parts into which a step's samples are divided, each a batch of its own to the loss. They are computed one after
    /// the other, in the memory of one, or by several processes, whose number then divides that of the groups. What a run
    /// computes depends on this number, and never on that of the processes.
    public var groups: Int
    public var learningRate: Float
    public var warmupSteps: Int
    /// The share of the learning rate that is left at the last step.
    public var finalRateFraction: Float
    /// How the learning rate falls.
    public var decline: LearningRateSchedule.Decline
    public var optimizer: AdamWSettings
    public var seed: UInt64
    public var precision: Precision
    public var checkpointMinutes: Double
    /// Steps between sample grids; 0: none.
    public var sampleEvery: Int
    /// Steps between lines of the log.
    public var logEvery: Int

    public init(
        steps: Int, batchSize: Int, learningRate: Float, warmupSteps: Int = 200, finalRateFraction: Float = 0.05,
        decline: LearningRateSchedule.Decline = .cosine,
        groups: Int = 1, optimizer: AdamWSettings = AdamWSettings(), seed: UInt64 = 1, precision: Precision = .bfloat16,
        checkpointMinutes: Double = 5, sampleEvery: Int = 1000, logEvery: Int = 20
    ) {
        self.steps = steps
        self.batchSize = batchSize
        self.groups = groups
        self.learningRate = learningRate
        self.warmupSteps = warmupSteps
        self.finalRateFraction = finalRateFraction
        self.decline = decline
        self.optimizer = optimizer
        self.seed = seed
        self.precision = precision
        self.checkpointMinutes = checkpointMinutes
        self.sampleEvery = sampleEvery
        self.logEvery = logEvery
    }

    enum CodingKeys: String, CodingKey {
        case steps, groups
        case batchSize = "batch_size"
        case learningRate = "learning_rate"
        case warmupSteps = "warmup_steps"
        case finalRateFraction = "final_rate_fraction"
        case decline, optimizer, seed, precision
        case checkpointMinutes = "checkpoint_minutes"
        case sampleEvery = "sample_every"
        case logEvery = "log_every"
    }

    /// Reads what is named and keeps the defaults of everything else; `steps`, `batch_size` and `learning_rate` have none.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            steps: try values.decode(Int.self, forKey: .steps),
            batchSize: try values.decode(Int.self, forKey: .batchSize),
            learningRate: try values.decode(Float.self, forKey: .learningRate))
        try values.read(&groups, .groups)
        try values.read(&warmupSteps, .warmupSteps)
        try RenamedKeys(decoder).read(&finalRateFraction, CodingKeys.finalRateFraction)
        try values.read(&decline, .decline)
        try values.read(&optimizer, .optimizer)
        try values.read(&seed, .seed)
        try values.read(&precision, .precision)
        try values.read(&checkpointMinutes, .checkpointMinutes)
        try values.read(&sampleEvery, .sampleEvery)
        try values.read(&logEvery, .logEvery)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        if steps < 1 { throw InvalidValue("steps is \(steps), expected at least 1") }
        if !(1...65536).contains(batchSize) { throw InvalidValue("batch_size is \(batchSize), expected 1 to 65536") }
        if groups < 1 || batchSize % groups != 0 { throw InvalidValue("groups is \(groups), expected a divisor of the batch_size, \(batchSize)") }
        if !(learningRate > 0 && learningRate.isFinite) { throw InvalidValue("learning_rate is \(learningRate), expected above 0") }
        if warmupSteps < 0 { throw InvalidValue("warmup_steps is \(warmupSteps), expected at least 0") }
        if precision == .int8 { throw InvalidValue("precision is int8, expected float32 or bfloat16: gradients need more than 8 bits") }
        if !(0...1).contains(finalRateFraction) { throw InvalidValue("final_rate_fraction is \(finalRateFraction), expected 0 to 1") }
        if !(checkpointMinutes > 0 && checkpointMinutes.isFinite) {
            throw InvalidValue("checkpoint_minutes is \(checkpointMinutes), expected above 0")
        }
        if sampleEvery < 0 { throw InvalidValue("sample_every is \(sampleEvery), expected at least 0") }
        if logEvery < 1 { throw InvalidValue("log_every is \(logEvery), expected at least 1") }
        try optimizer.validate(as: "optimizer")
    }

    var schedule: LearningRateSchedule {
        LearningRateSchedule(
            peak: learningRate, warmupSteps: warmupSteps, totalSteps: steps, finalFraction: finalRateFraction, decline: decline)
    }
}
