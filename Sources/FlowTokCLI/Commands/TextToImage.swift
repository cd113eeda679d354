import ArgumentParser
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

                EXAMPLES
                  flowtok t2i "a red fox"
                  flowtok t2i "a red fox" --seed 7 --steps 30 -o fox.png
                  flowtok t2i "a cat" "a dog" --count 4 -o pictures
                  flowtok t2i "a cat" --count 9 --grid -o cats.png
                  flowtok t2i "a house" --trajectory
                  flowtok t2i --prompt-file prompts.txt -o pictures --json > pictures.jsonl
                  shuf -n 5 prompts.txt | flowtok t2i - -o pictures
                """)
    }

    @Argument(help: ArgumentHelp("Captions to draw; - reads them from standard input, one a line.", valueName: "prompt"))
    var prompts: [String] = []

    @Option(help: "A file with a prompt a line.", completion: .file())
    var promptFile: String?

    @OptionGroup
    var pictures: PictureOptions

    @OptionGroup(title: "Sampling")
    var sampling: SamplingOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    @Flag(help: "Also write a strip that shows the picture forming: NAME-trajectory.png.")
    var trajectory = false

    func validate() throws {
        if prompts.isEmpty && promptFile == nil { throw ValidationError("no prompt: expected one, or - or --prompt-file") }
        if prompts.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input (-) can be read only once") }
    }

    func run() throws {
        let list = try PromptList(arguments: prompts, file: promptFile)
        let plan = try pictures.plan(list)
        if trajectory { try OutputPath.check(files: plan.pictures.map { PicturePlan.trajectory(beside: $0.file) }) }
        let flowtok = try model.open()
        let run = PictureRun(plan: plan, prompts: list.prompts.count, options: pictures, trajectory: trajectory)
        try run.check(side: flowtok.imageTokenizer.imageSize)
        try warn(list, flowtok)
        try run.start { _, picture, progress in
            var request = sampling.request(picture.prompt, seed: picture.seed)
            request.recordsTrajectory = trajectory
            let image = try flowtok.generate(request) { progress($0.step, $0.steps) }[0]
            return DrawnPicture(image: image.image, record: GenerationMetadata(image), frames: image.trajectory)
        }
    }

    /// Says which prompts the model cannot read to the end, and where it stops reading.
    private func warn(_ list: PromptList, _ flowtok: FlowTok) throws {
        for (index, prompt) in list.prompts.enumerated() {
            try PromptWarning.report(prompt, number: list.prompts.count == 1 ? nil : index + 1, flowtok.captions)
        }
    }
}
