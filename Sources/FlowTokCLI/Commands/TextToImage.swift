import ArgumentParser
import Files
import FlowTok
import Images

/// `flowtok t2i`.
struct TextToImage: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "t2i",
            abstract: "Draw pictures of captions.",
            discussion: """
                One picture goes to a file, by default named after its caption; several go to a folder, numbered in the \
                order of the prompts. Picture k of a run has the seed --seed + k (k from 0), and is the picture that this \
                seed gives alone. A picture carries its prompt, seed and settings, which flowtok info reads back. Ctrl-C \
                finishes the picture in hand and stops; a second Ctrl-C stops at once.

                A file named with -o is replaced, unless --no-clobber is said; a name that flowtok makes is always that of a \
                new file: a-cat.png, a-cat-2.png. Capitals, brackets and punctuation do not change a picture, and an emoji \
                stands for its name. A prompt that begins with - comes after --.

                EXAMPLES
                  flowtok t2i "a red fox"
                  flowtok t2i "a red fox" --seed 7 --steps 30 -o fox.png
                  flowtok t2i "a cat" "a dog" --count 4 -o pictures
                  flowtok t2i "a cat" --count 9 --grid -o cats.png
                  flowtok t2i "a house" --trajectory
                  flowtok t2i --prompt-file prompts.txt -o pictures --json > pictures.jsonl
                  flowtok t2i --prompt-file prompts.jsonl     {"prompt": "a cat", "seed": 7, "output": "cat.png"}
                  flowtok t2i --from a-red-fox.png --steps 50
                  flowtok t2i "a cat" -o - | convert - cat.gif
                  flowtok t2i -- "-5 degrees"
                  shuf -n 5 prompts.txt | flowtok t2i - -o pictures
                  flowtok t2i --prompt-file prompts.txt -o pictures --shard 0/4     a quarter of them; flowtok merge pictures
                """)
    }

    @Argument(help: ArgumentHelp("Captions to draw; - reads them from standard input, one a line.", valueName: "prompt"))
    var prompts: [String] = []

    @Option(name: .customLong("prompt"), parsing: .unconditionalSingleValue, help: "A caption to draw, like an argument.")
    var namedPrompts: [String] = []

    @Option(
        help:
            "A file with a prompt a line; lines that begin with # are passed over. JSON lines hold prompt, and seed, steps, guidance and output where they are given; so do the objects of a JSON list.",
        completion: .file())
    var promptFile: String?

    @Option(
        help: "A picture to draw again from what it says of itself: prompt, seed and settings, of which any that are given here take the place.",
        completion: .file(extensions: PictureList.extensions))
    var from: String?

    @OptionGroup
    var pictures: PictureOptions

    @OptionGroup
    var sharing: ShardOptions

    @OptionGroup(title: "Sampling")
    var sampling: SamplingOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(help: "Also write a strip that shows the picture forming: NAME-trajectory.png.")
    var trajectory = false

    func validate() throws {
        if prompts.isEmpty, namedPrompts.isEmpty, promptFile == nil, from == nil {
            throw ValidationError("no prompt: expected one, or - or --prompt-file")
        }
        if from != nil, sharing.shard != nil {
            throw ValidationError("--from draws a picture again, and --shard shares the drawing of many: expected one of them")
        }
        guard (prompts + [promptFile, from].compactMap { $0 }).count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("standard input (-) can be read only once")
        }
    }

    func run() throws {
        ProtectedFiles.add([promptFile, from].compactMap { $0 } + prompts.filter { $0 == "-" })
        model.protect()
        let record = try from.map { try RecordedDrawing($0) }
        var list = try PromptList(arguments: prompts + namedPrompts, file: promptFile)
        var pictures = self.pictures
        if let record {
            if list.entries.isEmpty {
                list = PromptList(record.prompts)
                pictures.count = pictures.count ?? record.count
                pictures.grid = pictures.grid || record.isGrid
            }
            pictures.seed = pictures.seed ?? record.seed.map { SeedChoice.number($0) }
        }
        let shard = try record == nil ? sharing.choice(output: pictures.output) : nil
        let plan = try pictures.plan(list, trajectory: trajectory, shard: shard)
        let flowtok = try model.open()
        record?.reportDifferences(from: flowtok)
        let run = PictureRun(plan: plan, prompts: list.entries.count, options: pictures, trajectory: trajectory)
        try run.check(side: flowtok.imageTokenizer.imageSize)
        try warn(list, flowtok, pictures, shard)
        func draw(_: Int, _ picture: PicturePlan.Picture, _ progress: (Int, Int) -> Void) throws -> DrawnPicture {
            var request = sampling.request(picture, record)
            request.recordsTrajectory = trajectory
            if model.precision == nil, !flowtok.isPacked { request.precision = record?.precision }
            let image = try flowtok.generate(request) { progress($0.step, $0.steps) }[0]
            return DrawnPicture(image: image.image, record: GenerationMetadata(image), frames: image.trajectory)
        }
        if let batch = try pictures.batch(
            "t2i", plan, shard, settings: sampling.settings.merging(model.settings) { $1 }.merging(["trajectory": trajectory ? "yes" : nil]) { $1 })
        {
            return try run.start(in: batch, draw)
        }
        try run.start(draw)
    }

    /// Says what the model does not read as it is written: where it stops reading, and words it has never seen.
    private func warn(_ list: PromptList, _ flowtok: FlowTok, _ pictures: PictureOptions, _ shard: ShardChoice?) throws {
        for (index, prompt) in list.prompts.enumerated() {
            // Others say it of the prompts that they draw.
            if let shard, !(0..<pictures.pictures).contains(where: { shard.has(index * pictures.pictures + $0) }) { continue }
            try PromptWarning.report(prompt, number: list.prompts.count == 1 ? nil : index + 1, flowtok.textTokenizer)
        }
    }
}
