import ArgumentParser
import FlowTok
import Tensors

/// Which model, and how much of the machine it gets.
struct ModelOptions: ParsableArguments {
    @Option(
        help: "A model folder (default: FLOWTOK_MODEL where it is set, else the model that flowtok ships).",
        completion: .directory)
    var model: String?

    @Option(parsing: .unconditional, help: "Threads to use (default: the cores that the process may use).")
    var threads: Int?

    func validate() throws {
        if let threads { try checkThreads(threads) }
    }

    /// Sets the threads and opens the model.
    func open() throws -> FlowTok {
        if let threads { Machine.threads = threads }
        return if let model { try FlowTok(model: model) } else { try FlowTok() }
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
