import ArgumentParser
import Evaluation
import Files
import FlowTok
import Foundation
import Networks

/// `flowtok evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how well a model draws and captions.",
        discussion: """
            Draws named emoji, everyday prompts, styles, colours, backgrounds, pairs and groups with fixed seeds and the model's own settings, captions \
            scenes, and compares with the sprites that they were made from. Of an image tokenizer alone it tells what comes \
            back of drawings that are held out, from 1, 2, 4, … tokens where any number of them decodes.

            EXAMPLES
              flowtok evaluate --sprites Data/sprites
              flowtok evaluate --model Runs/flow/model --sprites Data/sprites --cases 50
              flowtok evaluate --only named backgrounds --precision bf16
              flowtok evaluate --model Runs/flextok/model --guidance-method cfg --cases 100
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "A folder of sprite shards, as flowtok dataset writes them.", completion: .directory)
    var sprites = "Data/sprites"

    @Option(help: "Cases of each measure.")
    var cases = 300

    @Option(parsing: .upToNextOption, help: "Measure these alone.")
    var only: [Evaluator.Part] = []

    @Option(
        help: "Prompts of everyday words: lines of a prompt, a tab and code points of emoji (default: Prompts/everyday.tsv where it is).",
        completion: .file(extensions: ["tsv"]))
    var everyday: String?

    @Option(help: "Caption by the trained direction (indicator) or by following the drawing flow backward (default: the model's own).")
    var captioning: CaptioningDefaults.Direction?

    @OptionGroup(title: "Decoder of an image tokenizer alone")
    var decoding: DecodingOptions

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(cases) else { throw ValidationError("--cases is \(cases), expected 1 to 100000") }
    }

    func run() throws {
        if let path = model.model, try !AnyImageTokenizer.isFlowTok(path) {
            guard only.isEmpty, captioning == nil, everyday == nil else {
                throw Failure(.usage, "\(path) is no FlowTok: --only, --captioning and --everyday are for models that draw and caption")
            }
            let tokenizer = try model.openTokenizer()
            let evaluator = try TokenizerEvaluator(tokenizer, sprites: sprites, cases: cases, options: decoding.options(for: tokenizer))
            _ = try evaluator.run(report: tell)
            return
        }
        let usual = "Prompts/everyday.tsv"
        let prompts = try (everyday ?? (InputFile.isThere(usual) ? usual : nil)).map { try EverydayPrompts(path: $0) }
        if prompts == nil, only.contains(.everyday) { throw FileError.missing(path: usual) }
        let evaluator = try Evaluator(model.open(), sprites: sprites, cases: cases)
        _ = try evaluator.run(only.isEmpty ? Evaluator.Part.allCases : only, everyday: prompts, direction: captioning, report: tell)
    }

    private func tell(_ measure: Metric) throws {
        if json {
            try Console.print(json: measure)
        } else {
            Console.print(measure.line)
        }
    }
}

extension CaptioningDefaults.Direction: ExpressibleByArgument {}
extension Evaluator.Part: ExpressibleByArgument {}
