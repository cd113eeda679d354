import Files
import Foundation
import TestSupport
import Testing
import Training

/// The files of Examples/training: every key of them is known.
@Suite struct ExampleFileTests {
    private static let examples = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Examples/training")

    /// All but the one of `flowtok scenes`, which trains nothing.
    static let names = ((try? FileManager.default.contentsOfDirectory(atPath: examples.path)) ?? []).sorted()
        .filter { $0.hasSuffix(".json") && $0 != "held-out.json" }

    @Test("Where its data are missing, a file fails for these and not for a key", arguments: names)
    func reading(_ name: String) throws {
        let folder = try TemporaryFolder()
        var text = try String(contentsOf: Self.examples.appendingPathComponent(name), encoding: .utf8)
        #expect(text.contains("\"Data/sprites\""))
        // Nothing that happens to lie here is read.
        for place in ["Data/", "Runs/", "Models/"] { text = text.replacing("\"" + place, with: "\"\(folder(place))") }
        let file = try folder.write("example.json", text).path
        let isGenerator = text.contains("\"tokenizer\"")
        let error = refusal {
            try (isGenerator ? GeneratorKinds.open : TokenizerKinds.open)(file, folder("run"), false, { _, _ in })
        }
        #expect(error.category == .missing && error.text.hasPrefix(file + ": "), "\(error.text)")
        #expect(["Data/", "Runs/", "Models/"].contains { error.text.contains(folder($0)) }, "\(error.text)")
    }

    @Test("There are files, of every kind")
    func kinds() throws {
        let text = try Self.names.map { try String(contentsOf: Self.examples.appendingPathComponent($0), encoding: .utf8) }.joined()
        for kind in ["titok", "gigatok", "flextok", "autoencoder", "maskgit", "llamagen", "tokenbridge"] {
            #expect(text.contains("\"kind\": \"\(kind)\""), "\(kind)")
        }
    }

    @Test("A GigaTok's transformers may be given by their numbers where the numbers are those of a published size")
    func spellings() throws {
        let folder = try TemporaryFolder()
        let numbers = [("\"encoder_width_layers_heads\": [32, 1, 2]", "\"encoder_width_layers_heads\": [256, 4, 4]")]
        let name = [("\"encoder_width_layers_heads\": [32, 1, 2]", "\"encoder_size\": \"tiny\"")]
        for changes in [numbers, name] {
            let file = try TinyKinds.file(TinyKinds.gigaTokPlain, in: folder, changing: changes)
            _ = try TinyKinds.open(TinyKinds.gigaTokPlain, file, output: folder("run-\(changes[0].1.count)"))
        }
        let misspelt = try TinyKinds.file(
            TinyKinds.gigaTokPlain, in: folder, changing: numbers + [("\"decoder_width_layers_heads\"", "\"decoder_size\": \"tiny\", \"decoder_widths\"")])
        #expect(
            refusal { try TinyKinds.open(TinyKinds.gigaTokPlain, misspelt, output: folder("other")) }.text
                .contains("unknown key model.network.decoder_widths"))
    }
}
