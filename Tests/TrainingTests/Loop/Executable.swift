import Foundation
import TestSupport

/// The built `flowtok`, which lies beside the test bundle.
enum Executable {
    static let path: String = {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = [link, CommandLine.arguments.first, Bundle.main.executablePath].compactMap { $0 }.map {
            (($0 as NSString).deletingLastPathComponent as NSString).appendingPathComponent("flowtok")
        }
        return beside.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "flowtok"
    }()

    /// A process that runs, and where its output and its errors go.
    struct Running {
        let process: Process
        let output: URL
        let errors: URL

        /// How it ended, as a shell counts it, once it has.
        func status() -> Int32 {
            process.waitUntilExit()
            return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        }

        /// What it wrote to standard output and to standard error so far.
        var said: String { Running.text(output) }
        var complaints: String { Running.text(errors) }

        private static func text(_ file: URL) -> String { String(decoding: (try? Data(contentsOf: file)) ?? Data(), as: UTF8.self) }
    }

    /// Starts `flowtok`, or another program.
    static func start(
        _ arguments: [String], by program: String = path, variables: [String: String] = [:], in folder: TemporaryFolder
    ) throws -> Running {
        let name = "process-\(UInt64.random(in: 0 ... .max))"
        let output = try folder.write(name + ".out", "")
        let errors = try folder.write(name + ".err", "")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        return Running(process: process, output: output, errors: errors)
    }
}
