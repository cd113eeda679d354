import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing
import TextTokenizers
import Training

/// What `--resume` refuses, and with what words.
@Suite struct ResumeErrorTests {
    let folder: TemporaryFolder
    let file: String
    var output: String { folder.url.path + "/run" }
    var checkpoint: String { checkpointPath(output) }

    /// A run that was stopped after four of twenty steps.
    init() throws {
        folder = try TemporaryFolder()
        file = try TinyFiles.tokenizer(in: folder)
        try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: 4)
    }

    /// Expects an error of one line that holds every one of `texts`.
    private func expect(
        _ texts: String..., file other: String? = nil, output folder: String? = nil, resume: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = refusal(sourceLocation: sourceLocation) {
            try TokenizerRecipe.open(file: other ?? file, output: folder ?? output, resume: resume)
        }
        let message = error.text
        for text in texts {
            #expect(message.contains(text), "\(message)", sourceLocation: sourceLocation)
        }
        #expect(!message.contains("\n"), "\(message)", sourceLocation: sourceLocation)
    }

    /// Rewrites the checkpoint with other tensors or another header.
    private func rewrite(_ change: (inout [String: Tensor], inout [String: String]) -> Void) throws {
        let old = try Checkpoint(path: checkpoint, mapping: false)
        var tensors = try Dictionary(uniqueKeysWithValues: old.names.map { ($0, try old.tensor($0)) })
        var metadata = old.metadata
        change(&tensors, &metadata)
        try Checkpoint.write(tensors.map { ($0.key, $0.value) }, metadata: metadata, to: checkpoint)
    }

    @Test func foldersWithAndWithoutARun() {
        expect("already holds a run", "--resume", resume: false)
        expect("holds no checkpoint", output: folder.url.path + "/vocabulary")
        let missing = folder.url.path + "/nowhere"
        expect("holds no checkpoint", output: missing)
        #expect(!FileManager.default.fileExists(atPath: missing))
        expect("there is a file of that name", output: file, resume: false)
    }

    @Test func aFolderHasOneRunAtATime() throws {
        let run = try TokenizerRecipe.open(file: file, output: output, resume: true)
        expect("another process trains in it")
        try withExtendedLifetime(run) { try #require(run.step == 4) }
    }

    /// A program that is being started shares every open file until it runs, and would share the lock.
    @Test func aCopyOfTheDescriptorDoesNotHoldTheFolder() throws {
        var copies: [Int32] = []
        defer { copies.forEach { close($0) } }
        do {
            let run = try TokenizerRecipe.open(file: file, output: output, resume: true)
            let held = URL(fileURLWithPath: output).resolvingSymlinksInPath().path
            for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                guard let descriptor = Int32(name),
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)) == held
                else { continue }
                copies.append(dup(descriptor))
            }
            try withExtendedLifetime(run) { try #require(!copies.isEmpty) }
        }
        #expect(try TokenizerRecipe.open(file: file, output: output, resume: true).step == 4)
    }

    @Test func damagedCheckpoints() throws {
        let whole = try contents(checkpoint)
        for length in [0, 5, 8, 200, whole.count / 2, whole.count - 1] {
            try whole.prefix(length).write(to: URL(fileURLWithPath: checkpoint))
            expect(checkpoint)
        }
        try Data("not a checkpoint\n".utf8).write(to: URL(fileURLWithPath: checkpoint))
        expect(checkpoint)
        try (whole + [0]).write(to: URL(fileURLWithPath: checkpoint))
        expect(checkpoint)
        try whole.write(to: URL(fileURLWithPath: checkpoint))
        #expect(try TokenizerRecipe.open(file: file, output: output, resume: true).step == 4)
    }

    @Test func checkpointsOfOtherThings() throws {
        try FileManager.default.removeItem(atPath: checkpoint)
        try FileManager.default.copyItem(atPath: output + "/model/model.safetensors", toPath: checkpoint)
        expect(checkpoint, "no checkpoint of a training run")
        let flow = try TinyFiles.flow(in: folder, over: output)
        try FlowRecipe.open(file: flow, output: folder.url.path + "/flow", resume: false).run(stopAfter: 1)
        try FileManager.default.removeItem(atPath: checkpoint)
        try FileManager.default.copyItem(atPath: checkpointPath(folder.url.path + "/flow"), toPath: checkpoint)
        expect(checkpoint, "another sort of run")
    }

    @Test func checkpointsThatDoNotFit() throws {
        let name = "first_moments/image_tokenizer.latent_tokens"
        try rewrite { tensors, _ in tensors[name] = nil }
        expect(checkpoint, "no " + name)
        try rewrite { tensors, _ in tensors[name] = .zeros([4, 33]) }
        expect(checkpoint, name, "[4, 33]", "[4, 32]")
        try rewrite { tensors, _ in tensors[name] = .filled([4, 32], with: .nan) }
        expect(checkpoint, name, "nan")
        try rewrite { tensors, _ in tensors[name] = .zeros([4, 32]) }
        #expect(try TokenizerRecipe.open(file: file, output: output, resume: true).step == 4)
        try rewrite { tensors, _ in tensors["parameters/more"] = .zeros([1]) }
        expect(checkpoint, "tensors, expected")
        try rewrite { tensors, _ in tensors["parameters/more"] = nil }
        try rewrite { _, metadata in metadata["step"] = "-1" }
        expect(checkpoint, "no checkpoint of a training run")
    }

    @Test func whatARunIsBuiltOn() throws {
        let configuration = try #require(Checkpoint(path: checkpoint).metadata["configuration"])
        #expect(configuration.contains("\"vocab_size\" : \(try TinyTraining.vocabulary().count)"))
        try rewrite { _, metadata in metadata["dependency_fingerprint"] = "1234" }
        expect(checkpoint, "another vocabulary or tokenizer")
        // Checkpoints of earlier versions do not say.
        try rewrite { _, metadata in metadata["dependency_fingerprint"] = nil }
        #expect(try TokenizerRecipe.open(file: file, output: output, resume: true).step == 4)
    }

    @Test(arguments: [
        ("\"encoder\": {\"width\": 32", "\"encoder\": {\"width\": 64", "model.image_tokenizer.encoder.width", "32", "64"),
        ("\"seeded\": true", "\"seeded\": false", "model.image_tokenizer.seeded", "true", "false"),
        ("\"learning_rate\": 0.002", "\"learning_rate\": 0.001", "model.training.learning_rate", "0.002", "0.001"),
        ("\"batch_size\": 4", "\"batch_size\": 2", "model.training.batch_size", "4", "2"),
        ("\"seed\": 4", "\"seed\": 5", "data.seed", "4", "5"),
        ("\"float32\"", "\"bfloat16\"", "model.training.precision", "\"float32\"", "\"bfloat16\""),
        (
            "\"warmup_steps\": 4", "\"warmup_steps\": 4, \"optimizer\": {\"beta2\": 0.99}", "model.training.optimizer.beta2",
            "0.95", "0.99"
        ),
    ])
    func settingsThatMustStay(_ old: String, _ new: String, _ key: String, _ stored: String, _ given: String) throws {
        let other = try TinyFiles.tokenizer(in: folder, as: "other.json", changing: [(old, new)])
        expect(checkpoint, key + " " + stored, "now " + given, file: other)
    }

    @Test func settingsThatMayChange() throws {
        let quiet = try TinyFiles.tokenizer(
            in: folder, as: "quiet.json",
            changing: [("\"sample_every\": 0", "\"sample_every\": 3, \"checkpoint_minutes\": 7"), ("\"log_every\": 5", "\"log_every\": 2")])
        #expect(try TokenizerRecipe.open(file: quiet, output: output, resume: true).notices.allSatisfy { !$0.hasPrefix("model.") })
        let longer = try TinyFiles.tokenizer(in: folder, as: "longer.json", steps: 30)
        let run = try TokenizerRecipe.open(file: longer, output: output, resume: true)
        #expect(run.step == 4)
        let changes = run.notices.filter { $0.hasPrefix("model.") }
        #expect(changes.count == 1 && changes[0].hasPrefix("model.training.steps was 20 and is now 30"))
    }

    @Test func keysThatCameLaterThanTheCheckpoint() throws {
        try rewrite { _, metadata in
            metadata["configuration"] = metadata["configuration"]?
                .replacingOccurrences(of: "\"latent_noise\" : 0,", with: "").replacingOccurrences(of: "\"levels\" : 4,", with: "")
        }
        #expect(try TokenizerRecipe.open(file: file, output: output, resume: true).step == 4)
    }
}
