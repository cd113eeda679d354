import Checkpoints
import Layers
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// What the single-stage tokenizers are trained with: discriminator, perceptual distances, the tokenizer's loss before and
/// after the discriminator takes part, and steps of the discriminator (reference sections 11 and 16).
func compareImageLosses(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let settings = try golden.decode("config", "losses", as: OfficialLosses.self)
    let checkpoint = try comparison.checkpoint(as: .torch, computed: try computed(golden))
    let source = CheckpointWeights(checkpoint)
    let weights = Weights(source)
    let loss = TokenizerLoss(
        settings.settings, discriminator: ImageDiscriminator(weights["discriminator"]),
        lpips: LPIPS(weights["perceptual_loss.lpips"]), convNeXt: ConvNeXt(weights["perceptual_loss.convnext"]))
    let constants = Set(try golden.decode("computed", as: [String].self))
    try source.verify(ignoring: constants.contains)

    let images = try comparison.requiredInput("image")
    let reconstruction = try comparison.requiredInput("reconstruction")
    let posterior = LatentPosterior(moments: tokensFirst(try comparison.requiredInput("posterior")))
    let divergence = posterior.klDivergence * (1 / Float(images.shape[0]))

    func relative(_ name: String, _ value: Float) throws {
        guard golden.contains(name) else { return }
        try comparison.compareRelative(name, [value], tolerance: 1e-3)
    }
    /// The largest difference against the largest value.
    func relative(_ name: String, _ value: Tensor) throws {
        guard golden.contains(name) else { return }
        let largest = try golden.tensor(name).values.map(abs).max() ?? 0
        try comparison.compare(name, value, tolerance: 1e-3 * largest, scaled: false)
    }
    let discriminator = loss.discriminator
    try relative("discriminator/logits_image", discriminator(images))
    let start = discriminator.start(images)
    for index in discriminator.blocks.indices {
        try relative("discriminator/block_\(index)_out", discriminator.blocks[...index].reduce(start) { $1($0) })
    }
    try relative("perceptual/lpips", loss.lpips(images, reconstruction).reshaped([images.shape[0], 1, 1, 1]))
    try relative("perceptual/resized_image", BilinearResize.resized(images, to: ConvNeXt.side))
    if let big = try comparison.input("big") {
        try relative("perceptual/resized_big", BilinearResize.resized(big, to: ConvNeXt.side))
    }
    try relative("perceptual/convnext_logits_image", loss.convNeXt(images))

    for (stage, step) in [("generator_before_start", settings.discriminator_start - 1), ("generator_after_start", settings.discriminator_start)] {
        let leaf = reconstruction.requiringGradient
        let parts = loss(leaf, target: images, tokens: divergence, step: step)
        for (name, value) in [
            ("total_loss", parts.total), ("reconstruction_loss", parts.reconstruction), ("perceptual_loss", parts.perceptual),
            ("kl_loss", parts.tokens), ("gan_loss", parts.adversarial), ("weighted_gan_loss", parts.weightedAdversarial),
        ] {
            try relative("\(stage)/\(name)", value.item)
        }
        try relative("\(stage)/discriminator_factor", loss.isAdversarial(step) ? loss.settings.adversarialFactor : 0)
        try relative("\(stage)/d_weight", loss.settings.adversarial)
        try relative("\(stage)/grad_reconstruction", gradients(of: parts.total, withRespectTo: [leaf])[0])
    }
    try compareDiscriminatorSteps(comparison, checkpoint, settings, images, reconstruction, relative)
}

private func compareDiscriminatorSteps(
    _ comparison: Comparison, _ checkpoint: Checkpoint, _ settings: OfficialLosses, _ images: Tensor,
    _ reconstruction: Tensor, _ relative: (String, Float) throws -> Void
) throws {
    let store = ParameterStore(from: CheckpointWeights(checkpoint))
    let discriminator = ImageDiscriminator(Weights(store)["discriminator"])
    var loss = DiscriminatorLoss(lecam: settings.lecam_regularization_weight)
    var step = 0
    while comparison.golden.contains("discriminator_step_\(step)/total") {
        let place = "discriminator_step_\(step)/"
        let parts = loss(discriminator, images: images, reconstruction: reconstruction)
        let slopes = gradients(of: parts.total, withRespectTo: store.leaves)
        for (name, value) in [
            ("total", parts.total.item), ("discriminator_loss", parts.total.item), ("logits_real", parts.real.item),
            ("logits_fake", parts.drawn.item), ("lecam_loss", parts.lecam.item), ("ema_real", loss.realAverage),
            ("ema_fake", loss.drawnAverage),
        ] {
            try relative(place + name, value)
        }
        for (entry, slope) in zip(store.entries, slopes) {
            try relative(place + "grad_norm/" + String(entry.name.dropFirst("discriminator.".count)), Float(slope.norm))
        }
        step += 1
    }
}

/// The section `losses` of an official configuration.
private struct OfficialLosses: Decodable {
    let discriminator_start: Int
    let discriminator_factor: Float
    let discriminator_weight: Float
    let perceptual_loss: String
    let perceptual_weight: Float
    let reconstruction_weight: Float
    let lecam_regularization_weight: Float
    let kl_weight: Float

    /// "lpips-convnext_s-a-b" holds the shares of both distances; "convnext_s" is one of them alone.
    var settings: TokenizerLoss.Settings {
        let shares = perceptual_loss.split(separator: "-").suffix(2).compactMap { Float($0) }
        let both = perceptual_loss.hasPrefix("lpips") && shares.count == 2
        return TokenizerLoss.Settings(
            reconstruction: reconstruction_weight, perceptual: perceptual_weight, lpipsFraction: both ? shares[0] : 0,
            convNeXtFraction: both ? shares[1] : 1, adversarial: discriminator_weight, adversarialFactor: discriminator_factor,
            start: discriminator_start, tokens: kl_weight, lecam: lecam_regularization_weight)
    }
}

/// The constants that the official module stores, by the manifest.
private func computed(_ golden: GoldenCase) throws -> [(String, Tensor)] {
    guard golden.has("computed_values") else { return [] }
    return try golden.decode("computed_values", as: [String: [Float]].self)
        .sorted { $0.key < $1.key }.map { ($0.key, Tensor($0.value, shape: [$0.value.count])) }
}
