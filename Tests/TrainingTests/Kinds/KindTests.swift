import Checkpoints
import Datasets
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import TestSupport
import Testing
import Training

/// Every kind of training: it learns, what it exports opens, and a run that is resumed comes to the same bits.
@Suite struct KindTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("Eight steps are three and five more", arguments: TinyKinds.all)
    func resuming(_ kind: TinyKinds.Kind) throws {
        let file = try TinyKinds.file(kind, in: folder)
        var losses: [Double] = []
        var use: Double?
        let isComplete = try TinyKinds.open(kind, file, output: folder("whole")).run {
            losses.append($0.loss)
            use = $0.codebookUse
        }
        #expect(isComplete && losses.count == 8 && losses.allSatisfy(\.isFinite))
        let hasCodes = ["titok", "gigatok", "flextok"].contains(kind.id) && kind.name != TinyKinds.tiTokVAE.name
        #expect((use.map { $0 > 0 && $0 <= 1 } ?? false) == hasCodes)
        #expect(try !TinyKinds.open(kind, file, output: folder("parts")).run(stopAfter: 3))
        #expect(try TinyKinds.open(kind, file, output: folder("parts"), resume: true).run())
        #expect(try contents(checkpointPath(folder("whole"))) == contents(checkpointPath(folder("parts"))))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder("whole/model"))
        #expect(files.contains("config.json") && files.contains("model.safetensors"))
        for name in files { #expect(try contents(folder("whole/model/" + name)) == contents(folder("parts/model/" + name)), "\(name)") }
        func rows(_ run: String) throws -> [[String]] {
            let log = try logRows(folder(run))
            let kept = log.columns.indices.filter { log.columns[$0] != "samples_per_second" }
            return log.rows.map { row in kept.map { row[$0] } }
        }
        #expect(try rows("whole") == rows("parts"))
        let pictures = try FileManager.default.contentsOfDirectory(atPath: folder("whole/samples")).filter { $0.hasSuffix("0000008.png") }
        #expect(pictures.count == 1)
    }

    @Test("What a tokenizer's training exports encodes and decodes", arguments: TinyKinds.tokenizers)
    func tokenizers(_ kind: TinyKinds.Kind) throws {
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let opened = try AnyImageTokenizer(path: folder("run/model"))
        #expect(opened.identity.name == kind.id && opened.warnings == [])
        let picture = BlockSource().sample(0).image
        let tokens = try opened.encode(picture)
        // The first stage has no pixels yet.
        guard kind.name != TinyKinds.firstStage.name else { return }
        let image = try opened.decode(tokens, options: DecodeOptions(steps: 2))
        #expect(image.width == 32 && image.height == 32)
    }

    @Test("What a generator's training exports draws, by the names of its classes", arguments: TinyKinds.generators)
    func generators(_ kind: TinyKinds.Kind) throws {
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let opened = try GeneratorFolder(path: folder("run/model"))
        let expected = kind.keys.contains("classes") ? ["red", "blue"] : try FileManager.default.contentsOfDirectory(atPath: folder("images")).sorted()
        #expect(opened.classNames == expected && opened.name == kind.id)
        let generator = try ImageGenerator(opened)
        #expect(generator.classes == expected.count && generator.warnings == [])
        let settings = GeneratorSettings(steps: generator.defaults.steps == nil ? nil : 2)
        let drawn = try generator.generate(ImageGeneratorRequest(.imageClass(1), seed: 3, settings: settings))
        #expect(drawn.image.width == 32)
    }

    @Test("flowtok generate draws a class by its name, and knows no others")
    func names() throws {
        try TinyKinds.open(TinyKinds.maskGIT, TinyKinds.file(TinyKinds.maskGIT, in: folder, steps: 2), output: folder("run")).run()
        func draw(_ name: String, _ file: String) throws -> (status: Int32, errors: String) {
            let run = try Executable.start(
                ["generate", "--class", name, "--steps", "2", "--model", folder("run/model"), "-o", folder(file), "-q"], in: folder)
            return (run.status(), run.complaints)
        }
        let blue = try draw("blue", "a.png")
        #expect(blue.status == 0, "\(blue.errors)")
        #expect(try draw("0", "b.png").status == 0)
        #expect(try Image(path: folder("a.png")) == Image(path: folder("b.png")))
        let fox = try draw("fox", "c.png")
        #expect(fox.status == 64 && fox.errors.contains("--class is fox, expected one of the model's own") && fox.errors.contains("blue, "), "\(fox.errors)")
        #expect(try draw("99", "c.png").status == 64)
    }

    @Test("LPIPS is an option of every tokenizer that draws pixels")
    func perceptual() throws {
        let recorder = WeightRecorder(LivelyWeights())
        _ = LPIPS(Weights(recorder))
        try Checkpoint.write(recorder.parameters, to: folder("lpips.safetensors"))
        let perceptual = "\"perceptual\": {\"lpips\": \"\(folder("lpips.safetensors"))\"}"
        for kind in [TinyKinds.tiTokVQ, TinyKinds.autoencoder] {
            let file = try TinyKinds.file(
                kind, in: folder, steps: 2, changing: [("\"training\": {", "\"losses\": {\(perceptual)}, \"training\": {")])
            try TinyKinds.open(kind, file, output: folder(kind.id)).run()
            let log = try logRows(folder(kind.id))
            let column = try #require(log.columns.firstIndex(of: "perceptual_loss"))
            #expect(log.rows.allSatisfy { (Double($0[column]) ?? 0) != 0 })
        }
        let captioned = try TemporaryFolder()
        let own = try TinyFiles.tokenizer(in: captioned, steps: 2, changing: [("\"training\": {", "\(perceptual), \"training\": {")])
        try TokenizerKinds.open(file: own, output: folder("flowtitok"), resume: false).run()
        #expect(try logRows(folder("flowtitok")).columns.contains("perceptual_loss"))
    }

    @Test(
        "Losses fall",
        arguments: [
            TinyKinds.tiTokVQ, TinyKinds.tiTokVAE, TinyKinds.tiTokLocal, TinyKinds.gigaTokPlain, TinyKinds.gigaTokLocal, TinyKinds.autoencoder,
            TinyKinds.flexTokPlain, TinyKinds.flexTokLocal, TinyKinds.maskGIT, TinyKinds.llamaGen, TinyKinds.tokenBridge,
        ] + TinyKinds.captioned)
    func learning(_ kind: TinyKinds.Kind) throws {
        let file = try TinyKinds.file(kind, in: folder, steps: 60, changing: [("\"sample_every\": 4", "\"sample_every\": 0")])
        var losses: [Double] = []
        try TinyKinds.open(kind, file, output: folder("run")).run { losses.append($0.loss) }
        let (first, last) = (losses.prefix(8).reduce(0, +), losses.suffix(8).reduce(0, +))
        #expect(last < 0.95 * first, "\(first / 8) \(last / 8)")
    }

    @Test("Killed ten times at random, a run's last checkpoint loads, and it comes to the same bits", arguments: [TinyKinds.tiTokVQ, TinyKinds.maskGIT])
    func killed(_ kind: TinyKinds.Kind) throws {
        let file = try TinyKinds.file(kind, in: folder, steps: 200, changing: [("\"sample_every\": 4", "\"sample_every\": 0")])
        try TinyKinds.open(kind, file, output: folder("whole")).run()
        let hasty = try TinyKinds.file(
            kind, in: folder, steps: 200, changing: [("\"sample_every\": 4", "\"sample_every\": 0, \"checkpoint_minutes\": 1e-9")])
        let arguments = ["train", kind.isGenerator ? "generator" : "tokenizer", hasty, "--output", folder("killed"), "--quiet"]
        let checkpoint = checkpointPath(folder("killed"))
        for _ in 0..<10 {
            let started = FileManager.default.fileExists(atPath: checkpoint)
            let run = try Executable.start(arguments + (started ? ["--resume"] : []), in: folder)
            Thread.sleep(forTimeInterval: .random(in: 0.05...0.4))
            kill(run.process.processIdentifier, SIGKILL)
            #expect([128 + SIGKILL, 0].contains(run.status()), "\(run.complaints)")
            if FileManager.default.fileExists(atPath: checkpoint) { try Checkpoint(path: checkpoint).checkFinite() }
        }
        let resumes = FileManager.default.fileExists(atPath: checkpoint)
        let last = try Executable.start(arguments + (resumes ? ["--resume"] : []), in: folder)
        #expect(last.status() == 0, "\(last.complaints)")
        #expect(try bits(checkpoint) == bits(checkpointPath(folder("whole"))))
    }

    /// Kinds and the parameters behind which nothing is rounded.
    private static let smooth: [(TinyKinds.Kind, [String])] =
        [
            (TinyKinds.tiTokVQ, ["decoder."]), (TinyKinds.tiTokVAE, [""]), (TinyKinds.firstStage, ["decoder."]),
            (TinyKinds.secondStage, ["decoder.", "pixel_"]), (TinyKinds.gigaTokPlain, ["s1to2decoder.", "decoder.", "post_quant_conv."]),
            (TinyKinds.autoencoder, [""]), (TinyKinds.flexTokSemantic, ["decoder."]), (TinyKinds.maskGIT, [""]), (TinyKinds.uvit, [""]),
            (TinyKinds.llamaGen, [""]), (TinyKinds.tokenBridge, [""]),
        ] + TinyKinds.captioned.map { ($0, [""]) }

    @Test("Gradients are those of finite differences", arguments: 0..<15)
    func differences(_ index: Int) throws {
        let (kind, prefixes) = Self.smooth[index]
        let run = try TinyKinds.open(
            kind, TinyKinds.file(kind, in: folder, steps: 12, changing: [("\"sample_every\": 4", "\"sample_every\": 0")]), output: folder("run"))
        // What begins with zeros has no gradient before.
        try run.run()
        let store = run.task.store
        let slopes = gradients(of: try run.task.loss(of: SampleGroup(step: 40, batchSize: 4)).loss, withRespectTo: store.leaves)
        var random = CounterRandom(seed: 8)
        for _ in 0..<2 {
            // Along the gradient, with noise: a direction in which the loss changes more than it is rounded.
            let start = store.entries.map(\.leaf.values)
            let isMoved = store.entries.map { entry in prefixes.contains { entry.name.hasPrefix($0) } }
            let direction = slopes.enumerated().map { place, slope in
                let size = Float(slope.norm / Double(max(1, slope.count)).squareRoot())
                return isMoved[place] ? slope + .randomNormal(slope.shape, using: &random) * size : .zeros(slope.shape)
            }
            let length = Float(direction.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot())
            let expected =
                zip(slopes, direction).reduce(0.0) { sum, pair in
                    sum + zip(pair.0.values, pair.1.values).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                } / Double(length)
            func loss(_ distance: Float) throws -> Double {
                for (place, entry) in store.entries.enumerated() {
                    store.overwrite(entry.name, with: Tensor(start[place], shape: entry.shape) + direction[place] * (distance / length))
                }
                return Double(try run.task.loss(of: SampleGroup(step: 40, batchSize: 4)).loss.item)
            }
            func slope(_ distance: Float) throws -> Double { try (loss(distance) - loss(-distance)) / Double(2 * distance) }
            // Of two distances, so that the loss may bend along the way.
            let found = try (4 * slope(2e-3) - slope(4e-3)) / 3
            _ = try loss(0)
            #expect(abs(found - expected) < 0.02 * abs(expected) + 1e-3, "\(kind.name): \(found), expected \(expected)")
        }
    }

    @Test("A second stage begins with the first one's encoder and the teacher's decoder, and keeps the encoder")
    func stages() throws {
        let kind = TinyKinds.secondStage
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let (first, second) = (try bits(TinyKinds.path(.stage) + "/model/model.safetensors"), try bits(folder("run/model/model.safetensors")))
        for (name, values) in first where name.hasPrefix("encoder.") || name.hasPrefix("quantize.") || name == "latent_tokens" {
            #expect(second[name] == values, "\(name)")
        }
        #expect(second.keys.contains("pixel_decoder.conv_in.weight") && second.keys.contains("pixel_quantize.embedding.weight"))
        #expect(first["decoder.ffn.0.weight"] != second["decoder.ffn.0.weight"])
    }

    @Test("A FlexTok's encoder stays as it began for as many steps as its delay is")
    func delay() throws {
        let kind = TinyKinds.flexTokLocal
        func registers(steps: Int) throws -> [Float] {
            let file = try TinyKinds.file(kind, in: folder, steps: steps, changing: [("\"sample_every\": 4", "\"sample_every\": 0")])
            let run = try TinyKinds.open(kind, file, output: folder("run-\(steps)"))
            try run.run()
            return try #require(run.task.store.entries.first { $0.name.hasSuffix("enc_register_module.registers") }).leaf.values
        }
        let (delayed, learned) = (try registers(steps: 2), try registers(steps: 3))
        #expect(delayed == (try registers(steps: 1)) && delayed != learned)
    }

    @Test("FlexTok keeps its autoencoder, and holds it as diffusers names it")
    func autoencoder() throws {
        let kind = TinyKinds.flexTokPlain
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 2), output: folder("run")).run()
        let (own, made) = (try bits(TinyKinds.path(.autoencoder) + "/model/model.safetensors"), try bits(folder("run/model/model.safetensors")))
        for (from, to) in [
            ("encoder.conv_in.weight", "encoder.conv_in.weight"), ("encoder.down.1.block.0.conv1.weight", "encoder.down_blocks.1.resnets.0.conv1.weight"),
            ("decoder.up.2.block.1.conv2.bias", "decoder.up_blocks.0.resnets.1.conv2.bias"),
            ("decoder.mid.attn_1.v.weight", "decoder.mid_block.attentions.0.to_v.weight"),
            ("quant_conv.weight", "quant_conv.weight"),
        ] {
            #expect(own[from] != nil && own[from] == made["vae.vae." + to], "\(from)")
        }
        #expect(made.keys.contains("encoder.module_dict.enc_posemb_module.posembs"))
    }
}
