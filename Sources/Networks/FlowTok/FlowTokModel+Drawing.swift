import Sampling
import Tensors

/// How a flow is followed from text to image: one value from a request to its result.
public struct FlowSettings: Sendable, Hashable {
    public var solver: Solver
    /// The solver's steps; dopri5 chooses its own.
    public var steps: Int
    public var guidance: Guidance

    public init(solver: Solver, steps: Int, guidance: Guidance) {
        self.solver = solver
        self.steps = steps
        self.guidance = guidance
    }

    /// What a model's configuration asks for.
    public init(_ defaults: SamplingDefaults) {
        self.init(
            solver: defaults.solver, steps: defaults.steps,
            guidance: Guidance(
                scale: defaults.guidance, interval: defaults.guidanceInterval[0]...defaults.guidanceInterval[1]))
    }
}

/// A drawing on its way.
public struct DrawingStep {
    /// Steps done, and steps in all; an estimate for adaptive solvers.
    public let step: Int
    public let steps: Int
    /// The tokens now: [batch, K, D], normalised.
    public let tokens: Tensor
    /// The hidden states of the captions, which guide the decoder of the tokens.
    let hidden: Tensor
    let model: FlowTokModel

    /// What the tokens look like now: [batch, 3, side, side], not clamped.
    public func pixels() -> Tensor { model.pixels(tokens, guidedBy: hidden) }

    /// What some of the batch look like now: [rows, 3, side, side], not clamped.
    package func pixels(ofRows rows: [Int]) -> Tensor {
        func chosen(_ all: Tensor) -> Tensor {
            rows.count == all.shape[0] ? all : .concatenated(rows.map { all.sliced(axis: 0, $0..<$0 + 1) }, axis: 0)
        }
        return model.pixels(chosen(tokens), guidedBy: chosen(hidden))
    }
}

extension FlowTokModel {
    /// Draws captions: the one way from their ids to pixels, for the library, evaluation, training samples and commands.
    ///
    /// - Parameters:
    ///   - ids: N to a caption.
    ///   - noise: [batch, N, D], by which text tokens leave their mean.
    ///   - progress: called with the text tokens as step 0, and after every step; what it throws ends the drawing.
    /// - Returns: pixels [batch, 3, side, side], not clamped.
    public func draw(
        _ ids: [Int32], noise: Tensor, settings: FlowSettings, progress: (DrawingStep) throws -> Void = { _ in }
    ) throws -> Tensor {
        let (tokens, hidden) = textTokens(ids, noise: noise)
        return try draw(from: tokens, guidedBy: hidden, settings: settings, progress: progress)
    }

    /// Draws from text tokens [batch, N, D] that are at hand, and hidden states [batch, N, width] for the decoder: the second
    /// half of drawing captions.
    ///
    /// - Parameter progress: called with the text tokens as step 0, and after every step; what it throws ends the drawing.
    /// - Returns: pixels [batch, 3, side, side], not clamped.
    public func draw(
        from tokens: Tensor, guidedBy hidden: Tensor, settings: FlowSettings, progress: (DrawingStep) throws -> Void = { _ in }
    ) throws -> Tensor {
        try progress(DrawingStep(step: 0, steps: settings.steps, tokens: tokens, hidden: hidden, model: self))
        let drawn = try imageTokens(
            from: tokens, integrator: FlowIntegrator(settings.solver, steps: settings.steps), guidance: settings.guidance
        ) { state in
            try progress(
                DrawingStep(step: state.step, steps: state.steps, tokens: state.tokens, hidden: hidden, model: self))
        }
        return pixels(drawn, guidedBy: hidden)
    }
}
