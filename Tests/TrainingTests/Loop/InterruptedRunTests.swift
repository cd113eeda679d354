import Checkpoints
import Foundation
import TestSupport
import Testing
import Training

/// Runs of the built program that are killed or told to stop.
@Suite(.serialized) struct InterruptedRunTests {
    let folder: TemporaryFolder
    var output: String { folder.url.path + "/run" }
    var checkpoint: String { checkpointPath(output) }

    init() throws { folder = try TemporaryFolder() }

    private func waitForCheckpoint() throws {
        for _ in 0..<1000 {
            if FileManager.default.fileExists(atPath: checkpoint) { return }
            Thread.sleep(forTimeInterval: 0.01)
        }
        Issue.record("no checkpoint appeared")
    }

    @Test("Killed again and again, a run comes to the same bits")
    func killed() throws {
        let steps = 60
        let file = try TinyFiles.tokenizer(in: folder, steps: steps)
        let whole = try TemporaryFolder()
        try TokenizerRecipe.open(file: file, output: whole.url.path, resume: false).run()
        // The same run, with a checkpoint after every step.
        let hasty = try TinyFiles.tokenizer(
            in: folder, as: "hasty.json", steps: steps,
            changing: [("\"log_every\": 5", "\"log_every\": 1, \"checkpoint_minutes\": 1e-9")])
        let arguments = ["train", "tokenizer", hasty, "--output", output, "--quiet"]
        var reached = 0
        for _ in 0..<6 {
            let started = FileManager.default.fileExists(atPath: checkpoint)
            let run = try Executable.start(arguments + (started ? ["--resume"] : []), in: folder)
            if !started { try waitForCheckpoint() }
            Thread.sleep(forTimeInterval: .random(in: 0.05...0.3))
            kill(run.process.processIdentifier, SIGKILL)
            #expect([128 + SIGKILL, 0].contains(run.status()), "\(run.complaints)")
            let now = try #require(try step(checkpoint))
            #expect(now >= reached)
            reached = now
            try Checkpoint(path: checkpoint).checkFinite()
            // Every file is one that was written whole.
            if FileManager.default.fileExists(atPath: output + "/model/config.json") {
                _ = try TokenizerFolder(path: output)
            }
        }
        try folder.write("run/.flowtok-left.tmp", "half a checkpoint")
        let last = try Executable.start(arguments + ["--resume"], in: folder)
        #expect(last.status() == 0, "\(last.complaints)")
        #expect(try bits(checkpoint) == bits(checkpointPath(whole.url.path)))
        let left = try FileManager.default.contentsOfDirectory(atPath: output).filter { $0.hasSuffix(".tmp") }
        #expect(left.isEmpty)
        let steps1 = try logRows(output).rows.compactMap { $0.first.flatMap { Int($0) } }
        #expect(steps1 == steps1.sorted() && Set(steps1).count == steps1.count && steps1.last == steps)
    }

    @Test("A run that is interrupted says how to go on, and goes on", arguments: [SIGINT, SIGTERM, SIGHUP])
    func interrupted(_ number: Int32) throws {
        let file = try TinyFiles.tokenizer(in: folder, steps: 1_000_000)
        let arguments = ["train", "tokenizer", file, "--output", output]
        let run = try Executable.start(arguments, in: folder)
        try waitForCheckpoint()
        Thread.sleep(forTimeInterval: 0.2)
        kill(run.process.processIdentifier, number)
        #expect(run.status() == 128 + number, "\(run.complaints)")
        let reached = try #require(try step(checkpoint))
        #expect(run.said.contains("stopped after \(reached) steps; go on with --resume"))
        let again = try Executable.start(arguments + ["--resume", "--stop-after", "\(reached + 3)"], in: folder)
        #expect(again.status() == 0, "\(again.complaints)")
        #expect(try step(checkpoint) == reached + 3)
    }

    @Test("A run outlives its log", arguments: ["2>/dev/full >/dev/full", "2>&1 | head -n 0", "2>&- >&-"])
    func deadLog(streams: String) throws {
        let file = try TinyFiles.tokenizer(in: folder, steps: 12)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "\"$0\" train tokenizer \"$1\" --output \"$2\" \(streams); exit ${PIPESTATUS[0]}", Executable.path, file, output]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 0)
        #expect(try step(checkpoint) == 12)
    }

    @Test("A pipe's signal ends nothing, and a log that cannot be written is told once")
    func unwritableLog() throws {
        let file = try TinyFiles.tokenizer(in: folder, steps: 400)
        try folder.write("run/log.csv/in-the-way", "x")
        let run = try Executable.start(["train", "tokenizer", file, "--output", output, "--quiet"], in: folder)
        try waitForCheckpoint()
        kill(run.process.processIdentifier, SIGPIPE)
        #expect(run.status() == 0, "\(run.complaints)")
        #expect(try step(checkpoint) == 400)
        let lines = run.complaints.split(separator: "\n")
        #expect(lines.count == 1 && run.complaints.contains("log.csv") && run.complaints.contains("the training goes on"), "\(run.complaints)")
    }

    @Test("No run writes over what it is made from")
    func keptInputs() throws {
        _ = try TinyFiles.tokenizer(in: folder, steps: 2)
        let vocabulary = folder("vocabulary/tokenizer.model")
        let before = try Data(contentsOf: URL(fileURLWithPath: vocabulary))
        try folder.write("other/model/tokenizer.model", before)
        let circle = try TinyFiles.tokenizer(in: folder, as: "circle.json", changing: [("/vocabulary\"", "/other/model\"")])
        let over = try Executable.start(["train", "tokenizer", circle, "--output", folder("other")], in: folder)
        #expect(over.status() == 64 && over.complaints.contains("would be written over"), "\(over.complaints)")
        let recipe = try folder.write(
            "vocabulary.json", "{\"data\": {\"images\": \"\(folder("images"))\"}, \"captions\": 6, \"vocab_size\": 300}"
        ).path
        let again = try Executable.start(["train", "vocabulary", recipe, "--output", folder("vocabulary")], in: folder)
        #expect(again.status() == 64 && again.complaints.contains("is there already"), "\(again.complaints)")
        #expect(try Data(contentsOf: URL(fileURLWithPath: vocabulary)) == before)
    }

    @Test("A resumed run with fewer steps to go says so, and is refused for what changes its numbers")
    func changed() throws {
        let file = try TinyFiles.tokenizer(in: folder, steps: 4)
        func train(_ file: String, _ more: [String] = []) throws -> (status: Int32, errors: String) {
            let run = try Executable.start(["train", "tokenizer", file, "--output", output] + more, in: folder)
            return (run.status(), run.complaints)
        }
        #expect(try train(file).status == 0)
        let again = try train(file)
        #expect(again.status == 64 && again.errors.contains("already holds a run"))
        let longer = try TinyFiles.tokenizer(in: folder, as: "longer.json", steps: 6)
        let resumed = try train(longer, ["--resume"])
        #expect(resumed.status == 0 && resumed.errors.contains("model.training.steps was 4 and is now 6"))
        let other = try TinyFiles.tokenizer(
            in: folder, as: "other.json", steps: 6, changing: [("0.002", "0.003")])
        let refused = try train(other, ["--resume"])
        #expect(refused.status == 65 && refused.errors.contains("model.training.learning_rate"))
        #expect(refused.errors.split(separator: "\n").count == 1)
        let missing = try train(folder.url.path + "/no.json")
        #expect(missing.status == 66 && missing.errors.contains("no.json"))
    }
}
