import ArgumentParser
import Files
import FlowTok
import Foundation
import Images

/// `flowtok variations`.
struct Variations: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Draw pictures near a given one.",
            discussion: """
                The picture is followed back to its text tokens, these are moved towards those of its caption with another \
                seed, or towards --prompt, and drawn again. At --strength 0 they stay where they are, at 1 nothing is left of \
                the picture but its caption. Seeds, files and Ctrl-C are as in flowtok t2i.

                EXAMPLES
                  flowtok variations fox.png --count 4 --strength 0.5
                  flowtok variations fox.png --prompt "a blue fox" -o blue-fox.png
                  flowtok variations fox.png --count 9 --grid -o foxes.png
                """)
    }

    @Argument(
        help: ArgumentHelp("A PNG, JPEG or WebP file; - reads one from standard input.", valueName: "image"),
        completion: .file(extensions: PictureList.extensions))
    var image: String

    @Option(parsing: .unconditional, help: "How far to move from the picture, 0 to 1.")
    var strength = VariationRequest.defaultStrength

    @Option(parsing: .unconditional, help: "Words to move towards (default: the caption that the model reads from the picture).")
    var prompt: String?

    @OptionGroup
    var pictures: PictureOptions

    @OptionGroup(title: "Sampling")
    var sampling: FlowOptions

    @OptionGroup(title: "Model")
    var model: ModelOptions

    func validate() throws {
        guard strength >= 0, strength <= 1 else { throw ValidationError("--strength is \(strength), expected 0 to 1") }
    }

    func run() throws {
        ProtectedFiles.add([image])
        model.protect()
        // A picture that cannot be read need not wait for the model.
        let picture = try PictureInput.image(image)
        let words = try prompt.map { try PromptList(arguments: [$0], file: nil).prompts[0] }
        let name = image == "-" ? "picture" : InputFile.stem(image)
        let plan = try pictures.plan(PromptList([words ?? "\(name) variation"]))
        let flowtok = try model.open()
        let run = PictureRun(plan: plan, prompts: 1, options: pictures)
        try run.check(side: flowtok.imageTokenizer.imageSize)
        try run.start { _, planned, progress in
            let request = VariationRequest(
                of: picture, prompt: words, strength: strength, seed: planned.seed, solver: sampling.solver,
                steps: sampling.steps, guidance: sampling.guidance)
            let drawn = try flowtok.variations(request) { progress($0.step, $0.steps) }[0]
            return DrawnPicture(image: drawn.image, record: GenerationMetadata(drawn))
        }
    }
}
