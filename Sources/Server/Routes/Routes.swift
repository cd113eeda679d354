import CServerFiles
import Files
import FlowTok
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Images
import Logging
import NIOCore

/// All that the server answers to.
package struct Routes {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    private let router: Router<ServerContext>
    private var table = RouteTable()
    let server: FlowTokServer
    private var pending: [(method: HTTPRequest.Method, path: String, handler: Handler)] = []

    /// The responder of a server, and its paths with their methods.
    static func build(_ server: FlowTokServer) -> (responder: RouterResponder<ServerContext>, table: RouteTable) {
        var routes = Routes(server)
        routes.addGeneral()
        routes.addOpenAI()
        routes.addJobs()
        routes.addStableDiffusion()
        return (routes.finish(), routes.table)
    }

    /// Paths and methods, for tests that compare them with what `/openapi.json` says.
    package static func paths(_ server: FlowTokServer) -> [(path: String, method: String)] { build(server).table.entries }

    private init(_ server: FlowTokServer) {
        self.server = server
        router = Router(context: ServerContext.self)
    }

    mutating func add(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
        table.add(path, method.rawValue)
        pending.append((method, path, handler))
    }

    private func finish() -> RouterResponder<ServerContext> {
        let origins = OriginPolicy(named: server.options.corsOrigins)
        router.add(middleware: ReplyMiddleware(metrics: server.metrics, logger: server.logger, routes: table, origins: origins))
        router.add(middleware: AccessMiddleware(options: server.options, routes: table, origins: origins))
        for (method, path, handler) in pending {
            router.on(RouterPath(path), method: method) { request, context in try await handler(request, context) }
            // A reply to HEAD is that to GET without its body.
            if method == .get {
                router.on(RouterPath(path), method: .head) { request, context in
                    try await handler(request, context).createHeadResponse()
                }
            }
        }
        return router.buildResponder()
    }

    // MARK: - What is neither OpenAI's nor A1111's

    private mutating func addGeneral() {
        let server = server
        let page = EmbeddedFile.page
        add(.get, "/") { _, _ in
            var headers = HTTPFields()
            // Nothing on the page comes from elsewhere, and nothing may be made to.
            headers[.contentSecurityPolicy] =
                "default-src 'none'; img-src 'self' data: blob:; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            headers[.referrerPolicy] = "no-referrer"
            headers[.cacheControl] = "no-cache"
            return Response(bytes: page, contentType: "text/html; charset=utf-8", headers: headers)
        }
        add(.get, "/favicon.ico") { _, _ in Response(status: .noContent) }
        add(.get, "/openapi.json") { _, _ in Response(bytes: EmbeddedFile.openapi, contentType: "application/json") }
        add(.get, "/health") { _, _ in
            let (status, name) = server.state
            let load = server.queue.load
            return Response(
                json: [
                    "status": .text(name), "version": .text(FlowTok.version),
                    "models": .list((server.models.loaded ?? []).map { .text($0.name) }),
                    "queue": [
                        "waiting": JSONValue(load.waiting), "running": JSONValue(load.running),
                        "capacity": JSONValue(server.options.queue),
                    ],
                    "uptime": JSONValue(Int(-server.started.timeIntervalSinceNow)),
                ], status: HTTPResponse.Status(code: status))
        }
        if server.options.hasMetrics {
            add(.get, "/metrics") { _, _ in
                let load = server.queue.load
                let text = server.metrics.text(gauges: [
                    "flowtok_queue_waiting": Double(load.waiting), "flowtok_queue_running": Double(load.running),
                    "flowtok_jobs_kept": Double(server.jobs.count),
                ])
                return Response(bytes: text.utf8, contentType: "text/plain; version=0.0.4; charset=utf-8")
            }
        }
        add(.get, "/flowtok/v1/images/{name}") { _, context in
            let name = try context.parameter("name")
            guard let entry = server.images[name] else {
                throw APIError.notFound("there is no image \"\(name.prefix(60))\", or no longer", code: "image_not_found")
            }
            var headers = HTTPFields()
            headers[.cacheControl] = "private, max-age=3600, immutable"
            return Response(bytes: entry.bytes, contentType: entry.contentType, headers: headers)
        }
    }
}

/// A file that is part of the program.
private enum EmbeddedFile {
    static var page: [UInt8] { bytes(csf_page) }
    static var openapi: [UInt8] { bytes(csf_openapi) }

    private static func bytes(_ get: (UnsafeMutablePointer<Int>?) -> UnsafePointer<UInt8>?) -> [UInt8] {
        var count = 0
        return Array(UnsafeBufferPointer(start: get(&count), count: count))
    }
}

extension ServerContext {
    /// A part of the path.
    func parameter(_ name: String) throws -> String {
        let text = try parameters.require(name)
        return text.removingPercentEncoding ?? text
    }
}

extension FlowTokServer {
    /// Reads the body of a request: JSON, or a form where one is taken.
    ///
    /// - Throws: `APIError` 400, 408, 413, 415.
    func fields(_ request: inout Request, takesForms: Bool = false) async throws -> RequestFields {
        let header = request.headers[.contentType]
        let type = HeaderParameters(header ?? "application/json")
        let isForm = takesForms && type.value == "multipart/form-data"
        guard isForm || type.value == "application/json" || type.value.hasSuffix("+json") else {
            throw APIError(
                415, "invalid_request_error",
                "the body is of type \(type.value.prefix(100).description.oneLine), expected application/json\(takesForms ? " or multipart/form-data" : "")",
                code: "unsupported_media_type")
        }
        let bytes = try await request.bytes(upTo: options.maximumUpload, within: options.bodyTimeout)
        let header_ = header ?? ""
        return try await Offload.run {
            isForm ? try RequestFields(form: bytes, contentType: header_) : try RequestFields(json: bytes)
        }
    }

    /// The image of a field, cut to the square that the model reads.
    ///
    /// - Throws: `APIError` 400 where it is missing, `ImageError` where it is none.
    func image(_ fields: RequestFields, _ names: String..., for model: ServedModel) async throws -> Image {
        for name in names {
            guard let bytes = try fields.imageBytes(name) else { continue }
            return try await image(bytes, field: name, for: model)
        }
        let name = names.first ?? "image"
        throw APIError.badRequest("\(name) is missing, expected a PNG, JPEG or WebP", field: name, code: "missing_image")
    }

    func image(_ bytes: [UInt8], field: String, for model: ServedModel) async throws -> Image {
        let side = model.imageSize
        return try await Offload.run {
            do throws(ImageError) {
                return try Image.read(data: bytes, name: field).image.centerSquare(side)
            } catch {
                throw APIError.badRequest(error.description.oneLine, field: field, code: "invalid_image")
            }
        }
    }
}

/// The form that images are sent in.
struct ImageEncoding: Sendable {
    var format = ImageFormat.png
    var quality = Image.defaultQuality
    /// Nil: as drawn.
    var size: DrawingRequest.Size?

    init() {}

    /// What `output_format` and `output_compression` ask for.
    init(_ fields: RequestFields, size: DrawingRequest.Size?) throws {
        if let name = try fields.text("output_format") {
            guard let format = ImageFormat(rawValue: name == "jpg" ? "jpeg" : name) else {
                throw APIError.badField("output_format", "\"\(name.prefix(40))\"", expected: "\"png\", \"jpeg\" or \"webp\"")
            }
            self.format = format
        }
        if let quality = try fields.integer("output_compression", in: 0...100) { self.quality = max(1, quality) }
        self.size = size
    }

    var contentType: String { "image/\(format.rawValue)" }

    func encode(_ image: Image, text: [ImageText] = []) throws -> [UInt8] {
        let sized = size.map { image.resized(width: $0.width, height: $0.height) } ?? image
        return try sized.encoded(as: format, quality: quality, text: text)
    }

    /// The file of a record, which says how the image came about, and as what size it is sent.
    func encode(_ record: GeneratedRecord) throws -> [UInt8] {
        var metadata = record.metadata
        if let size { (metadata.settings.width, metadata.settings.height) = (size.width, size.height) }
        return try encode(record.image, text: metadata.texts)
    }
}
