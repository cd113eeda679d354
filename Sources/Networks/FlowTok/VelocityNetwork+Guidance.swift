import Sampling
import Tensors

extension Guidance {
    /// What a network is asked for at these times: pairs of a time and an indicator.
    public func evaluations(at times: [Float]) -> [(time: Float, indicator: Indicator)] {
        times.flatMap { time in
            (applies(at: time) ? [Indicator.conditional, .unconditional] : [.conditional]).map { (time, $0) }
        }
    }
}

extension VelocityNetwork {
    /// The guided text-to-image velocity of tokens x [batch, N, D] at one time: both fields as one batch of twice the size,
    /// so that the weights are read once (reference section 8).
    public func guided(_ x: Tensor, time: Float, by guidance: Guidance) -> Tensor {
        let batch = x.shape[0]
        guard guidance.applies(at: time) else {
            return self(
                x, times: Array(repeating: time, count: batch),
                indicators: Array(repeating: Indicator.conditional.rawValue, count: batch))
        }
        let both = self(
            .concatenated([x, x], axis: 0), times: Array(repeating: time, count: 2 * batch),
            indicators: Array(repeating: Indicator.conditional.rawValue, count: batch)
                + Array(repeating: Indicator.unconditional.rawValue, count: batch))
        let conditional = both.sliced(axis: 0, 0..<batch)
        let unconditional = both.sliced(axis: 0, batch..<2 * batch)
        return unconditional + (conditional - unconditional) * guidance.scale
    }
}
