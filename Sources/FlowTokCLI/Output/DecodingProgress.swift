import Networks
import Sampling
import Training

/// Pictures that decoders make in several steps: a bar that tells how far they are, and an end at Ctrl-C before anything is
/// written.
final class DecodingProgress {
    private let line: ProgressLine
    private let total: Int
    private var done = 0

    /// Listens to Ctrl-C from now on.
    ///
    /// - Parameter total: pictures to decode.
    init(total: Int, on line: ProgressLine) {
        self.line = line
        self.total = max(1, total)
        StopRequest.install()
    }

    /// To be called after every step of a picture.
    func step(_ step: GenerationStep) throws {
        let share = (Double(done) + Double(step.step) / Double(max(1, step.steps))) / Double(total)
        line.show(share, total > 1 ? "picture \(done + 1)/\(total)  step \(step.step)/\(step.steps)" : "step \(step.step)/\(step.steps)")
        try check()
    }

    /// Throws where the user asked for an end.
    func check() throws {
        guard StopRequest.received != nil else { return }
        line.finish()
        throw Failure(.interrupted, "stopped, \(done) of \(total) pictures were decoded")
    }

    /// To be called after every picture.
    func finishPicture() throws {
        done += 1
        if done == total { line.finish() }
        try check()
    }
}
