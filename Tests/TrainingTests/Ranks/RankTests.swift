import Checkpoints
import Files
import Foundation
import Tensors
import TestSupport
import Testing
import Training

/// Runs of several processes over MPI.
@Suite(.serialized, .enabled(if: !MPILauncher.found.isEmpty, MPILauncher.isMissing)) struct RankTests {
    let folder: TemporaryFolder
    var output: String { folder.url.path + "/run" }
    var checkpoint: String { checkpointPath(output) }

    init() throws { folder = try TemporaryFolder() }

    /// The configuration of a run with four groups to a step.
    private func configuration(_ kind: TinyRun = .tokenizer, steps: Int = 12, _ changes: [(String, String)] = []) throws -> String {
        let groups = ("\"batch_size\": 4", "\"batch_size\": 8, \"groups\": 4")
        let name = "\(UInt32.random(in: 0 ... .max)).json"
        switch kind {
        case .tokenizer: return try TinyFiles.tokenizer(in: folder, as: name, steps: steps, changing: [groups] + changes)
        case .flow: return try TinyFiles.flow(in: folder, over: TinyTraining.tokenizerFolder(), as: name, steps: steps, changing: [groups] + changes)
        }
    }

    /// What one process makes of a configuration.
    private func alone(_ file: String, _ kind: TinyRun = .tokenizer) throws -> String {
        let output = folder.url.path + "/alone-\(UInt32.random(in: 0 ... .max))"
        switch kind {
        case .tokenizer: try TokenizerRecipe.open(file: file, output: output, resume: false).run()
        case .flow: try FlowRecipe.open(file: file, output: output, resume: false).run()
        }
        return output
    }

    private func waitForSteps(_ count: Int) throws {
        for _ in 0..<1000 {
            if (try? logRows(output).rows.count) ?? 0 >= count { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
        Issue.record("no steps were taken")
    }

    /// The processes of the run, the first rank first.
    private func ranks() throws -> [pid_t] {
        var found: [pid_t] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let number = pid_t(name), let line = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(name)/cmdline")) else { continue }
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            if words.first == Executable.path, words.contains(output) { found.append(number) }
        }
        return found.sorted()
    }

    // MARK: - The same bits

    @Test("One, two and four ranks come to the same bits", arguments: MPILauncher.found, TinyRun.allCases)
    func bits(launcher: MPILauncher, kind: TinyRun) throws {
        let file = try configuration(kind)
        let one = try alone(file, kind)
        for count in [2, 4] {
            let output = self.output + "\(count)"
            let run = try launcher.train(count, [kind.rawValue, file, "--output", output], in: folder)
            #expect(run.status() == 0 && run.messages.isEmpty, "\(run.complaints)")
            #expect(try contents(checkpointPath(one)) == contents(checkpointPath(output)), "\(count) ranks")
            for name in kind.exported { #expect(try contents(one + "/" + name) == contents(output + "/" + name), "\(name)") }
            // All columns but the one of speed.
            func figures(_ folder: String) throws -> [[String]] {
                let (columns, rows) = try logRows(folder)
                return rows.map { row in zip(columns + [""], row).filter { $0.0 != "samples_per_second" }.map(\.1) }
            }
            #expect(try figures(one) == figures(output))
        }
    }

    @Test("Two ranks go on with what four began, and one with what they leave", arguments: MPILauncher.found)
    func resuming(launcher: MPILauncher) throws {
        let file = try configuration(.flow)
        let one = try alone(file, .flow)
        let arguments = ["flow", file, "--output", output]
        #expect(try launcher.train(4, arguments + ["--stop-after", "4"], in: folder).status() == 0)
        let second = try launcher.train(2, arguments + ["--stop-after", "8", "--resume"], in: folder)
        #expect(second.status() == 0, "\(second.complaints)")
        try FlowRecipe.open(file: file, output: output, resume: true).run()
        #expect(try contents(checkpointPath(one)) == contents(checkpoint))
    }

    @Test("Three ranks add up blocks of the tree that are no nodes of it", arguments: MPILauncher.found.prefix(1))
    func unevenBlocks(launcher: MPILauncher) throws {
        let file = try TinyFiles.tokenizer(in: folder, steps: 6, changing: [("\"batch_size\": 4", "\"batch_size\": 12, \"groups\": 12")])
        let one = try alone(file)
        for count in [2, 3] {
            let run = try launcher.train(count, ["tokenizer", file, "--output", output + "\(count)"], in: folder)
            #expect(run.status() == 0, "\(run.complaints)")
            #expect(try contents(checkpointPath(one)) == contents(checkpointPath(output + "\(count)")))
        }
    }

    @Test("Gradients in bfloat16 come near", arguments: MPILauncher.found)
    func wire(launcher: MPILauncher) throws {
        let file = try configuration()
        let one = try alone(file)
        let run = try launcher.train(2, ["tokenizer", file, "--output", output, "--wire", "bfloat16"], in: folder)
        #expect(run.status() == 0, "\(run.complaints)")
        let (exact, near) = try (Checkpoint(path: checkpointPath(one)), Checkpoint(path: checkpoint))
        let name = "averages/image_tokenizer.encoder.ln_post.weight"
        #expect(exact.names == near.names)
        let (a, b) = try (exact.tensor(name).values, near.tensor(name).values)
        let distance = zip(a, b).map { abs($0 - $1) }.max() ?? 1
        #expect(distance > 0 && distance < 0.01, "\(distance)")
    }

    // MARK: - Ends

    @Test("A signal to one rank stops all of them after the same step", arguments: MPILauncher.found, [0, 2])
    func signal(launcher: MPILauncher, rank: Int) throws {
        let file = try configuration(steps: 100_000, [("\"log_every\": 5", "\"log_every\": 1")])
        let run = try launcher.train(3 + 1, ["tokenizer", file, "--output", output], in: folder)
        try waitForSteps(3)
        let processes = try ranks()
        #expect(processes.count == 4)
        kill(processes[rank], SIGTERM)
        #expect(run.status() == 128 + SIGTERM && run.messages.isEmpty, "\(run.complaints)")
        let reached = try #require(try step(checkpoint))
        #expect(try reached > 0 && logRows(output).rows.last?.first == "\(reached)")
        // One process that takes as many steps comes to the same.
        let again = folder.url.path + "/again"
        try TokenizerRecipe.open(file: file, output: again, resume: false).run(stopAfter: reached)
        #expect(try contents(checkpointPath(again)) == contents(checkpoint))
    }

    @Test("A rank that hangs ends the run within its timeout, with a checkpoint", arguments: MPILauncher.found)
    func hanging(launcher: MPILauncher) throws {
        let file = try configuration(steps: 100_000, [("\"log_every\": 5", "\"log_every\": 1")])
        let run = try launcher.train(2, ["tokenizer", file, "--output", output, "--rank-timeout", "2"], in: folder)
        try waitForSteps(3)
        let last = try #require(try ranks().last)
        let started = Date()
        kill(last, SIGSTOP)
        defer { kill(last, SIGKILL) }
        // Launchers count processes that they kill in ways of their own.
        #expect(run.status() != 0)
        #expect(Date().timeIntervalSince(started) < 30)
        #expect(run.messages.count == 1 && run.messages.first?.contains("nothing came from the other ranks for 2 s") == true, "\(run.complaints)")
        #expect(try step(checkpoint) ?? 0 >= 3)
    }

    @Test("A rank that is killed leaves a run that can be resumed", arguments: MPILauncher.found)
    func killed(launcher: MPILauncher) throws {
        let file = try configuration(steps: 40, [("\"log_every\": 5", "\"log_every\": 1, \"checkpoint_minutes\": 1e-9")])
        let one = try alone(file)
        let run = try launcher.train(2, ["tokenizer", file, "--output", output], in: folder)
        try waitForSteps(3)
        if let last = try ranks().last { kill(last, SIGKILL) }
        #expect(run.status() != 0)
        let again = try launcher.train(2, ["tokenizer", file, "--output", output, "--resume"], in: folder)
        #expect(again.status() == 0, "\(again.complaints)")
        #expect(try TrainingTests.bits(checkpointPath(one)) == TrainingTests.bits(checkpoint))
    }

    @Test("What goes wrong on one rank is said once, and what was learnt is kept", arguments: MPILauncher.found)
    func badPicture(launcher: MPILauncher) throws {
        let file = try configuration(steps: 100_000, [("\"log_every\": 5", "\"log_every\": 1")])
        let run = try launcher.train(2, ["tokenizer", file, "--output", output], in: folder)
        try waitForSteps(3)
        for number in 0..<6 { try folder.write("images/\(number).png", "no picture") }
        let status = run.status()
        #expect(launcher.kind == .mpich ? status != 0 : status == 65)
        #expect(run.messages.count == 1 && run.messages.first?.contains(".png") == true, "\(run.complaints)")
        #expect(try step(checkpoint) ?? 0 >= 3)
    }

    @Test(
        "A disk that is full for the first rank ends all of them", .enabled(if: getuid() == 0, "only root may mount a small disk"),
        arguments: MPILauncher.found)
    func fullDisk(launcher: MPILauncher) throws {
        let file = try configuration()
        let command = MPILauncher.command(["tokenizer", file, "--output", output])
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        // A disk that this process alone sees, and that goes with it.
        let limited = ["/usr/bin/unshare", "-m", "/bin/sh", "-c", "mount -t tmpfs -o size=64k none '\(output)'; exec \"$0\" \"$@\""] + command
        let run = try launcher.start([(1, limited), (1, command)], in: folder)
        #expect(run.status() != 0)
        #expect(
            run.messages.count == 1 && run.messages.first?.contains("checkpoint.safetensors: cannot be written: No space left on device") == true,
            "\(run.complaints)")
    }

    // MARK: - Bad input

    private func refused(_ run: Executable.Running, _ status: Int32, _ message: String, _ location: SourceLocation = #_sourceLocation) {
        let ended = run.status()
        // What a launcher kills in the meantime may count for more than what the processes say.
        #expect(ended == status || ended == 9, "status \(ended)", sourceLocation: location)
        #expect(run.messages.count == 1 && run.messages.first?.contains(message) == true, "\(run.complaints)", sourceLocation: location)
    }

    @Test("Ranks that do not divide the groups are refused", arguments: MPILauncher.found)
    func ranksThatDoNotDivide(launcher: MPILauncher) throws {
        let run = try launcher.train(3, ["tokenizer", configuration(), "--output", output], in: folder)
        refused(run, 64, "training.groups is 4, which 3 ranks do not divide")
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    @Test("Ranks with different configurations are refused", arguments: MPILauncher.found)
    func otherConfiguration(launcher: MPILauncher) throws {
        let (first, second) = try (configuration(), configuration(.tokenizer, steps: 12, [("0.002", "0.003")]))
        let run = try launcher.start(
            [first, second].map { (1, MPILauncher.command(["tokenizer", $0, "--output", output])) }, in: folder)
        refused(run, 64, "rank 1 was started with another configuration than rank 0: model.training.learning_rate 0.003")
        #expect(!FileManager.default.fileExists(atPath: checkpoint))
    }

    @Test("Ranks with different checkpoints are refused", arguments: MPILauncher.found)
    func otherCheckpoint(launcher: MPILauncher) throws {
        let file = try configuration()
        let outputs = ["a", "b"].map { folder.url.path + "/" + $0 }
        for (index, output) in outputs.enumerated() {
            try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: 3 + index)
        }
        let run = try launcher.start(
            outputs.map { (1, MPILauncher.command(["tokenizer", file, "--output", $0, "--resume"])) }, in: folder)
        refused(run, 64, "rank 1 was started with another checkpoint than rank 0: one of step 4, expected one of step 3")
        let missing = try launcher.start(
            [outputs[0], output].map { (1, MPILauncher.command(["tokenizer", file, "--output", $0, "--resume"])) }, in: folder)
        refused(missing, 66, "rank 1: \(output) holds no checkpoint to resume from")
    }

    @Test("Codes that move to where vectors are need one process that sees them all", arguments: MPILauncher.found)
    func revivingCodes(launcher: MPILauncher) throws {
        let file = try TinyKinds.file(TinyKinds.tiTokVQ, in: folder, changing: [("\"batch_size\": 4", "\"batch_size\": 8, \"groups\": 4")])
        let run = try launcher.train(2, ["tokenizer", file, "--output", output], in: folder)
        refused(run, 65, "clustering_vq is true, expected false where several processes train")
        #expect(!FileManager.default.fileExists(atPath: output))
    }

    @Test("Processes of srun that do not know each other are refused")
    func plainSrun() throws {
        let variables = ["SLURM_PROCID": "0", "SLURM_NTASKS": "2"]
        let arguments = ["train", "tokenizer", try configuration(), "--output", output]
        let run = try Executable.start(arguments, variables: variables, in: folder)
        refused(run, 64, "expected srun --mpi=pmix (Open MPI) or srun --mpi=pmi2 (MPICH)")
        // One of them says it.
        let other = try Executable.start(arguments, variables: ["SLURM_PROCID": "1", "SLURM_NTASKS": "2"], in: folder)
        #expect(other.status() == 64 && other.complaints.isEmpty)
    }

    @Test("The library of another MPI than the launcher's is refused", arguments: MPILauncher.found)
    func otherLibrary(launcher: MPILauncher) throws {
        guard MPILauncher.found.count == 2 else { return }
        let other = launcher.kind == .openmpi ? "mpich" : "openmpi"
        let run = try launcher.train(2, ["tokenizer", configuration(), "--output", output], variables: ["FLOWTOK_MPI": other], in: folder)
        refused(run, 64, "sees a single one")
        let unknown = try launcher.train(2, ["tokenizer", configuration(), "--output", output], variables: ["FLOWTOK_MPI": "pvm"], in: folder)
        refused(unknown, 64, "FLOWTOK_MPI is \"pvm\", expected openmpi or mpich")
    }
}
