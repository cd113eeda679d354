import Files
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// What a request carries through the server.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// The connection.
    let channel: any Channel
    /// Names the request in the log and in the reply.
    let requestID: String

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
        requestID = String(UInt64.random(in: .min ... .max), radix: 36)
    }
}

extension Response {
    /// A document in JSON.
    init(json: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()) {
        self.init(bytes: json.serialized, contentType: "application/json", status: status, headers: headers)
    }

    init(
        bytes: some Sequence<UInt8>, contentType: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
    ) {
        var headers = headers
        headers[.contentType] = contentType
        self.init(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: Array(bytes))))
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("x-request-id")!
    static let shouldRetry = HTTPField.Name("x-should-retry")!
    static let frameOptions = HTTPField.Name("X-Frame-Options")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
    static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
}

extension Request {
    /// The body, which must arrive within a time and be no larger than a limit.
    ///
    /// - Throws: `APIError` 413 and 408.
    mutating func bytes(upTo limit: Int, within seconds: Double) async throws -> [UInt8] {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw APIError.tooLarge(limit) }
        let request = self
        let (whole, buffer) = try await withThrowingTaskGroup(of: (Request, ByteBuffer)?.self) { group in
            group.addTask {
                var own = request
                do {
                    let buffer = try await own.collectBody(upTo: limit)
                    return (own, buffer)
                } catch is NIOTooManyBytesError {
                    throw APIError.tooLarge(limit)
                } catch is CancellationError {
                    return nil
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return nil
            }
            defer { group.cancelAll() }
            guard let found = try await group.next(), let found else { throw APIError.bodyTimeout(seconds) }
            return found
        }
        self = whole
        return Array(buffer: buffer)
    }

    /// Runs something long, and cancels it when the client goes. The connection ends with the reply.
    func whileClientStays<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await body.consumeWithCancellationOnInboundClose { _ in try await work() }
    }
}

/// A reply in server-sent events.
struct EventStream: Sendable {
    /// What a client sees of one event.
    struct Message: Sendable {
        var name: String?
        var id: Int?
        /// The text of `data`, in one line.
        var data: [UInt8]

        init(_ name: String? = nil, id: Int? = nil, json: JSONValue) {
            self.name = name
            self.id = id
            data = json.serialized
        }

        init(text: String) { data = Array(text.utf8) }

        var buffer: ByteBuffer {
            var bytes: [UInt8] = []
            if let id { bytes += "id: \(id)\n".utf8 }
            if let name { bytes += "event: \(name)\n".utf8 }
            bytes += "data: ".utf8
            bytes += data
            bytes += "\n\n".utf8
            return ByteBuffer(bytes: bytes)
        }
    }

    /// Seconds between signs of life, so that nothing on the way takes the connection for dead.
    private static let heartbeat = 15.0

    /// A reply that sends what `produce` gives to its argument. When the client goes, the producing task is cancelled.
    static func response(
        to request: Request, _ produce: @escaping @Sendable (@escaping @Sendable (Message) -> Void) async throws -> Void
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        headers[.connection] = "close"
        headers[.accelBuffering] = "no"
        let body = ResponseBody { writer in
            do {
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    let (stream, continuation) = AsyncThrowingStream<Message?, any Error>.makeStream()
                    let producer = Task {
                        do {
                            try await produce { continuation.yield($0) }
                            continuation.finish()
                        } catch {
                            continuation.finish(throwing: error)
                        }
                    }
                    let beats = Task {
                        while !Task.isCancelled {
                            try await Task.sleep(for: .seconds(heartbeat))
                            continuation.yield(nil)
                        }
                    }
                    defer {
                        producer.cancel()
                        beats.cancel()
                    }
                    for try await message in stream {
                        try await writer.write(message?.buffer ?? ByteBuffer(string: ": \n\n"))
                    }
                }
            } catch is CancellationError {
                // The client is gone.
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}
