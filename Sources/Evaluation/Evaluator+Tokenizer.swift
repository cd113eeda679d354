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
        return try [
            ("PSNR of reconstructed scenes, training sprites", trained, 1, 25.0),
            ("PSNR of reconstructed scenes, held-out sprites", held, 2, 22.0),
        ].compactMap { name, candidates, seed, goal in
            // A dataset of one's own may hold nothing out.
            guard !candidates.isEmpty else { return nil }
            let value = try psnr(of: candidates, seed: UInt64(seed))
            return Metric(name: name, value: value, unit: "dB", cases: cases, goal: goal)
        }
    }

    /// The mean PSNR of single sprites on white and coloured backgrounds.
    private func psnr(of candidates: [Int], seed: UInt64) throws -> Double {
        var random = CounterRandom(seed: seed)
        let model = flowtok.model
        let backgrounds = [BackgroundColour.white] + BackgroundColour.palette
        var total = 0.0
        for _ in 0..<cases {
            let index = candidates[Int(random.next() % UInt64(candidates.count))]
            let scene = composer.single(index, background: backgrounds[Int(random.next() % UInt64(backgrounds.count))])
            let pixels = try Tensor([scene.image], side: flowtok.imageTokenizer.imageSize)
            let hidden = model.textEncoder(try flowtok.textTokenizer.encode(scene.caption))
            let again = try model.imageTokenizer.decode(model.imageTokenizer.encode(pixels).mean, guidedBy: hidden).images()
            total += try scene.image.psnr(to: again[0])
        }
        return total / Double(cases)
    }
}
