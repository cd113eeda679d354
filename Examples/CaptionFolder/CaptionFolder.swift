// Prints a caption of every image in a folder. What cannot be read is reported, and the others are captioned.
//
//     swift run -c release ExampleCaptionFolder pictures

import FlowTok
import Foundation

@main struct CaptionFolder {
    static func main() async throws {
        let folder = URL(fileURLWithPath: CommandLine.arguments.dropFirst().first ?? ".")
        let flowtok = try await FlowTok.load()
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        for file in files.sorted(by: { $0.path < $1.path })
        where ["png", "jpg", "jpeg", "webp"].contains(file.pathExtension.lowercased()) {
            do {
                print("\(file.lastPathComponent): \(try await flowtok.caption(Image(contentsOf: file)))")
            } catch {
                print("\(file.lastPathComponent): \(error)")
            }
        }
    }
}
