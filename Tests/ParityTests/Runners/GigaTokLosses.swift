import Layers
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// What GigaTok is trained with: the codebook with its losses and gradients, the alignment of features, the discriminator and
/// the schedules of the learning rate (reference section 8).
func compareGigaTokLosses(_ comparison: Comparison) throws {
    let golden = comparison.golden
    func config<Value: Decodable>(_ key: String) throws -> Value { try golden.decode("config", key, as: Value.self) }
    let source = SyntheticWeights(golden.parameters)
    let (codes, size): (Int, Int) = (try config("codebook_size"), try config("codebook_embed_dim"))
    let training = CodebookTraining(
        gradient: try config("rot") ? .rotation : .straightThrough, commitmentCost: try config("commit_loss_beta"),
        entropyCost: try config("entropy_loss_ratio"))

    /// [batch, channels, 1, tokens], as everything is stored, and the way back.
    let (z, weights) = (tokensFirst(try comparison.given("z")), tokensFirst(try comparison.given("w")))
    func quantized(codebook: Bool = false) -> (result: CodebookTraining.Result, vectors: Tensor, table: Tensor) {
        let vectors = codebook ? z : z.requiringGradient
        let stored = Weights(source).tensor("embedding.weight", [codes, size], initial: .zeros)
        let table = codebook ? stored.requiringGradient : stored
        let quantizer = VectorQuantizer(
            Weights(NamedTensors(["embedding.weight": table])), codes: codes, size: size, isNormalized: true)
        return (training(vectors, quantizer), vectors, table)
    }
    let (result, vectors, _) = quantized()
    try comparison.compare("indices", result.indices.map { Int($0) })
    try comparison.compare("z_q", channelsFirst(result.values), tolerance: 1e-5)
    for (name, value) in [
        ("vq_loss", result.codebookLoss), ("commit_loss", result.commitmentLoss), ("entropy_loss", result.entropyLoss),
    ] {
        try comparison.compare(name, value, tolerance: 1e-5)
    }
    var usage = CodebookUsage(codes: codes)
    try comparison.compare("usage", Tensor(Float(usage.add(result.indices))), tolerance: 1e-6)
    try comparison.compare(
        "grad_z_of_wzq",
        channelsFirst(gradients(of: (result.values * weights).sum(), withRespectTo: [vectors])[0]), tolerance: 1e-4)
    let (second, leaf, _) = quantized()
    try comparison.compare(
        "grad_z_of_commit_plus_entropy",
        channelsFirst(gradients(of: second.commitmentLoss + second.entropyLoss, withRespectTo: [leaf])[0]), tolerance: 1e-4)
    let (third, _, table) = quantized(codebook: true)
    try comparison.compare(
        "grad_codebook_of_vq_plus_entropy",
        gradients(of: third.codebookLoss + third.entropyLoss, withRespectTo: [table])[0], tolerance: 1e-4)

    let aligned = featureAlignmentLoss(try comparison.given("inner"), teacher: try comparison.given("teacher"))
    try comparison.compare("proj_loss", aligned, tolerance: 1e-5)

    let discriminator = PatchDiscriminator(
        Weights(source)["discriminator"], width: try config("disc_dim"), layers: try config("disc_layers"))
    #expect(source.problems == [] && source.unused() == [])
    let (real, fake) = (try comparison.given("real"), try comparison.given("fake"))
    try comparison.compare("logits_real", discriminator(real), tolerance: 1e-4)
    try comparison.compare("logits_fake", discriminator(fake), tolerance: 1e-4)
    try comparison.compare("d_hinge", discriminator.loss(real: real, drawn: fake), tolerance: 1e-5)
    try comparison.compare("g_hinge", discriminator.adversarialLoss(fake), tolerance: 1e-5)

    // The numbers of the schedules are those of the README beside the goldens; rates are stored as multiples of 1e-4.
    let steps = try comparison.givenIntegers("schedule_steps")
    for (name, decline) in [
        ("lr_cosine_v2_warm50", GigaTokSchedule.Decline.cosine(end: 1e-5)), ("lr_wsd_warm50_fract02", .squareRoot(share: 0.2)),
    ] {
        let schedule = GigaTokSchedule(warmupSteps: 50, totalSteps: 1000, decline: decline)
        try comparison.compare(
            name, Tensor(steps.map { schedule.rate(at: $0) * 1e4 }, shape: [steps.count]), tolerance: 1e-5)
    }
}
