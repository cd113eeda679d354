import ArgumentParser
import Evaluation
import FlowTok
import Foundation
import Networks

/// `flowtok evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how well a model draws and captions.",
        discussion: """
            Draws named emoji, backgrounds, pairs and groups with fixed seeds and the model's own settings, captions \
            scenes, and compares with the sprites that they were made from.

            EXAMPLES
              flowtok evaluate --sprites Data/sprites
              flowtok evaluate --model Runs/flow/model --sprites Data/sprites --cases 50
              flowtok evaluate --only named backgrounds --precision bf16
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "A folder of sprite shards, as flowtok dataset writes them.", completion: .directory)
    var sprites = "Data/sprites"

    @Option(help: "Cases of each measure.")
    var cases = 300

    @Option(parsing: .upToNextOption, help: "Measure these alone.")
    var only: [Evaluator.Part] = []

    @Option(help: "Caption by the trained direction (indicator) or by following the drawing flow backward (default: the model's own).")
    var captioning: CaptioningDefaults.Direction?

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(cases) else { throw ValidationError("--cases is \(cases), expected 1 to 100000") }
    }

    func run() throws {
        let evaluator = try Evaluator(model.open(), sprites: sprites, cases: cases)
        _ = try evaluator.run(only.isEmpty ? Evaluator.Part.allCases : only, direction: captioning) { measure in
            if json {
                try Console.print(json: measure)
            } else {
                Console.print(measure.line)
            }
        }
    }
}

extension CaptioningDefaults.Direction: ExpressibleByArgument {}
extension Evaluator.Part: ExpressibleByArgument {}
