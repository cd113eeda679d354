import ArgumentParser
import Files
import Foundation
import ModelFolders
import Tensors
import TextTokenizers
import Training

extension WireFormat: ExpressibleByArgument {}

/// `flowtok train`.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model of your own: a vocabulary, an image tokenizer, a flow, a generator of classes or captions.",
        discussion: """
            Each stage reads a JSON file and writes into a folder: log.csv, loss.png, samples and a checkpoint every few \
            minutes. Ctrl-C, SIGTERM and a closed terminal save and stop; --resume goes on to the same bits. Paths in the file are relative to the \
            current folder.

            An image tokenizer is of the kind that "kind" names in its file, and a generator too; without one, a \
            tokenizer is the FlowTiTok that a flow needs.

            EXAMPLES
              flowtok train vocabulary Models/default/training/vocabulary.json --output Runs/vocabulary
              flowtok train tokenizer Models/default/training/tokenizer.json --output Runs/tokenizer
              flowtok train flow Models/default/training/flow.json --output Runs/flow
              flowtok train flow Models/default/training/flow.json --output Runs/flow --resume
              flowtok train tokenizer Examples/training/titok.json --output Runs/titok
              flowtok train generator Examples/training/maskgit.json --output Runs/maskgit
              mpirun -n 8 flowtok train flow flow.json --output Runs/flow      with "groups": 8 in the file's training

            Started by mpirun or srun, of Open MPI or MPICH, several processes train together, each a rank that computes its \
            share of the groups of every step. What comes out depends on "groups", and never on the number of ranks.
            """,
        subcommands: [TrainVocabulary.self, TrainTokenizer.self, TrainFlow.self, TrainGenerator.self])
}

/// The options that every stage has.
struct StageOptions: ParsableArguments {
    @Argument(help: "The stage's configuration, a JSON file.", completion: .file(extensions: ["json"]))
    var file: String

    @Option(name: .shortAndLong, help: "The folder to write into.", completion: .directory)
    var output: String

    /// Protects the configuration, and the files and folders that it names.
    ///
    /// - Parameter resume: whether what lies in the output folder is this run's own.
    func protectInputs(resume: Bool = false) {
        ProtectedFiles.add([file])
        ConfigurationInputs.protect(file, except: resume ? output : nil)
    }
}

/// The options of a stage that takes gradient steps.
struct RunOptions: ParsableArguments {
    @OptionGroup var stage: StageOptions

    @Flag(help: "Go on with the run in the output folder.")
    var resume = false

    @Option(help: "Stop after this many steps in all, as Ctrl-C would.")
    var stopAfter: Int?

    @Option(help: "Threads to use (default: the cores that the process may use, divided among the ranks of a machine).")
    var threads: Int?

    @Option(
        help:
            "The type in which ranks send gradients, float32 or bfloat16: half the bytes, and results that depend on the number of ranks.")
    var wire = WireFormat.float32

    @Option(help: ArgumentHelp("How long a rank waits for the others before the run ends.", valueName: "seconds"))
    var rankTimeout = 600

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    func validate() throws {
        guard (1...86_400).contains(rankTimeout) else { throw ValidationError("--rank-timeout is \(rankTimeout), expected 1 to 86400") }
    }

    /// What a run writes again and again.
    private static let outputs = [
        "checkpoint.safetensors", "log.csv", "loss.png", "data.json", "text_encoder.safetensors", ModelFolder.configurationFile,
        ModelFolder.weightsFile, ModelFolder.vocabularyFile, "image_tokenizer.safetensors",
    ]

    private typealias Open = (_ file: String, _ output: String, _ resume: Bool, _ checking: (Int, Int) -> Void) throws -> TrainingRun

    /// Opens the run, trains with a progress line, and says what came of it: alone, or with the other ranks of a launcher.
    func train(
        _ open: (_ file: String, _ output: String, _ resume: Bool, _ checking: (Int, Int) -> Void) throws -> TrainingRun
    ) throws {
        let launcher = Launcher.find()
        if let threads {
            try setThreads(threads)
        } else if let local = launcher?.localSize, local > 1 {
            Machine.threads = max(1, min(Machine.threads, ProcessInfo.processInfo.activeProcessorCount / local))
        }
        StopRequest.install()
        let ranks: RankGroup?
        do {
            ranks = try RankGroup.join(wire: wire, timeout: .seconds(rankTimeout))
        } catch  where launcher.map({ $0.rank > 0 }) == true {
            // Each of them fails in the same way, and one says it.
            throw ExitCode(Failure(error).status.rawValue)
        }
        guard let ranks else { return try train(nil, open) }
        do {
            try RankGroup.$current.withValue(ranks) { try train(ranks, open) }
        } catch let code as ExitCode {
            throw code
        } catch {
            let failure = Failure(error)
            ranks.end(with: error) { Console.report(String(describing: failure)) }
            throw ExitCode(failure.status.rawValue)
        }
    }

    private func train(_ ranks: RankGroup?, _ open: Open) throws {
        let quiet = self.quiet || ranks?.isFirst == false
        stage.protectInputs(resume: resume)
        for name in Self.outputs {
            for folder in ["", "model"] { try ProtectedFiles.check(FilePath.join(FilePath.join(stage.output, folder), name)) }
        }
        let checking = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        func opened() throws -> TrainingRun {
            try open(stage.file, stage.output, resume) { done, total in
                checking.show(Double(done) / Double(max(total, 1)), "pictures looked at: \(done)/\(total)")
            }
        }
        let run = try ranks?.open(stopAfter: stopAfter, opened) ?? opened()
        checking.finish()
        if !quiet { run.notices.forEach(Console.report) }
        let line = ProgressLine(enabled: !quiet)
        var last = Date.distantPast
        let complete = try run.run(stopAfter: stopAfter) { progress in
            let now = Date()
            guard now.timeIntervalSince(last) > (line.isTerminal ? 0.2 : 60) || progress.step == progress.total else { return }
            last = now
            line.show(
                Double(progress.step) / Double(progress.total),
                String(
                    format: "step %d/%d  loss %.4f%@  %.1f images/s  %@ left", progress.step, progress.total, progress.loss,
                    progress.codebookUse.map { String(format: "  codebook in use %.0f %%", 100 * $0) } ?? "",
                    progress.samplesPerSecond, ProgressLine.duration(progress.secondsLeft)))
        } notice: {
            Console.report("warning: \($0)")
        } isStopped: {
            StopRequest.received != nil
        }
        line.finish()
        try ranks?.finish()
        if !quiet {
            Console.mention(
                complete
                    ? "trained \(run.step) steps: \(run.folder)"
                    : "stopped after \(run.step) steps; go on with --resume: \(run.folder)")
        }
        // What waits for this command must not take a stop for the end.
        if !complete, let signal = StopRequest.received ?? (run.isStopped ? SIGTERM : nil) { throw ExitCode(128 + signal) }
    }
}

struct TrainVocabulary: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vocabulary", abstract: "Learn a SentencePiece vocabulary from the captions of the data.")
    @OptionGroup var stage: StageOptions

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    func run() throws {
        stage.protectInputs()
        let vocabularyFile = FilePath.join(stage.output, ModelFolder.vocabularyFile)
        try ProtectedFiles.check(vocabularyFile)
        // Models may have been trained with the one that is there.
        if InputFile.isThere(vocabularyFile) { throw FileError.exists(path: vocabularyFile) }
        let line = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        let vocabulary = try VocabularyRecipe.run(file: stage.file, output: stage.output, report: Console.report) { done, total in
            line.show(Double(done) / Double(total), "captions \(done)/\(total)")
        }
        line.finish()
        if !quiet { Console.print("\(vocabulary.count) pieces: \(stage.output)/tokenizer.model") }
    }
}

struct TrainTokenizer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer", abstract: "Train an image tokenizer of any kind, a FlowTiTok with the text encoder that guides its decoder.")
    @OptionGroup var options: RunOptions

    func run() throws { try options.train(TokenizerKinds.open) }
}

struct TrainGenerator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generator", abstract: "Train a generator of classes or captions over the tokens of an image tokenizer.")
    @OptionGroup var options: RunOptions

    func run() throws { try options.train(GeneratorKinds.open) }
}

struct TrainFlow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flow", abstract: "Train the flow between text and image tokens, and the text decoder.")
    @OptionGroup var options: RunOptions

    func run() throws { try options.train(FlowRecipe.open) }
}
