import ArgumentParser
import FlowTok
import Networks
import Sampling
import Tensors

/// How a picture is drawn. What is not given is the model's own.
struct SamplingOptions: ParsableArguments {
    @OptionGroup var flow: FlowOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The times, within 0 and 1, between which guidance applies (default: the model's own).", valueName: "lo,hi"))
    var guidanceInterval: FlowInterval?

    @Option(help: "The noise that a seed stands for: torch draws what PyTorch draws from this seed on the CPU (default: philox).")
    var rng: NoiseGenerator?

    /// What of it decides a picture, for the identity of a batch.
    var settings: [String: String?] {
        [
            "solver": flow.solver?.rawValue, "steps": flow.steps.map { "\($0)" }, "guidance": flow.guidance.map { "\($0)" },
            "guidance_interval": guidanceInterval.map { "\($0.times)" }, "rng": rng?.rawValue,
        ]
    }

    /// A request for one picture: what its line says comes first, then these options, then the record that it is drawn from.
    func request(_ picture: PicturePlan.Picture, _ record: RecordedDrawing?) -> GenerationRequest {
        GenerationRequest(
            picture.prompt, seed: picture.seed, solver: flow.solver ?? record?.solver,
            steps: picture.entry.steps ?? flow.steps ?? record?.steps,
            guidance: picture.entry.guidance ?? flow.guidance ?? record?.guidance,
            guidanceInterval: guidanceInterval?.times ?? record?.guidanceInterval, rng: rng ?? record?.rng ?? .philox)
    }
}

/// Throws where a flow cannot be followed in so many steps.
func checkSteps(_ steps: Int) throws {
    guard (1...10_000).contains(steps) else { throw ValidationError("--steps is \(steps), expected 1 to 10000") }
}
