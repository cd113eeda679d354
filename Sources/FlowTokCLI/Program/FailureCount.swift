/// What went wrong with some of several files: each is reported at once, and the exit status tells at the end.
struct FailureCount {
    private var failures: [Failure] = []

    var count: Int { failures.count }

    /// Reports an error, and counts it.
    mutating func add(_ error: any Error) {
        let failure = Failure(error)
        failures.append(failure)
        Console.report(failure.message)
    }

    /// Throws where something was counted: with the status that all of them have, or that of bad data where they differ.
    ///
    /// - Parameter what: what became of them, "pictures could not be captioned".
    func finish(of total: Int, _ what: String) throws {
        guard let first = failures.first?.status else { return }
        let status = failures.allSatisfy { $0.status == first } ? first : .data
        throw Failure(status, "\(failures.count) of \(total) \(what)")
    }
}
