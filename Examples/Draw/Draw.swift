// Draws one image of a prompt and writes it.
//
//     swift run -c release ExampleDraw "a red fox" fox.png

import FlowTok

@main struct Draw {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let prompt = arguments.first ?? "a red fox"
        let output = arguments.dropFirst().first ?? "fox.png"

        let flowtok = try await FlowTok.load()
        let image = try await flowtok.generate(prompt, seed: 7)
        try image.write(to: output)
        print("\(output): \(image.width)×\(image.height) pixels")
    }
}
