import ArgumentParser
import Files
import FlowTok
import ModelFolders
import Tensors

/// Which model, and how much of the machine it gets.
struct ModelOptions: ParsableArguments {
    @Option(
        help: "A model folder (default: FLOWTOK_MODEL where it is set, else the model that flowtok ships).",
        completion: .directory)
    var model: String?

    @Option(parsing: .unconditional, help: "Threads to use (default: the cores that the process may use).")
    var threads: Int?

    @Option(
        name: [.customLong("precision"), .customLong("type")],
        help: ArgumentHelp(
            "The type of weights and matrix products: bfloat16 and int8 are faster where the CPU has them (default: what a packed model is packed as; bfloat16 for flowtok's own models where the CPU has it; float32)."
        ))
    var precision: Precision?

    func validate() throws {
        if let threads { try checkThreads(threads) }
    }

    /// Sets the threads, and says where a precision does not suit the machine.
    func prepare() {
        if let threads { Machine.threads = threads }
        if let precision, !precision.isAccelerated {
            Console.report("warning: this CPU has no instructions for \(precision.rawValue) products; they are slow here")
        }
    }

    /// Protects the model's files: no output may replace them.
    func protect() {
        guard let path = model ?? (try? DefaultModel.path()) else { return }
        ProtectedFiles.add([path])
    }

    /// What of it decides what comes out, for the identity of a batch.
    var settings: [String: String?] {
        let path = model ?? (try? DefaultModel.path())
        return [
            "model": path.map { BatchIdentity.digest(model: $0) }, "precision": precision?.rawValue,
            // Machines of other kinds round otherwise, and may have another precision by default.
            "kernels": Machine.kernelLevel + (Machine.usesOpenBLAS ? " with OpenBLAS" : ""),
        ]
    }

    /// Sets the threads and opens the model.
    func open() throws -> FlowTok {
        prepare()
        let opened =
            if let model {
                try FlowTok(model: model, precision: precision)
            } else {
                try FlowTok(precision: precision)
            }
        Console.warn(opened.warnings)
        return opened
    }
}

extension ModelOptions {
    /// Sets the threads and opens the model's image tokenizer, which need not be one of a FlowTok.
    func openTokenizer(clip: CLIPSource? = nil) throws -> AnyImageTokenizer {
        prepare()
        let opened = try AnyImageTokenizer(path: model ?? DefaultModel.path(), clip: clip, precision: precision)
        Console.warn(opened.warnings)
        return opened
    }
}

/// Throws where no pool of so many threads can be made.
func checkThreads(_ count: Int) throws {
    guard (1...64).contains(count) else { throw ValidationError("--threads is \(count), expected 1 to 64") }
}

/// Sets the number of threads.
func setThreads(_ count: Int) throws {
    try checkThreads(count)
    Machine.threads = count
}
