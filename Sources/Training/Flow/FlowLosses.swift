import Networks
import Sampling
import Tensors

/// The losses of FlowTok's text-to-image training (reference section 9).
public enum FlowLosses {
    /// Contrastive agreement of the sampled text tokens with the projected hidden states: both flattened and scaled to
    /// unit length, logits exp(temperature) a pᵀ, the mean of the cross entropies of rows and columns against the
    /// diagonal (step 3).
    public static func alignment(tokens: Tensor, projected: Tensor, temperature: Tensor) -> Tensor {
        let batch = tokens.shape[0]
        let a = tokens.reshaped([batch, tokens.count / batch]).unitRows()
        let p = projected.reshaped([batch, projected.count / batch]).unitRows()
        let cosines = a.matrixProduct(p, otherTransposed: true)
        let scale = temperature.reshaped([1]).applying(.exp).repeated(batch * batch).reshaped([batch, batch])
        let logits = cosines * scale
        let diagonal = (0..<Int32(batch)).map { $0 }
        return (logits.crossEntropy(diagonal) + logits.permuted(1, 0).crossEntropy(diagonal)) * 0.5
    }

    /// Which target each sample regresses on: the unconditional samples exchange theirs in a circle, so that with
    /// indicator 1 the text says nothing about the image; a single one stays conditional (step 5).
    public static func exchangedTargets(unconditional: [Bool]) -> (order: [Int], indicators: [Int32]) {
        let members = unconditional.indices.filter { unconditional[$0] }
        var order = Array(unconditional.indices)
        guard members.count > 1 else { return (order, [Int32](repeating: 0, count: unconditional.count)) }
        for (place, member) in members.enumerated() { order[member] = members[(place + 1) % members.count] }
        return (order, unconditional.map { $0 ? 1 : 0 })
    }

    /// The mean squared difference of predicted and true velocity for each sample: [batch] (step 6).
    public static func flowMatching(predicted: Tensor, velocity: Tensor) -> Tensor {
        let difference = predicted - velocity
        return (difference * difference).meanPerSample()
    }
}
