import FlowTok
import Foundation
import Layers
import Networks
import Sampling
import Tensors
import TextTokenizers

extension FlowTrainer {
    public func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let count = group.count
        let least = configuration.flowFraction > 0 ? 1 : 0
        let seen = min(count, max(least, Int((Float(count) * configuration.flowFraction).rounded())))
        let toText = Int((Float(seen) * configuration.imageToTextFraction).rounded())
        // Whoever is to give a caption needs one to aim at, and not the mean of all that would do. Samples that the
        // velocity network does not see may be read as well.
        let plain = seen - toText..<(configuration.pathCaptionWeight > 0 ? count : seen)
        let batch = try Batch(
            source, first: group.firstSample, count: count,
            side: modelConfiguration.imageTokenizer.imageSize, textTokenizer: textTokenizer, plain: plain)
        var random = CounterRandom(seed: configuration.training.seed, stream: UInt64(truncatingIfNeeded: group.number))
        let shape = [count] + model.latentShape
        let posterior = model.imageTokenizer.encode(batch.images)
        let image = model.normalized(posterior.sample(noise: .randomNormal(shape, using: &random)))
        let hidden = model.textEncoder(batch.ids)
        let text = model.textVariationalEncoder(hidden)
        let tokens = text.sample(noise: .randomNormal(shape, using: &random))

        let alignment = FlowLosses.alignment(tokens: tokens, projected: projector(hidden), temperature: temperature)
        let matching = (text.mean - model.normalized(posterior.mean)).meanSquare()
        let kl = text.klDivergence * (1 / Float(count))
        let decoded = min(count, max(1, Int((Float(count) * configuration.textReconstructionFraction).rounded())))
        // A different part of the batch decodes at each step, so that both directions' samples do.
        let firstDecoded = Int(UInt64(truncatingIfNeeded: group.number) &* UInt64(decoded) % UInt64(count - decoded + 1))
        let part = firstDecoded..<firstDecoded + decoded
        let decoding = try pieceLoss(of: tokens.sliced(axis: 0, part), part, batch)
        var loss =
            alignment * configuration.alignmentWeight + kl * configuration.klWeight
            + decoding * configuration.textReconstructionWeight + matching * configuration.latentMSEWeight
        var metrics: [(name: String, value: Double)] = []
        if seen > 0 {
            let (perSample, bound) = flowLosses(
                image: image, tokens: tokens, text: text, toImage: seen - toText, toText: toText, &random)
            loss = perSample.mean() + loss
            let values = perSample.values
            func mean(_ values: ArraySlice<Float>) -> Double { Double(values.reduce(0, +)) / Double(max(1, values.count)) }
            metrics.append(("text_to_image_loss", mean(values[..<(seen - toText)])))
            if toText > 0 { metrics.append(("image_to_text_loss", mean(values[(seen - toText)...]))) }
            if toText > 0 && configuration.endpointCaptionWeight > 0 {
                let captioning = try pieceLoss(of: bound, seen - toText..<seen, batch)
                loss = loss + captioning * configuration.endpointCaptionWeight
                metrics.append(("captioning_loss", Double(captioning.item)))
            }
        }
        if !plain.isEmpty && configuration.pathCaptionWeight > 0 {
            let times = plain.map { _ in random.earlyTime() }
            let points = ProbabilityPath.point(
                from: image.sliced(axis: 0, plain), to: tokens.sliced(axis: 0, plain), at: times)
            let reading = try pieceLoss(of: points, plain, batch)
            loss = loss + reading * configuration.pathCaptionWeight
            metrics.append(("reading_loss", Double(reading.item)))
        }
        return (
            loss,
            metrics + [
                ("alignment_loss", Double(alignment.item)), ("matching_loss", Double(matching.item)),
                ("kl_loss", Double(kl.item) / Double(shape[1] * shape[2])), ("decoding_loss", Double(decoding.item)),
            ]
        )
    }

    /// The cross entropy of the pieces that the text decoder reads from text tokens, those of some samples of a batch.
    private func pieceLoss(of tokens: Tensor, _ samples: Range<Int>, _ batch: Batch) throws -> Tensor {
        let length = textTokenizer.length
        return try model.captionLogits(tokens).crossEntropy(
            Array(batch.ids[samples.lowerBound * length..<samples.upperBound * length]))
    }

    /// The flow-matching loss of the samples that the velocity network sees, those to images first, and the text tokens
    /// [to text, N, D] for which the others are bound.
    private func flowLosses(
        image: Tensor, tokens: Tensor, text: TextPosterior, toImage: Int, toText: Int, _ random: inout CounterRandom
    ) -> (perSample: Tensor, bound: Tensor) {
        let count = toImage + toText
        let times = (0..<toImage).map { _ in 1 / (1 + exp(-random.normal())) } + (0..<toText).map { _ in random.earlyTime() }
        let (order, indicators) = FlowLosses.exchangedTargets(
            unconditional: (0..<toImage).map { _ in random.uniform() < configuration.unconditionalFraction })
        let size = image.shape[1] * image.shape[2]
        let exchanged = image.reshaped([image.shape[0], size]).rows(order.map(Int32.init))
            .reshaped([toImage] + model.latentShape)
        // Text to image starts from a sample of the text posterior; image to text aims at its mean.
        let sources = Tensor.concatenated(
            [tokens.sliced(axis: 0, 0..<toImage), image.sliced(axis: 0, toImage..<count)], axis: 0)
        let targets = Tensor.concatenated(
            [exchanged, text.mean.detached.sliced(axis: 0, toImage..<count)], axis: 0)
        let points = ProbabilityPath.point(from: sources, to: targets, at: times)
        let predicted = model.velocity(
            points, times: times,
            indicators: indicators + [Int32](repeating: Indicator.imageToText.rawValue, count: toText))
        let perSample = FlowLosses.flowMatching(
            predicted: predicted, velocity: ProbabilityPath.velocity(from: sources, to: targets))
        let bound = ProbabilityPath.destination(
            of: points.sliced(axis: 0, toImage..<count), velocity: predicted.sliced(axis: 0, toImage..<count),
            at: Array(times[toImage...]))
        return (perSample, bound)
    }
}

extension CounterRandom {
    /// A time between image and text. Where a caption begins, everything has to be read off the picture alone, and logit-normal
    /// times hardly ever come there: one in seventy is below 0.1, of squared uniform ones a third.
    fileprivate mutating func earlyTime() -> Float {
        let uniform = uniform()
        return uniform * uniform
    }
}
