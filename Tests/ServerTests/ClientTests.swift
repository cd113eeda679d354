import Foundation
import Networks
import Server
import TestSupport
import Testing

/// The clients that people have, as they are published. The interpreter is `FLOWTOK_TEST_PYTHON`, or python3.
@Suite(.serialized) struct ClientTests {
    @Test(.enabled(if: Python.has("openai"), "needs the Python package openai (see FLOWTOK_TEST_PYTHON)"))
    func openAIsClientDrawsAndCaptions() async throws {
        let live = try await LiveServer { $0.apiKey = "secret" }
        let (status, output) = try await Python.run([Python.script("openai_client.py"), "http://127.0.0.1:\(live.port)", "secret"])
        #expect(status == 0 && output.hasSuffix("ok\n"), "\(output)")
    }

    @Test(.enabled(if: Python.has("webuiapi"), "needs the Python package webuiapi (see FLOWTOK_TEST_PYTHON)"))
    func webuiapiDrawsAndCaptions() async throws {
        let live = try await LiveServer { $0.apiKey = "secret" }
        let (status, output) = try await Python.run([Python.script("webuiapi_client.py"), String(live.port), "secret"])
        #expect(status == 0 && output.hasSuffix("ok\n"), "\(output)")
    }

    @Test(.enabled(if: Python.has("schemathesis"), "needs the Python package schemathesis (see FLOWTOK_TEST_PYTHON)"))
    func nothingThatTheDescriptionAllowsIsAFaultOfTheServer() async throws {
        let live = try await LiveServer { $0.maximumSteps = 20 }
        let (status, output) = try await Python.run([
            "-m", "schemathesis.cli", "run", "http://127.0.0.1:\(live.port)/openapi.json", "--checks", "not_a_server_error", "--max-examples", "15",
            "--phases", "examples,coverage,fuzzing", "--seed", "1", "--request-timeout", "30", "--no-color",
        ])
        #expect(status == 0, "\(output.suffix(6000))")
        try await live.settle()
    }
}

/// An interpreter of Python with packages.
enum Python {
    private static let path = ProcessInfo.processInfo.environment["FLOWTOK_TEST_PYTHON"] ?? "python3"

    static func has(_ package: String) -> Bool {
        let process = process(["-c", "import \(package)"])
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static func script(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Clients/\(name)").path
    }

    /// Runs it without holding a thread that the server needs.
    static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        let folder = try TemporaryFolder()
        let file = try folder.write("output", "")
        let process = process(arguments)
        process.currentDirectoryURL = folder.url
        let handle = try FileHandle(forWritingTo: file)
        process.standardOutput = handle
        process.standardError = handle
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        return (status, try String(contentsOf: file, encoding: .utf8))
    }

    private static func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [path] + arguments
        return process
    }
}

/// The page in a browser.
@Suite struct PageTests {
    private static let isThere = ["chromium", "chromium-browser", "google-chrome"].contains { name in
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    @Test(.enabled(if: isThere && Python.has("json"), "needs Chromium and Python"), .timeLimit(.minutes(10)))
    func thePageDrawsScrubsMorphsCaptionsAndRemembers() async throws {
        let folder = try TemporaryFolder()
        try TinyFamilies.writeFolder(TinyFamilies.maskGIT, tokenizer: TinyFamilies.tiTok(), to: folder("classes"))
        let live = try await LiveServer(folders: [TinyModel.path(), folder("classes")]) { $0.maximumSteps = 10_000 }
        let (status, output) = try await Python.run([Python.script("page_client.py"), "http://127.0.0.1:\(live.port)", "", "10000", "1000"])
        #expect(status == 0 && output.hasSuffix("ok\n"), "\(output)")
    }
}
