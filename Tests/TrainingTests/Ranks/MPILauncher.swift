import Foundation
import TestSupport
import Testing

/// An `mpirun` of this machine.
struct MPILauncher: Sendable, CustomStringConvertible {
    enum Kind: String, CaseIterable { case openmpi, mpich }

    let kind: Kind
    let path: String

    var description: String { kind.rawValue }

    /// Those that are installed, in the names that Debian gives them.
    static let found: [MPILauncher] = Kind.allCases.compactMap { kind in
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let path = folders.map { "\($0)/mpirun.\(kind.rawValue)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
        return path.map { MPILauncher(kind: kind, path: $0) }
    }

    static let isMissing: Comment = "no mpirun.openmpi or mpirun.mpich is installed"

    /// Groups of processes, each a number of processes and what they run.
    func start(
        _ groups: [(count: Int, command: [String])], variables: [String: String] = [:], in folder: TemporaryFolder
    ) throws -> Executable.Running {
        let options = kind == .openmpi ? ["--allow-run-as-root", "--oversubscribe"] : []
        let parts = groups.map { ["-n", "\($0.count)"] + $0.command }
        return try Executable.start(
            options + Array(parts.joined(separator: [":"])), by: path,
            // Open MPI's processes write into each other's memory, which a container may forbid; it says so on standard error.
            variables: ["OMPI_MCA_btl_vader_single_copy_mechanism": "none"].merging(variables) { $1 }, in: folder)
    }

    /// `flowtok train` on some ranks of one thread each.
    func train(
        _ count: Int, _ arguments: [String], variables: [String: String] = [:], in folder: TemporaryFolder
    ) throws -> Executable.Running {
        try start([(count, Self.command(arguments))], variables: variables, in: folder)
    }

    static func command(_ arguments: [String]) -> [String] {
        [Executable.path, "train"] + arguments + ["--threads", "1", "--quiet"] + (arguments.contains("--rank-timeout") ? [] : ["--rank-timeout", "60"])
    }
}

extension Executable.Running {
    /// The lines that flowtok itself wrote to standard error, whatever its launcher added.
    var messages: [String] {
        complaints.split(whereSeparator: \.isNewline).map(String.init).filter { $0.hasPrefix("flowtok: ") }
    }
}
