import ArgumentParser
import Files
import Foundation
import ModelFolders
import TextTokenizers
import Training

/// `flowtok train`.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a model of your own: a vocabulary, an image tokenizer, a flow, a generator of classes.",
        discussion: """
            Each stage reads a JSON file and writes into a folder: log.csv, loss.png, samples and a checkpoint every few \
            minutes. Ctrl-C, SIGTERM and a closed terminal save and stop; --resume goes on to the same bits. Paths in the file are relative to the \
            current folder.

            An image tokenizer is of the kind that "kind" names in its file, and a generator of classes too; without one, a \
            tokenizer is the FlowTiTok that a flow needs.

            EXAMPLES
              flowtok train vocabulary Models/default/training/vocabulary.json --output Runs/vocabulary
              flowtok train tokenizer Models/default/training/tokenizer.json --output Runs/tokenizer
              flowtok train flow Models/default/training/flow.json --output Runs/flow
              flowtok train flow Models/default/training/flow.json --output Runs/flow --resume
              flowtok train tokenizer Examples/training/titok.json --output Runs/titok
              flowtok train generator Examples/training/maskgit.json --output Runs/maskgit
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

    @Option(help: "Threads to use (default: the cores that the process may use).")
    var threads: Int?

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    /// What a run writes again and again.
    private static let outputs = [
        "checkpoint.safetensors", "log.csv", "loss.png", "data.json", "text_encoder.safetensors", ModelFolder.configurationFile,
        ModelFolder.weightsFile, ModelFolder.vocabularyFile, "image_tokenizer.safetensors",
    ]

    /// Opens the run, trains with a progress line, and says what came of it.
    func train(
        _ open: (_ file: String, _ output: String, _ resume: Bool, _ checking: (Int, Int) -> Void) throws -> TrainingRun
    ) throws {
        if let threads { try setThreads(threads) }
        StopRequest.install()
        stage.protectInputs(resume: resume)
        for name in Self.outputs {
            for folder in ["", "model"] { try ProtectedFiles.check(FilePath.join(FilePath.join(stage.output, folder), name)) }
        }
        let checking = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        let run = try open(stage.file, stage.output, resume) { done, total in
            checking.show(Double(done) / Double(max(total, 1)), "pictures looked at: \(done)/\(total)")
        }
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
        if !quiet {
            Console.mention(
                complete
                    ? "trained \(run.step) steps: \(run.folder)"
                    : "stopped after \(run.step) steps; go on with --resume: \(run.folder)")
        }
        // What waits for this command must not take a stop for the end.
        if !complete, let signal = StopRequest.received { throw ExitCode(128 + signal) }
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
        commandName: "generator", abstract: "Train a generator of classes over the tokens of an image tokenizer.")
    @OptionGroup var options: RunOptions

    func run() throws { try options.train(GeneratorKinds.open) }
}

struct TrainFlow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flow", abstract: "Train the flow between text and image tokens, and the text decoder.")
    @OptionGroup var options: RunOptions

    func run() throws { try options.train(FlowRecipe.open) }
}
