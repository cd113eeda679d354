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
                        name: "steps across patch borders, of those elsewhere (least is best)", value: 100 * found.seams, unit: "%", cases: cases, goal: 110),
                ]
            } ?? [])
    }

    /// Of single sprites on white and coloured backgrounds: the mean PSNR, and the means of steps between neighbouring pixels
    /// (see `PictureSteps`).
    private func reconstructed(_ candidates: [Int], seed: UInt64) throws -> (psnr: Double, sharpness: Double, seams: Double)? {
        guard !candidates.isEmpty else { return nil }
        var random = CounterRandom(seed: seed)
        let model = flowtok.model
        let patch = flowtok.configuration.imageTokenizer.patchSize
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
        return (total / Double(cases), steps.mean / max(own.mean, 1e-9), steps.seams)
    }
}

/// How much neighbouring pixels differ, in the middle of patches and across their borders: blur takes steps away, and patches that
/// do not meet add them where they meet.
package struct PictureSteps {
    private let patch: Int
    private var inside = 0.0, across = 0.0
    private var insideCount = 0, acrossCount = 0

    package init(patch: Int) { self.patch = patch }

    /// The mean of all steps of a channel, in 0...1.
    package var mean: Double { (inside + across) / Double(max(1, insideCount + acrossCount)) }

    /// The mean step across borders as a multiple of that inside patches.
    package var seams: Double { across / Double(max(1, acrossCount)) / max(inside / Double(max(1, insideCount)), 1e-9) }

    package mutating func add(_ image: Image) {
        let (width, height) = (image.width, image.height)
        let values = image.planarFloats()
        for channel in 0..<3 {
            let plane = values[channel * width * height..<(channel + 1) * width * height]
            for y in 0..<height {
                let row = plane.startIndex + y * width
                for x in 0..<width {
                    if x > 0 { add(abs(plane[row + x] - plane[row + x - 1]), at: x) }
                    if y > 0 { add(abs(plane[row + x] - plane[row + x - width]), at: y) }
                }
            }
        }
    }

    private mutating func add(_ step: Float, at position: Int) {
        if position.isMultiple(of: patch) {
            across += Double(step)
            acrossCount += 1
        } else {
            inside += Double(step)
            insideCount += 1
        }
    }
}
