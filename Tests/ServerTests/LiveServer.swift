import Files
import FlowTok
import Foundation
import Images
import Logging
import Server
import Synchronization
import TestSupport

/// A server with the tiny model, on a port of its own, as long as this object is there.
final class LiveServer: Sendable {
    let port: Int
    let server: FlowTokServer
    private let task: Task<Void, any Error>

    /// - Parameters:
    ///   - loadsModel: whether there is a model, without which the server is still loading.
    ///   - folders: those of the models; none for the tiny one.
    init(loadsModel: Bool = true, folders: [String] = [], _ change: (inout ServerOptions) -> Void = { _ in }) async throws {
        var options = ServerOptions()
        options.port = 0
        options.drain = 2
        options.hasMetrics = true
        change(&options)
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let server = FlowTokServer(options, logger: logger)
        if loadsModel {
            let folders = try folders.isEmpty ? [TinyModel.path()] : folders
            server.models.finishLoading(try folders.map { try ServedModel(path: $0, precision: .float32) })
        }
        let (ports, listening) = AsyncStream<Int>.makeStream()
        task = Task {
            defer { listening.finish() }
            try await server.run(obeysSignals: false) { listening.yield($0) }
        }
        self.server = server
        var found: Int?
        for await port in ports {
            found = port
            break
        }
        guard let found else {
            try await task.value
            throw HTTPClient.Problem("the server ended before it listened")
        }
        port = found
    }

    deinit {
        Task { [server] in await server.shutDown() }
    }

    var client: HTTPClient { HTTPClient(port: port) }

    /// Waits for something that comes about sooner or later; only a server that is broken makes it throw.
    func wait(for what: String, until isTrue: (JSONValue) -> Bool) async throws {
        let end = Date().addingTimeInterval(120)
        while Date() < end {
            // A connection may be closed as idle where the machine is slow.
            if let health = try? await client.get("/health").json, isTrue(health) { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw HTTPClient.Problem("there is no \(what)")
    }

    /// Waits until nothing waits or is worked on.
    func settle() async throws {
        try await wait(for: "empty queue") { $0["queue"]?["waiting"] == 0 && $0["queue"]?["running"] == 0 }
    }

    /// Waits until so many jobs wait, or more.
    func waits(_ count: Int) async throws {
        try await wait(for: "queue of \(count)") { health in
            if case .integer(let waiting)? = health["queue"]?["waiting"] { waiting >= count } else { false }
        }
    }

    /// Waits until a request is answered.
    func answers() async throws { try await wait(for: "answer") { $0["status"] != nil } }

    /// Waits until nobody listens any more.
    func ends() async throws {
        let end = Date().addingTimeInterval(120)
        while Date() < end {
            if (try? await client.get("/health")) == nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw HTTPClient.Problem("the server still listens")
    }

    /// Keeps the server busy with a job that ends when the test cancels it and not before, so that what is asked for meanwhile
    /// waits. The job itself counts as one that waits, too, since most of its images do.
    ///
    /// The server must allow what `endless` asks for: see `ServerOptions.allowEndlessWork()`.
    func occupy() async throws -> String {
        let reply = try await client.post("/flowtok/v1/jobs", Self.endless)
        guard let id = reply.json["id"]?.string else { throw HTTPClient.Problem("no job: \(reply.text)") }
        try await wait(for: "job that runs") { $0["queue"]?["running"] == 1 }
        return id
    }

    func cancel(_ id: String) async throws { _ = try await client.send("DELETE", "/flowtok/v1/jobs/\(id)") }

    /// A request for more than can be drawn in the time of a test.
    static let endless: JSONValue = ["prompt": "a cat", "steps": 10_000, "n": 1000, "previews": 0]
}

extension ServerOptions {
    mutating func allowEndlessWork() {
        maximumSteps = 10_000
        maximumCount = 1000
    }
}

/// Requests as bytes on a socket, one connection each, so that a test may send what no proper client would.
struct HTTPClient: Sendable {
    struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { description = text }
    }

    struct Reply: Sendable {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
        var json: JSONValue { (try? JSONDecoder().decode(JSONValue.self, from: Data(body))) ?? .null }
        /// The sentence of an error in OpenAI's form.
        var message: String { json["error"]?["message"]?.string ?? "" }
        /// Names and data of server-sent events.
        var events: [(name: String, id: String?, data: String)] {
            text.components(separatedBy: "\n\n").compactMap { block in
                var fields: [String: String] = [:]
                for line in block.split(separator: "\n") {
                    guard let colon = line.range(of: ": ") else { continue }
                    fields[String(line[..<colon.lowerBound])] = String(line[colon.upperBound...])
                }
                return fields["data"].map { (fields["event"] ?? "", fields["id"], $0) }
            }
        }
    }

    let port: Int

    func get(_ path: String, headers: [String: String] = [:]) async throws -> Reply {
        try await send("GET", path, headers: headers)
    }

    func post(_ path: String, _ json: JSONValue, headers: [String: String] = [:]) async throws -> Reply {
        try await send("POST", path, headers: ["Content-Type": "application/json"].merging(headers) { $1 }, body: json.serialized)
    }

    func send(_ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil) async throws -> Reply {
        var headers = headers
        headers["Host"] = headers["Host"] ?? "localhost:\(port)"
        headers["Connection"] = "close"
        if let body { headers["Content-Length"] = headers["Content-Length"] ?? String(body.count) }
        let head = "\(method) \(path) HTTP/1.1\r\n" + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        return try await exchange(Array(head.utf8) + (body ?? []))
    }

    /// Sends bytes and reads the whole reply, on a thread of its own.
    func exchange(_ bytes: [UInt8]) async throws -> Reply {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let connection = try Connection(port: port)
                        try connection.write(bytes)
                        return try Self.parse(connection.readAll())
                    })
            }
        }
    }

    private static func parse(_ bytes: [UInt8]) throws -> Reply {
        guard let end = Data(bytes).range(of: Data("\r\n\r\n".utf8)) else {
            throw Problem("no reply: \(String(decoding: bytes.prefix(200), as: UTF8.self))")
        }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw Problem("no status: \(lines[0])") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        var body = Array(bytes[end.upperBound...])
        if headers["transfer-encoding"] == "chunked" { body = unchunked(body) }
        return Reply(status: status, headers: headers, body: body)
    }

    private static func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var (rest, body) = (bytes[...], [UInt8]())
        while let line = rest.firstIndex(of: UInt8(ascii: "\r")),
            let count = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16), count > 0, line + 2 + count <= rest.endIndex
        {
            body += rest[(line + 2)..<(line + 2 + count)]
            rest = rest[min(rest.endIndex, line + 2 + count + 2)...]
        }
        return body
    }
}

/// A TCP connection to this machine.
final class Connection: Sendable {
    private let descriptor: Int32

    /// Ends it in both directions, as a client that is gone does.
    func leave() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else { throw HTTPClient.Problem("cannot connect: \(String(cString: strerror(errno)))") }
        // A test that waits for ever says nothing.
        var limit = timeval(tv_sec: 120, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // A server that has replied already need not take the rest.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func readAll() throws -> [UInt8] {
        var (all, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN { throw HTTPClient.Problem("the server fell silent") }
            guard count > 0 else { return all }
            all += buffer[..<count]
        }
    }

    /// Whether the other side ends the connection within the time limit. It waits on a thread of its own, since the server needs
    /// those of the test.
    func ends() async -> Bool {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(returning: waitsForTheEnd()) }
        }
    }

    private func waitsForTheEnd() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = recv(descriptor, &byte, 1, 0)
            if count == 0 || (count < 0 && errno != EAGAIN) { return true }
            if count < 0 { return false }
        }
    }
}

/// A picture for requests.
enum Sample {
    static let image = Image(width: 40, height: 30, filled: Color(red: 200, green: 40, blue: 30))
    static func address() throws -> JSONValue { .text("data:image/png;base64,\(Data(try image.encodedPNG()).base64EncodedString())") }

    /// A form of fields and one file.
    static func form(_ fields: [(String, String)], file: (String, [UInt8])?, boundary: String = "xyzzy") -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields {
            bytes += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8
        }
        if let (name, contents) = file {
            bytes +=
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n".utf8
            bytes += contents
            bytes += "\r\n".utf8
        }
        return bytes + "--\(boundary)--\r\n".utf8
    }
}

/// What the library draws with the same model, by its synchronous calls.
enum Library {
    private static func model() throws -> FlowTok { try FlowTok(model: TinyModel.path(), precision: .float32) }

    static func generate(_ prompt: String, seed: UInt64) throws -> Image { try model().generate(prompt, seed: seed) }
    static func variations(_ request: VariationRequest) throws -> [Image] { try model().variations(request).map(\.image) }
    static func morph(_ request: MorphRequest) throws -> [Image] { try model().morph(request).map(\.image) }
    static func caption(_ image: Image) throws -> String { try model().caption(image) }
}

extension JSONValue {
    /// The entries of a list.
    var entries: [JSONValue] { if case .list(let values) = self { values } else { [] } }
}
