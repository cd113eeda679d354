import ArgumentParser
import Files
import FlowTok
import Foundation
import ModelFolders
import Networks
import Tensors

/// `flowtok generate`.
struct Generate: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Draw classes or captions with a generator: MaskGIT, RAR, LlamaGen, TokenBridge, MaskGen.",
            discussion: """
                MaskGIT, RAR, LlamaGen and TokenBridge as published draw ImageNet's classes: numbers of 0 to 999, names, or \
                WordNet's synsets. MaskGen draws captions. Generators that flowtok train generator made draw captions, or classes \
                with numbers and names of their own. The model is \
                a folder that flowtok import made; or a generator's folder of the hub, which holds its image tokenizer in \
                the folder "tokenizer" and for MaskGen CLIP and its vocabulary in "clip"; or a folder with all these files \
                side by side. What is not there is named by --tokenizer and --clip.

                Pictures, seeds, files and Ctrl-C are as in flowtok t2i. Settings that are not given are those of the \
                model's published figures, and guidance counts as there: constant and linear guidance of MaskGIT guide by one \
                unit more than the same number elsewhere.

                EXAMPLES
                  flowtok generate --class 207 --model titok-l32
                  flowtok generate --class "golden retriever" --class tench --count 4 --grid --model titok-l32
                  flowtok generate --class 207 --model rar_b.bin --tokenizer maskgit-vqgan-imagenet-f16-256.bin
                  flowtok generate --class 207 --model GPT_B256_e300_VQ_SB.pt --tokenizer VQ_SB256_e200.pt
                  flowtok generate "a red fox" --model maskgen --seed 7 -o fox.png
                  flowtok generate "a red fox" --count 4 --grid --model Runs/llamagen-captions/model
                  flowtok generate --class 207 --model generator_titok_l32.bin --tokenizer tokenizer_titok_l32.bin
                """)
    }

    @Argument(help: ArgumentHelp("Captions to draw; - reads them from standard input, one a line.", valueName: "prompt"))
    var prompts: [String] = []

    @Option(
        name: .customLong("class"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A class: its number, name or synset. May be given several times.", valueName: "class"))
    var classes: [String] = []

    @Option(name: .customLong("prompt"), parsing: .unconditionalSingleValue, help: "A caption to draw, like an argument.")
    var namedPrompts: [String] = []

    @OptionGroup
    var pictures: PictureOptions

    @OptionGroup
    var sharing: ShardOptions

    @Option(parsing: .unconditional, help: "Steps, 1 to 10000 (default: the published ones).")
    var steps: Int?

    @Option(parsing: .unconditional, help: "How closely to follow the class or caption (default: the published scale).")
    var guidance: Double?

    @Option(parsing: .unconditional, help: "The noise in the choice of tokens, 0 for none (default: the published one).")
    var temperature: Double?

    @Option(
        name: .customLong("top-k"), parsing: .unconditional,
        help: "How many of the likeliest codes a token is drawn from, 0 for all (autoregressive models; default: all).")
    var topK: Int?

    @Option(
        name: .customLong("top-p"), parsing: .unconditional,
        help: "The share of probability that codes are drawn from, up to 1 (autoregressive models; default: 1).")
    var topP: Double?

    @Option(help: "The noise that a seed stands for: torch draws what PyTorch draws from this seed on the CPU.")
    var rng = NoiseGenerator.philox

    @Option(help: "The image tokenizer, where it does not lie with the generator.", completion: .file())
    var tokenizer: String?

    @OptionGroup
    var clip: CLIPOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func validate() throws {
        guard classes.isEmpty != (prompts + namedPrompts).isEmpty else {
            throw ValidationError(
                classes.isEmpty
                    ? "nothing to draw: expected --class for a generator of classes, or a prompt for one of captions"
                    : "--class and prompts are for different models, expected one of them")
        }
        if let steps { try checkSteps(steps) }
        if let guidance, !(guidance.isFinite && abs(guidance) <= 1000) {
            throw ValidationError("--guidance is \(guidance), expected a number from -1000 to 1000")
        }
        if let temperature, !(temperature >= 0 && temperature <= 1000) {
            throw ValidationError("--temperature is \(temperature), expected 0 to 1000")
        }
        if let topK, topK < 0 { throw ValidationError("--top-k is \(topK), expected 0 or more") }
        if let topP, !(topP >= 0 && topP <= 1) { throw ValidationError("--top-p is \(topP), expected 0 to 1") }
    }

    func run() throws {
        let subjects = try subjects()
        let list = PromptList(subjects.map(\.name))
        model.protect()
        ProtectedFiles.add(clip.clip + [tokenizer].compactMap { $0 })
        let shard = try sharing.choice(output: pictures.output)
        let plan = try pictures.plan(list, shard: shard)
        let generator = try open()
        let run = PictureRun(plan: plan, prompts: subjects.count, options: pictures)
        try check(subjects, generator)
        try run.check(side: generator.imageSize)
        func draw(_ index: Int, _ picture: PicturePlan.Picture, _ progress: (Int, Int) -> Void) throws -> DrawnPicture {
            let request = ImageGeneratorRequest(
                subjects[index / pictures.pictures].subject, seed: picture.seed,
                settings: GeneratorSettings(
                    steps: steps, guidance: guidance, temperature: temperature, topK: topK, topP: topP),
                rng: rng)
            let drawn = try generator.generate(request) { progress($0.step, $0.steps) }
            return DrawnPicture(
                image: drawn.image,
                record: GenerationMetadata(drawn, of: picture.prompt, request: request, by: generator))
        }
        let settings: [String: String?] = [
            "subjects": BatchIdentity.digest(subjects.map { "\($0.subject)" }), "steps": steps.map { "\($0)" }, "guidance": guidance.map { "\($0)" },
            "temperature": temperature.map { "\($0)" }, "top_k": topK.map { "\($0)" }, "top_p": topP.map { "\($0)" }, "rng": rng.rawValue,
            "tokenizer": tokenizer.map { BatchIdentity.digest(model: $0) },
        ]
        if let batch = try pictures.batch("generate", plan, shard, settings: settings.merging(model.settings) { $1 }) {
            return try run.start(in: batch, draw)
        }
        try run.start(draw)
    }

    private struct Subject {
        let subject: ImageGeneratorRequest.Subject
        /// What names the picture's file.
        let name: String
    }

    private func subjects() throws -> [Subject] {
        if classes.isEmpty {
            return try PromptList(arguments: prompts + namedPrompts, file: nil).prompts.map { Subject(subject: .caption($0), name: $0) }
        }
        let own = modelPath.flatMap { GeneratorFolder.classNames(in: $0) }
        return try classes.map { text in
            if let own {
                let name = text.trimmed
                let number = own.firstIndex(of: name) ?? Int(name)
                guard let number, own.indices.contains(number) else {
                    let some = own.prefix(8).joined(separator: ", ") + (own.count > 8 ? ", …" : "")
                    throw GeneratorError.badSetting(
                        name: "--class", given: text, expected: "one of the model's own: 0 to \(own.count - 1), or \(some)")
                }
                return Subject(subject: .imageClass(number), name: own[number])
            }
            // A model may have other classes than ImageNet's, which have numbers only.
            if let number = Int(text.trimmed), number >= 0 {
                let known = ImageNetClasses.all.indices.contains(number)
                return Subject(
                    subject: .imageClass(number), name: known ? ImageNetClasses.all[number].name : "class \(number)")
            }
            let entry = try ImageNetClasses.find(text)
            return Subject(subject: .imageClass(entry.number), name: entry.name)
        }
    }

    private var modelPath: String? {
        (model.model ?? ProcessInfo.processInfo.environment["FLOWTOK_MODEL"]).flatMap { $0.isEmpty ? nil : $0 }
    }

    private func open() throws -> ImageGenerator {
        guard let path = modelPath else {
            throw Failure(.usage, "no generator: expected --model with its folder, since flowtok ships none")
        }
        model.prepare()
        let folder = try GeneratorFolder(path: path, tokenizer: tokenizer, clip: clip.source)
        let generator = try ImageGenerator(folder, precision: model.precision)
        Console.warn(generator.warnings)
        return generator
    }

    /// Throws where the model does not draw what was asked for, and says which captions it cannot read to the end.
    private func check(_ subjects: [Subject], _ generator: ImageGenerator) throws {
        for (index, subject) in subjects.enumerated() {
            switch subject.subject {
            case .imageClass(let number):
                guard let count = generator.classes else {
                    throw Failure(.usage, "\"\(generator.name)\" draws captions, expected a prompt")
                }
                guard number < count else { throw GeneratorError.noSuchClass(number, count: count) }
            case .caption(let caption):
                guard let textTokenizer = generator.textTokenizer else {
                    throw Failure(.usage, "\"\(generator.name)\" draws classes, expected --class")
                }
                try PromptWarning.report(caption, number: subjects.count == 1 ? nil : index + 1, textTokenizer)
            }
        }
    }
}
