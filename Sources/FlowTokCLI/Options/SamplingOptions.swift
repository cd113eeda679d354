import ArgumentParser
import FlowTok
import Networks
import Sampling
import Tensors

/// How a picture is drawn. What is not given is the model's own.
struct SamplingOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Steps along the flow, 1 to 10000 (default: the model's own).")
    var steps: Int?

    @Option(
        parsing: .unconditional,
        help: "How closely to follow the caption; 1 is without guidance (default: the model's own).")
    var guidance: Float?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The times, within 0 and 1, between which guidance applies (default: the model's own).", valueName: "lo,hi"))
    var guidanceInterval: FlowInterval?

    @Option(help: "How the flow is followed (default: the model's own).")
    var solver: Solver?

    @Option(help: "The noise that a seed stands for: torch draws what PyTorch draws from this seed on the CPU (default: philox).")
    var rng: NoiseGenerator?

    func validate() throws {
        if let steps { try checkSteps(steps) }
        if let guidance, !(guidance.isFinite && abs(guidance) <= 1000) {
            throw ValidationError("--guidance is \(guidance), expected a number from -1000 to 1000")
        }
    }

    /// A request for one picture: what its line says comes first, then these options, then the record that it is drawn from.
    func request(_ picture: PicturePlan.Picture, _ record: RecordedDrawing?) -> GenerationRequest {
        GenerationRequest(
            picture.prompt, seed: picture.seed, solver: solver ?? record?.solver,
            steps: picture.entry.steps ?? steps ?? record?.steps,
            guidance: picture.entry.guidance ?? guidance ?? record?.guidance,
            guidanceInterval: guidanceInterval?.times ?? record?.guidanceInterval, rng: rng ?? record?.rng ?? .philox)
    }
}

/// Throws where a flow cannot be followed in so many steps.
func checkSteps(_ steps: Int) throws {
    guard (1...10_000).contains(steps) else { throw ValidationError("--steps is \(steps), expected 1 to 10000") }
}
