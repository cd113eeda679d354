import Foundation
import Synchronization
import TestSupport
import Testing

/// The built `flowtok`, run as its users run it.
enum Tool {
    /// What a run left behind.
    struct Result {
        let status: Int32
        let output: String
        let errors: String

        /// Lines of standard output.
        var lines: [String] { output.split(separator: "\n").map(String.init) }
        /// Lines of standard error.
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
    }

    /// The executable beside the test bundle.
    static let path: String = {
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let beside = [link, CommandLine.arguments.first, Bundle.main.executablePath].compactMap { $0 }.map {
            (($0 as NSString).deletingLastPathComponent as NSString).appendingPathComponent("flowtok")
        }
        return beside.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "flowtok"
    }()

    /// Runs `flowtok` with the tiny model and waits for it.
    ///
    /// - Parameters:
    ///   - folder: the working directory.
    ///   - input: what standard input holds.
    ///   - environment: variables besides the inherited ones; the model is `TinyModel` unless one says otherwise.
    static func run(
        _ arguments: [String], in folder: Scratch, input: Data = Data(), environment: [String: String] = [:]
    ) throws -> Result {
        let (process, output, errors) = try start(arguments, in: folder, input: input, environment: environment)
        process.waitUntilExit()
        return Result(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Runs a line of Bash in which `$FT` is `flowtok`, for what streams and signals a shell sets up. Its status is the line's.
    static func shell(_ line: String, in folder: Scratch, environment: [String: String] = [:]) throws -> Result {
        let run = try folder.apart()
        let (output, errors) = (run / "output", run / "errors")
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = folder.url
        var variables = ProcessInfo.processInfo.environment
        variables["FLOWTOK_MODEL"] = try TinyModel.path()
        variables["FT"] = path
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: String(decoding: try Data(contentsOf: output), as: UTF8.self), errors: try String(contentsOf: errors, encoding: .utf8))
    }

    /// Starts `flowtok`; its output and errors go to the files returned.
    ///
    /// - Parameter addressLimit: the most bytes of addresses that it may have, as `ulimit -v` sets it.
    static func start(
        _ arguments: [String], in folder: Scratch, input: Data = Data(), environment: [String: String] = [:],
        addressLimit: Int? = nil
    ) throws -> (process: Process, output: URL, errors: URL) {
        let run = try folder.apart()
        let (inputFile, output, errors) = (run / "input", run / "output", run / "errors")
        try input.write(to: inputFile)
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let addressLimit {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "ulimit -v \(addressLimit >> 10) && exec \"$0\" \"$@\"", path] + arguments
        }
        process.currentDirectoryURL = folder.url
        var variables = ProcessInfo.processInfo.environment
        variables["FLOWTOK_MODEL"] = try TinyModel.path()
        variables["COLUMNS"] = "100"
        process.environment = variables.merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        return (process, output, errors)
    }
}

/// Expects a failure as the command line promises it: a status, one line on standard error that begins with "flowtok: " and
/// holds `text`, and nothing on standard output.
func expectFailure(
    _ result: Tool.Result, _ status: Int32, _ text: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("flowtok: "), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.output.isEmpty, "\(result.output)", sourceLocation: sourceLocation)
}
