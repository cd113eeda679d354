import Datasets
import FlowTok
import Images
import Networks
import Tensors
import TextTokenizers

extension Evaluator {
    /// How well scenes survive the tokenizer, their captions guiding the decoder.
    func tokenizer() throws -> [Metric] {
        let trained = sprites.indices.filter { !sprites[$0].description.heldOut }
        let learnt = try reconstructed(trained, seed: 1), new = try reconstructed(held, seed: 2)
        // A dataset of one's own may hold nothing out.
        return [(learnt, "training", 26.0), (new, "held-out", 23.0)].compactMap { found, name, goal in
            found.map { Metric(name: "PSNR of reconstructed scenes, \(name) sprites", value: $0.psnr, unit: "dB", cases: cases, goal: goal) }
        }
            + (learnt.map { found in
                [
                    Metric(name: "sharpness of reconstructed scenes, of the pictures' own", value: 100 * found.sharpness, unit: "%", cases: cases, goal: 85),
                    Metric(
                        name: "steps across patch borders, of those elsewhere, over the pictures' own (least is best)", value: 100 * found.seams, unit: "%",
                        cases: cases, goal: 110),
                ]
            } ?? [])
    }

    /// Of single sprites on white and coloured backgrounds: the mean PSNR, and the means of steps between neighbouring pixels
    /// (see `PictureSteps`). Things stand in the middle of their pictures, so that the pictures themselves have more steps at borders, one of
    /// which is the middle, than elsewhere: a decoder without seams has as many more.
    private func reconstructed(_ candidates: [Int], seed: UInt64) throws -> (psnr: Double, sharpness: Double, seams: Double)? {
        guard !candidates.isEmpty else { return nil }
        var random = CounterRandom(seed: seed)
        let model = flowtok.model
        let patch = flowtok.configuration.imageTokenizer.drawnPatchSize
        let backgrounds = [BackgroundColour.white] + BackgroundColour.palette
        var total = 0.0
        var steps = PictureSteps(patch: patch), own = PictureSteps(patch: patch)
        for _ in 0..<cases {
            let index = candidates[Int(random.next() % UInt64(candidates.count))]
            let scene = composer.single(index, background: backgrounds[Int(random.next() % UInt64(backgrounds.count))])
            let pixels = try Tensor([scene.image], side: flowtok.imageTokenizer.imageSize)
            let hidden = model.textEncoder(try flowtok.textTokenizer.encode(scene.caption))
            let again = try model.imageTokenizer.decode(model.imageTokenizer.encode(pixels).mean, guidedBy: hidden).images()
            total += try scene.image.psnr(to: again[0])
            steps.add(again[0])
            own.add(scene.image)
        }
        return (total / Double(cases), steps.mean / max(own.mean, 1e-9), steps.seams / max(own.seams, 1e-9))
    }
}
