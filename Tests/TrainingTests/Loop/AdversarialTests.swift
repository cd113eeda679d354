import Foundation
import TestSupport
import Testing
import Training

/// A discriminator and a feature loss beside the squared error.
@Suite struct AdversarialTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ name: String, _ keys: String, steps: Int = 8, start: String? = nil, stopAfter: Int? = nil) throws -> String {
        let file = try TinyFiles.tokenizer(
            in: folder, as: name + ".json", steps: steps,
            changing: [("\"training\": {", keys + "\"training\": {")]
                + (start.map { [("\"vocabulary\"", "\"start\": \"\($0)\", \"vocabulary\"")] } ?? []))
        let output = folder.url.path + "/" + name
        try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: stopAfter)
        if stopAfter != nil { try TokenizerRecipe.open(file: file, output: output, resume: true).run() }
        return output
    }

    private func adversarial(weight: Double, start: Int = 2) -> String {
        "\"adversarial\": {\"weight\": \(weight), \"start\": \(start), \"ramp_steps\": 2, \"width\": 4, \"layers\": 2}, "
    }

    /// The discriminator sees reconstructions as constants: what it learns does not reach the tokenizer but through the weight.
    @Test func aDiscriminatorWithoutWeightChangesNothing() throws {
        let plain = try tokenizerBits(run("plain", ""))
        let watched = try run("watched", adversarial(weight: 0))
        #expect(try tokenizerBits(watched) == plain)
        let pushed = try tokenizerBits(run("pushed", adversarial(weight: 0.5)))
        #expect(pushed.keys.sorted() == plain.keys.sorted() && pushed != plain)
        // It learns, and stays in the run's checkpoint.
        let name = "parameters/discriminator.main.0.weight"
        let once = try run("once", adversarial(weight: 0), steps: 3)
        #expect(try bits(checkpointPath(watched))[name] != bits(checkpointPath(once))[name])
        let log = try String(contentsOfFile: watched + "/log.csv", encoding: .utf8)
        #expect(log.contains("discriminator_loss") && log.contains("adversarial_loss"))
    }

    @Test func itResumesToTheSameBits() throws {
        let whole = try run("whole", adversarial(weight: 0.2))
        let parts = try run("parts", adversarial(weight: 0.2), stopAfter: 4)
        #expect(try contents(checkpointPath(whole)) == contents(checkpointPath(parts)))
    }

    @Test func aRunFromAnExportedTokenizerBringsItsOwnDiscriminator() throws {
        let first = try run("first", adversarial(weight: 0.2))
        let second = try run(
            "second", "\"decoder_only\": true, \"feature_weight\": 0.5, " + adversarial(weight: 0.2, start: 0), start: first)
        let (before, after) = (try tokenizerBits(first), try tokenizerBits(second))
        for (name, values) in after {
            #expect((values == before[name]) != name.hasPrefix("image_tokenizer.decoder."), "\(name)")
        }
        #expect(try String(contentsOfFile: second + "/log.csv", encoding: .utf8).contains("feature_loss"))
    }

    @Test(arguments: [
        ("\"feature_weight\": 1, ", "feature_weight is 1.0, expected 0 where the encoder learns too"),
        ("\"feature_weight\": -1, ", "feature_weight is -1.0"),
        ("\"drawn_fraction\": 0.5, ", "drawn_fraction is 0.5, expected 0 where the encoder learns too"),
        ("\"drawn_fraction\": 2, ", "drawn_fraction is 2.0"),
        ("\"adversarial\": {\"weight\": -1}, ", "adversarial.weight is -1.0"),
        ("\"adversarial\": {\"layers\": 4}, ", "adversarial.layers is 4, expected fewer for images of 32 pixels"),
        ("\"adversarial\": {\"width\": 0}, ", "adversarial.width is 0"),
        ("\"adversarial\": {\"start\": -3}, ", "adversarial.start is -3"),
    ])
    func mistakes(_ keys: String, _ expected: String) throws {
        let error = refusal { try run("bad", keys) }
        #expect(error.text.contains("model." + expected), "\(error.text)")
        #expect(!FileManager.default.fileExists(atPath: folder.url.path + "/bad"))
    }
}
