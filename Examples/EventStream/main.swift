// Draws with progress: prints every step, writes what the image looks like on its way, and the image in the end.
//
//     swift run -c release ExampleEventStream "two dogs" steps

import FlowTok
import Foundation

let arguments = CommandLine.arguments.dropFirst()
let prompt = arguments.first ?? "two dogs"
let folder = URL(fileURLWithPath: arguments.dropFirst().first ?? "steps")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)

let flowtok = try await FlowTok.load()
// Leaving this loop, or cancelling the task that runs it, stops the drawing within one step.
for try await event in flowtok.generation(of: GenerationRequest(prompt, seed: 7), previewEvery: 2) {
    switch event {
    case .step(let step, let steps, let previews):
        print("step \(step) of \(steps)")
        for (_, image) in previews { try image.write(to: folder.appendingPathComponent("step-\(step).png")) }
    case .image(let drawn):
        try drawn.image.write(to: folder.appendingPathComponent("image.png"))
        print("done")
    }
}
