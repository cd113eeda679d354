import FlowTok
import Foundation
import Images
import Networks
import Tensors
import Testing

/// The README's library example, compiled and run; a second test holds the README to it word for word.
@Suite(.enabled(if: (try? DefaultModel.path()) != nil, "no default model here"))
struct ReadmeExampleTests {
    // The example stands in the README as it stands here.
    // swift-format-ignore
    @Test func theLibraryExampleRuns() throws {
        let here = FileManager.default.currentDirectoryPath
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("fox.png").path

        // README: begin
        let flowtok = try FlowTok()                                   // the shipped model
        let fox = try flowtok.generate("a red fox", seed: 7)          // Image
        try fox.write(to: path)
        print(try flowtok.caption(fox))

        let tokens = try flowtok.imageTokenizer.encode(fox)           // K×D latents
        let again = try flowtok.imageTokenizer.decode(tokens)
        // README: end

        #expect(try Image(path: path) == fox)
        #expect(tokens.latents?.shape == [1] + flowtok.model.latentShape)
        #expect(again.width == fox.width && again.height == fox.height)
        #expect(FileManager.default.currentDirectoryPath == here)
    }

    @Test func theReadmeShowsTheExample() throws {
        let source = try String(contentsOfFile: #filePath, encoding: .utf8)
        let example = source.components(separatedBy: "// README: begin\n")[1].components(separatedBy: "        // README: end")[0]
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("        ") ? String($0.dropFirst(8)) : String($0) }
            .joined(separator: "\n")
            .replacingOccurrences(of: "write(to: path)", with: "write(to: \"fox.png\")")
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: package.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(readme.contains(example.trimmingCharacters(in: .newlines)))
    }
}
