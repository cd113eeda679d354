import ArgumentParser
import Sampling

/// How a flow is followed, where the noise is not the user's choice. What is not given is the model's own.
struct FlowOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Steps along the flow, 1 to 10000 (default: the model's own).")
    var steps: Int?

    @Option(
        parsing: .unconditional,
        help: "How closely to follow the caption; 1 is without guidance (default: the model's own).")
    var guidance: Float?

    @Option(help: "How the flow is followed (default: the model's own).")
    var solver: Solver?

    func validate() throws {
        if let steps { try checkSteps(steps) }
        if let guidance, !(guidance.isFinite && abs(guidance) <= 1000) {
            throw ValidationError("--guidance is \(guidance), expected a number from -1000 to 1000")
        }
    }
}
