import ArgumentParser
import Files
import FlowTok
import Foundation
import Logging
import Server

/// `flowtok-serve`: a server on HTTP.
@main struct FlowTokServe: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "flowtok-serve",
            abstract: "Serve a page and the interfaces of OpenAI and A1111.",
            discussion: """
                The page is at http://127.0.0.1:7860. OpenAI's interface is below /v1, A1111's below /sdapi/v1, jobs with \
                events below /flowtok/v1; /openapi.json describes all of it. SIGTERM ends the server when the work in hand is \
                done, after --drain seconds at the latest.

                EXAMPLES
                  flowtok serve
                  flowtok serve --model Models/default --model models/maskgen
                  flowtok serve --host 0.0.0.0 --api-key-file key
                """,
            version: FlowTok.version)
    }

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(parsing: .unconditional, help: "The port to listen on; 0 for any that is free.")
    var port = 7860

    @Option(
        help: ArgumentHelp(
            "A model folder; may be given several times, and requests name one of them (default: the model that flowtok ships).",
            valueName: "folder"), completion: .directory)
    var model: [String] = []

    @Option(help: "The type of weights and matrix products (default: as in flowtok t2i).")
    var precision: Precision?

    @Option(parsing: .unconditional, help: "Threads to draw with (default: the cores that the process may use).")
    var threads: Int?

    @Option(help: "What clients must show as a bearer token or password (default: FLOWTOK_API_KEY where it is set).")
    var apiKey: String?

    @Option(help: "A file whose first line is that key.", completion: .file())
    var apiKeyFile: String?

    @Flag(help: "Listen on an address that others reach, without a key.")
    var insecure = false

    @Option(help: ArgumentHelp("Origins of other pages that may use the server, with commas between them; * for all.", valueName: "origins"))
    var corsOrigins = ""

    @Option(parsing: .unconditional, help: "Batches that are drawn at the same time.")
    var slots = 1

    @Option(parsing: .unconditional, help: "Requests that may wait; others are reported to come back.")
    var queue = 64

    @Option(parsing: .unconditional, help: "The most images of a request.")
    var maxCount = 10

    @Option(parsing: .unconditional, help: "The most steps of an image.")
    var maxSteps = 200

    @Option(parsing: .unconditional, help: ArgumentHelp("The largest body in MiB.", valueName: "MiB"))
    var maxUpload = 16

    @Option(parsing: .unconditional, help: "Seconds that a request may wait and be worked on.")
    var timeout = 300.0

    @Option(help: "What happens where another size is asked for than the model draws: resize, native (send it as drawn) or reject.")
    var sizePolicy = ServerOptions.SizePolicy.resize

    @Option(parsing: .unconditional, help: "Seconds that requests have to end after SIGTERM.")
    var drain = 30.0

    @Flag(help: "Offer /metrics for Prometheus.")
    var metrics = false

    @Option(help: "How the log on standard error is written: text or json.")
    var logFormat = LineLog.Format.text

    @Flag(name: .shortAndLong, help: "Log warnings and errors only.")
    var quiet = false

    func validate() throws {
        func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("--\(name) is \(value), expected \(range.lowerBound) to \(range.upperBound)")
            }
        }
        try check("port", port, 0...65_535)
        try check("slots", slots, 1...64)
        try check("queue", queue, 1...100_000)
        try check("max-count", maxCount, 1...1000)
        try check("max-steps", maxSteps, 1...10_000)
        try check("max-upload", maxUpload, 1...1024)
        if let threads { try check("threads", threads, 1...64) }
        for (name, value) in [("timeout", timeout), ("drain", drain)] {
            guard value >= 0.1, value <= 86_400 else { throw ValidationError("--\(name) is \(value), expected 0.1 to 86400 seconds") }
        }
        if apiKey != nil, apiKeyFile != nil { throw ValidationError("--api-key and --api-key-file are both given, expected one of them") }
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as Failure {
            end(error.message, error.status)
        } catch let error as any CategorizedError {
            end(error.description, Failure.status(of: error.errorCategory))
        } catch {
            let status = exitCode(for: error)
            guard status != .success, !(error is ExitCode) else { exit(withError: error) }
            end(message(for: error), status == .validationFailure ? 64 : 70)
        }
    }

    private static func end(_ message: String, _ status: Int32) -> Never {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        _ = StandardStream.write("flowtok-serve: \(line)\n", to: STDERR_FILENO)
        Foundation.exit(status)
    }

    func run() async throws {
        var options = ServerOptions()
        options.host = host
        options.port = port
        options.apiKey = try key()
        options.corsOrigins = corsOrigins.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        options.slots = slots
        options.queue = queue
        options.maximumCount = maxCount
        options.maximumSteps = maxSteps
        options.maximumUpload = maxUpload << 20
        options.timeout = timeout
        options.sizePolicy = sizePolicy
        options.drain = drain
        options.hasMetrics = metrics
        guard options.isLocal || options.apiKey != nil || insecure else {
            throw Failure(64, "everybody could draw at \(host): expected --api-key, --api-key-file or FLOWTOK_API_KEY, or --insecure")
        }
        options.maximumConnections = Descriptors.raise() / 2
        if let threads { Machine.threads = threads }
        var logger = Logger(label: "flowtok-serve") { [logFormat] _ in LineLog(logFormat) }
        logger.logLevel = quiet ? .warning : .info
        try await serve(options, logger)
    }

    private func serve(_ options: ServerOptions, _ logger: Logger) async throws {
        let server = FlowTokServer(options, logger: logger)
        let (paths, precision) = (model.isEmpty ? [nil] : model.map { Optional($0) }, precision)
        // A model that cannot be loaded ends the server at once; while it loads, the server says so.
        let loading = Thread {
            // The threads that draw beside the queue's begin here.
            Priority.lowerForDrawing()
            do {
                let models = try paths.map { try ServedModel(path: $0, precision: precision) }
                for model in models { for warning in model.warnings { logger.warning("\(warning)") } }
                server.models.finishLoading(models)
                logger.info("ready", metadata: ["models": "\(models.map(\.name).joined(separator: ", "))"])
            } catch {
                let reported = error as? any CategorizedError
                FlowTokServe.end(reported?.description ?? "\(error)", Failure.status(of: error.errorCategory))
            }
        }
        loading.stackSize = 8 << 20
        loading.start()
        do {
            try await server.run(obeysSignals: true) { port in
                let name = options.host.contains(":") ? "[\(options.host)]" : options.host
                logger.info("listening", metadata: ["url": "http://\(name):\(port)"])
            }
        } catch {
            let text = "\(error)"
            throw Failure(
                text.contains("errno: 98") || text.contains("Address already in use") ? 69 : 70,
                text.contains("Address already in use")
                    ? "port \(options.port) of \(options.host) is in use, expected a free one: --port" : "cannot serve: \(text)")
        }
        logger.info("ended")
    }

    /// The key that clients must show.
    private func key() throws -> String? {
        if let apiKeyFile {
            let text = String(decoding: try InputFile.bytes(apiKeyFile, limit: 65_536, pipes: true), as: UTF8.self)
            let line = text.split(whereSeparator: \.isNewline).first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
            guard !line.isEmpty else { throw Failure(65, "\(apiKeyFile): is empty, expected a key") }
            return line
        }
        let given = apiKey ?? ProcessInfo.processInfo.environment["FLOWTOK_API_KEY"]
        if let apiKey, apiKey.isEmpty { throw Failure(64, "--api-key is empty, expected a key") }
        return given?.isEmpty == true ? nil : given
    }
}

/// What goes to the user when the server cannot start: an exit status after sysexits.h, and one line.
struct Failure: Error {
    let status: Int32
    let message: String

    init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }

    static func status(of category: ErrorCategory) -> Int32 {
        switch category {
        case .usage: 64
        case .data: 65
        case .missing: 66
        case .cancelled: 130
        case .internalFault: 70
        }
    }
}

extension Precision: ExpressibleByArgument {
    /// All names of a type mean the same, as in `flowtok`.
    public init?(argument: String) {
        guard let type = NumberType(name: argument) else { return nil }
        self = type.ofProducts
        // Nothing logs yet.
        if let warning = type.warning(asFor: argument) { FileHandle.standardError.write(Data("flowtok-serve: \(warning)\n".utf8)) }
    }
}
extension ServerOptions.SizePolicy: ExpressibleByArgument {}
