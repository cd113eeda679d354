import Files
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// The outermost layer: whatever goes wrong becomes a reply in the form that the client expects, and every reply is logged,
/// counted and named.
struct ReplyMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let metrics: Metrics
    let logger: Logger
    let routes: RouteTable
    let origins: OriginPolicy

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let clock = ContinuousClock()
        let start = clock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = reply(to: error, request, context)
        }
        if let origin = request.headers[.origin], origins.allows(origin, request) { origins.mark(&response.headers, for: origin) }
        response.headers[.requestID] = context.requestID
        response.headers[.xContentTypeOptions] = "nosniff"
        let seconds = (clock.now - start) / .seconds(1)
        let route = context.endpointPath ?? "none"
        // Whatever clients make up is one method.
        let method = [.get, .post, .delete, .head, .options].contains(request.method) ? request.method.rawValue : "other"
        metrics.add(
            "flowtok_http_requests_total",
            labels: "method=\"\(method)\",route=\"\(route)\",status=\"\(response.status.code)\"")
        metrics.observe("flowtok_http_request_seconds", seconds)
        logger.info(
            "request",
            metadata: [
                "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
                "ms": "\(Int(seconds * 1000))", "request_id": "\(context.requestID)",
            ])
        return response
    }

    private func reply(to error: any Error, _ request: Request, _ context: ServerContext) -> Response {
        var reported: APIError
        if let error = error as? HTTPError {
            reported = error.status == .notFound ? notFound(request) : APIError.badRequest(error.body ?? error.status.reasonPhrase)
            reported.status = reported.status == 400 ? error.status.code : reported.status
        } else {
            reported = APIError(error)
            if reported.status >= 500, !(error is APIError) {
                logger.error("failed", metadata: ["error": "\(error)", "request_id": "\(context.requestID)"])
            }
        }
        var headers = HTTPFields()
        if let seconds = reported.retryAfter { headers[.retryAfter] = String(seconds) }
        // What failed once will fail again, and clients retry errors of this kind unless they are told not to.
        if reported.status == 500 || reported.status == 504 { headers[.shouldRetry] = "false" }
        if reported.status == 401 { headers[.wwwAuthenticate] = "Basic realm=\"flowtok\", charset=\"UTF-8\"" }
        if reported.status == 405 { headers[.allow] = routes.methods(of: request.uri.path).joined(separator: ", ") }
        let body = request.uri.path.hasPrefix("/sdapi/") ? reported.stableDiffusionBody : reported.body
        let status = HTTPResponse.Status(code: reported.status)
        guard reported.status == 413 || reported.status == 408 else { return Response(json: body, status: status, headers: headers) }
        // The rest of the body is not waited for.
        headers[.connection] = "close"
        headers[.contentType] = "application/json"
        let channel = context.channel
        let limits = reported.status == 413 ? LingeringClose.Limits.largeBody : .slowBody
        return Response(
            status: status, headers: headers,
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(bytes: body.serialized))
                try await writer.finish(nil)
                await LingeringClose.end(channel, limits)
            })
    }

    private func notFound(_ request: Request) -> APIError {
        let path = String(request.uri.path)
        let methods = routes.methods(of: path)
        guard methods.isEmpty else {
            return APIError(
                405, "invalid_request_error", "\(request.method.rawValue) is not what \(path) takes, expected \(methods.joined(separator: " or "))",
                code: "method_not_allowed")
        }
        return .notFound("there is nothing at \(path.prefix(200)); /openapi.json lists what there is", code: "unknown_url")
    }
}

/// Who may use the server: pages of other origins only where they are named, programs only with the key.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    let options: ServerOptions
    let routes: RouteTable
    let origins: OriginPolicy
    /// What needs no key, since it tells and does nothing of worth.
    static let open: Set<String> = ["/", "/health", "/openapi.json", "/favicon.ico"]

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let origin = request.headers[.origin]
        let isAllowed = origin.map { origins.allows($0, request) } ?? true
        if request.method == .options {
            var headers = HTTPFields()
            let methods = routes.methods(of: request.uri.path)
            headers[.allow] = (methods + ["OPTIONS"]).joined(separator: ", ")
            if origin != nil, isAllowed {
                headers[.accessControlAllowMethods] = "GET, POST, DELETE, OPTIONS"
                headers[.accessControlAllowHeaders] =
                    request.headers[.accessControlRequestHeaders] ?? "authorization, content-type, last-event-id"
                headers[.accessControlMaxAge] = "600"
            }
            return Response(status: .noContent, headers: headers)
        }
        guard isAllowed else {
            throw APIError(
                403, "permission_error",
                "the page at \(origin?.prefix(200).description.oneLine ?? "") may not use this server, expected --cors-origins to name it",
                code: "origin_not_allowed")
        }
        // A page elsewhere may give its own name this machine's address.
        if options.apiKey == nil, options.isLocal, !isLocalName(request.head.authority ?? request.headers[.init("Host")!] ?? "localhost") {
            throw APIError(
                403, "permission_error", "the host is not this machine, expected localhost or 127.0.0.1", code: "host_not_allowed")
        }
        if let key = options.apiKey, !Self.open.contains(request.uri.path), !shows(key, request.headers[.authorization] ?? "") {
            throw APIError.unauthorized
        }
        return try await next(request, context)
    }

    private func isLocalName(_ authority: String) -> Bool {
        var host = authority.lowercased()
        if host.hasPrefix("[") {
            host = String(host.dropFirst().prefix { $0 != "]" })
        } else if let colon = host.lastIndex(of: ":") {
            host = String(host[..<colon])
        }
        return host == "localhost" || host == "::1" || host.hasPrefix("127.") || host.hasSuffix(".localhost") || host == options.host
    }

    /// Whether a header `Authorization` shows the key: as a bearer token, or as the password, or as both parts of Basic.
    private func shows(_ key: String, _ header: String) -> Bool {
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return false }
        let given = parts[1].trimmingCharacters(in: .whitespaces)
        switch parts[0].lowercased() {
        case "bearer": return isSame(given, key)
        case "basic":
            guard let data = Data(base64Encoded: given) else { return false }
            let pair = String(decoding: data, as: UTF8.self)
            let password = pair.firstIndex(of: ":").map { String(pair[pair.index(after: $0)...]) } ?? pair
            // Both are always compared.
            return [isSame(password, key), isSame(pair, key)].contains(true)
        default: return false
        }
    }

    /// Takes as long for every text of a length.
    private func isSame(_ given: String, _ key: String) -> Bool {
        let (a, b) = (Array(given.utf8), Array(key.utf8))
        guard !b.isEmpty else { return false }
        var difference = a.count ^ b.count
        for index in a.indices { difference |= Int(a[index] ^ b[index % b.count]) }
        return difference == 0
    }
}

/// Which pages may use the server: its own, and those of the origins that are named.
struct OriginPolicy: Sendable {
    let named: [String]

    func allows(_ origin: String, _ request: Request) -> Bool {
        if named.contains("*") || named.contains(origin) { return true }
        let host = request.head.authority ?? ""
        return origin == "http://\(host)" || origin == "https://\(host)"
    }

    /// Tells a browser that the page of an origin may read the reply.
    func mark(_ headers: inout HTTPFields, for origin: String) {
        headers[.accessControlAllowOrigin] = origin
        headers[.accessControlExposeHeaders] = "x-request-id, retry-after"
        headers[.vary] = "Origin"
    }
}

/// The paths that the server knows, and what they take.
struct RouteTable: Sendable {
    private(set) var entries: [(path: String, method: String)] = []

    mutating func add(_ path: String, _ method: String) { entries.append((path, method)) }

    /// The methods that a path takes; empty where there is no such path.
    func methods(of path: String) -> [String] {
        let wanted = path.split(separator: "/")
        return entries.filter { entry in
            let parts = entry.path.split(separator: "/")
            return parts.count == wanted.count && zip(parts, wanted).allSatisfy { $0 == $1 || $0.hasPrefix("{") }
        }.map(\.method)
    }
}
