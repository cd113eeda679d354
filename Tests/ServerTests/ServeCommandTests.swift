import Files
import Foundation
import Server
import TestSupport
import Testing

/// The built `flowtok-serve`, run as its users run it.
@Suite struct ServeCommandTests {
    /// A running server.
    private final class Program {
        let process = Process()
        private let errors: URL
        private let folder: TemporaryFolder

        init(_ arguments: [String], environment: [String: String] = [:]) throws {
            folder = try TemporaryFolder()
            errors = try folder.write("errors", "")
            let link = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let beside = [link, CommandLine.arguments.first, Bundle.main.executablePath].compactMap { $0 }.map {
                (($0 as NSString).deletingLastPathComponent as NSString).appendingPathComponent("flowtok-serve")
            }
            process.executableURL = URL(
                fileURLWithPath: try #require(beside.first { FileManager.default.isExecutableFile(atPath: $0) }, "flowtok-serve is not built"))
            process.arguments = arguments
            var variables = ProcessInfo.processInfo.environment
            variables["FLOWTOK_MODEL"] = try TinyModel.path()
            variables["FLOWTOK_API_KEY"] = nil
            process.environment = variables.merging(environment) { $1 }
            process.standardError = try FileHandle(forWritingTo: errors)
            process.standardOutput = FileHandle.nullDevice
            try process.run()
        }

        deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

        var log: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

        /// Waits for the port that the log names, and the model.
        func port() async throws -> Int {
            for _ in 0..<6000 {
                if log.contains("ready"), let found = log.firstMatch(of: /:\/\/[^\s"]*:(\d+)/), let port = Int(found.1) { return port }
                if !process.isRunning { break }
                try await Task.sleep(for: .milliseconds(20))
            }
            throw HTTPClient.Problem("no server: \(log)")
        }

        func end() async throws -> Int32 {
            for _ in 0..<6000 where process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
            return process.isRunning ? -1 : process.terminationStatus
        }
    }

    @Test func itServesAndEndsWhenItIsAskedTo() async throws {
        let program = try Program(["--port", "0", "--log-format", "json", "--threads", "1", "--precision", "f32"])
        let port = try await program.port()
        let reply = try await HTTPClient(port: port).post("/v1/images/generations", ["prompt": "a cat", "n": 2])
        #expect(reply.status == 200)
        #expect(try await HTTPClient(port: port).get("/metrics").status == 404)
        kill(program.process.processIdentifier, SIGTERM)
        #expect(try await program.end() == 0)
        for line in program.log.split(separator: "\n") {
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            #expect(entry?["level"] != nil && entry?["message"] != nil && entry?["time"] != nil)
        }
        let id = try #require(reply.headers["x-request-id"])
        #expect(program.log.contains("\"request_id\":\"\(id)\""))
    }

    @Test func itEndsInTimeWithWorkThatHasNoEnd() async throws {
        let program = try Program(["--port", "0", "--drain", "0.5", "--max-steps", "10000", "--max-count", "1000", "--quiet"])
        // Nothing but warnings is logged, so that the port is found by asking the system.
        var port: Int?
        for _ in 0..<6000 where port == nil {
            port = Self.listeningPort(of: program.process.processIdentifier)
            try await Task.sleep(for: .milliseconds(20))
        }
        let client = HTTPClient(port: try #require(port))
        while try await client.get("/health").status != 200 { try await Task.sleep(for: .milliseconds(20)) }
        let work = Task { try await client.post("/v1/images/generations", LiveServer.endless) }
        while try await client.get("/health").json["queue"]?["running"] != 1 { try await Task.sleep(for: .milliseconds(10)) }
        kill(program.process.processIdentifier, SIGTERM)
        #expect(try await program.end() == 0)
        // It ended before the work did.
        #expect((try? await work.value)?.status != 200)
        #expect(program.log.isEmpty)
    }

    @Test func afterAKillThePortIsFreeAtOnce() async throws {
        let first = try Program(["--port", "0"])
        let port = try await first.port()
        #expect(try await HTTPClient(port: port).get("/health").status == 200)
        let taken = try Program(["--port", String(port)])
        #expect(try await taken.end() == 69 && taken.log.contains("port \(port) of 127.0.0.1 is in use, expected a free one"))
        kill(first.process.processIdentifier, SIGKILL)
        _ = try await first.end()
        let second = try Program(["--port", String(port)])
        #expect(try await second.port() == port)
        #expect(try await HTTPClient(port: port).post("/v1/images/generations", ["prompt": "a cat"]).status == 200)
    }

    @Test(arguments: [
        (["--host", "0.0.0.0"], "expected --api-key, --api-key-file or FLOWTOK_API_KEY, or --insecure", 64), (["--port", "70000"], "--port is 70000", 64),
        (["--slots", "0"], "--slots is 0, expected 1 to 64", 64), (["--timeout", "0"], "--timeout is 0.0", 64), (["--size-policy", "crop"], "crop", 64),
        (["--api-key", "a", "--api-key-file", "b"], "are both given", 64), (["--api-key", ""], "--api-key is empty", 64),
        (["--api-key-file", "/nowhere/key"], "/nowhere/key: no such file", 66), (["--model", "/nowhere"], "no model at /nowhere", 66),
        (["--nonsense"], "--nonsense", 64), (["--port", "0", "--model", "/etc"], "/etc", 65),
    ])
    func wrongUseIsRefused(_ arguments: [String], _ message: String, _ status: Int32) async throws {
        let program = try Program(arguments)
        let ended = try await program.end()
        let last = program.log.split(separator: "\n").last ?? ""
        #expect(last.hasPrefix("flowtok-serve: ") && last.contains(message), "\(program.log)")
        // What is no model folder is data of another kind, or a file that is missing.
        #expect(ended == status || (status == 65 && ended == 66))
    }

    @Test func theKeyMayComeFromAFileOrTheEnvironment() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("key", "s3cret\n")
        for (arguments, environment) in [(["--api-key-file", file.path], [:]), ([], ["FLOWTOK_API_KEY": "s3cret"])] {
            let program = try Program(["--port", "0", "--host", "0.0.0.0"] + arguments, environment: environment)
            let client = HTTPClient(port: try await program.port())
            #expect(try await client.get("/v1/models").status == 401)
            #expect(try await client.get("/v1/models", headers: ["Authorization": "Bearer s3cret", "Host": "example.com"]).status == 200)
        }
    }

    /// The port that a process listens on, from the tables of the system.
    private static func listeningPort(of process: Int32) -> Int? {
        guard let table = try? String(contentsOfFile: "/proc/\(process)/net/tcp", encoding: .utf8),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")
        else { return nil }
        let sockets = Set(files.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)") })
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { continue }
            return fields[1].split(separator: ":").last.flatMap { Int($0, radix: 16) }
        }
        return nil
    }
}
