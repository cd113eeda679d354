import Files
import FlowTok
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Images
import Networks

extension Routes {
    /// The server's own interface: jobs that outlive their client's connection, with every step to be seen.
    mutating func addJobs() {
        let server = server
        add(.post, "/flowtok/v1/jobs") { request, _ in
            var request = request
            let fields = try await server.fields(&request, takesForms: true)
            let job = try await server.job(fields)
            try server.queue.submit(job)
            server.jobs.add(job)
            var headers = HTTPFields()
            headers[.location] = "/flowtok/v1/jobs/\(job.id)"
            return Response(json: server.summary(of: job), status: .accepted, headers: headers)
        }
        add(.get, "/flowtok/v1/jobs/{id}") { _, context in
            let job = try server.jobs.job(try context.parameter("id"))
            return Response(json: try await server.description(of: job))
        }
        add(.delete, "/flowtok/v1/jobs/{id}") { _, context in
            let job = try server.jobs.job(try context.parameter("id"))
            guard job.cancel() else {
                throw APIError(
                    409, "invalid_request_error", "the job \(job.id) is \(job.status.rawValue) already, expected one that waits or runs",
                    code: "job_ended")
            }
            server.queue.remove(job)
            return Response(json: server.summary(of: job))
        }
        add(.get, "/flowtok/v1/jobs/{id}/events") { request, context in
            let job = try server.jobs.job(try context.parameter("id"))
            let given = request.headers[.lastEventID] ?? ""
            guard let last = given.isEmpty ? 0 : Int(given), last >= 0 else {
                throw APIError.badField("Last-Event-ID", "\"\(given.prefix(40))\"", expected: "the number of an event")
            }
            return EventStream.response(to: request) { send in
                for await (id, event) in job.events(after: last) {
                    let (name, data) = try await event.message()
                    send(EventStream.Message(name, id: id, json: data))
                }
            }
        }
        add(.get, "/flowtok/v1/jobs/{id}/animation.png") { request, context in
            let job = try server.jobs.job(try context.parameter("id"))
            let records = job.images.map(\.record)
            guard job.status == .done, let first = records.first else {
                throw APIError(
                    409, "invalid_request_error", "the job \(job.id) is \(job.status.rawValue), expected one that is done and drew images",
                    code: "job_not_done")
            }
            let query = request.uri.queryParameters
            let delay = query["delay"].flatMap { Int($0) } ?? 80
            let playsBack = query["back"] == "1"
            let bytes = try await Offload.run {
                var metadata = first.metadata
                metadata.origin?.position = nil
                metadata.pictures = records.count
                let images = records.map(\.image)
                let back = playsBack ? Array(images.dropFirst().dropLast().reversed()) : []
                return try Image.animatedPNG(images + back, delay: delay, text: metadata.texts)
            }
            return Response(bytes: bytes, contentType: "image/png")
        }
        add(.post, "/flowtok/v1/info") { request, _ in
            var request = request
            let fields = try await server.fields(&request, takesForms: true)
            guard let bytes = try fields.imageBytes("image") else {
                throw APIError.badRequest("image is missing, expected a PNG, JPEG or WebP", field: "image", code: "missing_image")
            }
            return try await Offload.run {
                let texts = try ImageMetadata(data: bytes, name: "image").texts
                let metadata = GenerationMetadata(texts: texts)
                return Response(json: [
                    "metadata": try metadata?.json ?? .null,
                    "texts": .object(Dictionary(texts.map { ($0.keyword, .text($0.text)) }, uniquingKeysWith: { first, _ in first })),
                ])
            }
        }
    }
}

extension GenerationMetadata {
    /// The record as a document.
    var json: JSONValue {
        get throws { try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(self)) }
    }
}

extension Job.Event {
    /// The name of the event and what it says.
    fileprivate func message() async throws -> (name: String, data: JSONValue) {
        switch self {
        case .step(let step, let steps, let previews):
            return (
                "step",
                [
                    "step": JSONValue(step), "steps": JSONValue(steps),
                    "images": .list(
                        previews.map { ["index": JSONValue($0.index), "format": "jpeg", "b64_json": .text($0.bytes.base64)] }),
                ]
            )
        case .image(let index, let record):
            return ("image", try await record.json(index))
        case .captions(let captions): return ("caption", ["captions": .list(captions.map { .text($0) })])
        case .done: return ("done", ["status": "done"])
        case .failed(let error): return ("failed", error.body)
        case .cancelled: return ("cancelled", ["status": "cancelled"])
        }
    }
}

extension GeneratedRecord {
    fileprivate func json(_ index: Int) async throws -> JSONValue {
        let bytes = try await Offload.run { try ImageEncoding().encode(self) }
        return [
            "index": JSONValue(index), "seed": .unsigned(metadata.seed), "prompt": .text(metadata.prompt), "format": "png",
            "b64_json": .text(bytes.base64), "metadata": try metadata.json,
        ]
    }
}

extension FlowTokServer {
    /// The most steps whose images stay with a job.
    private static let keptPreviews = 32
    private static let kinds = ["draw", "variations", "caption", "interpolate", "roundtrip", "reconstruct"]

    /// A job from the fields of a request.
    ///
    /// - Throws: `APIError` where they do not say what to do.
    fileprivate func job(_ fields: RequestFields) async throws -> Job {
        let model = try models.model(fields.text("model"))
        var drawing = try DrawingRequest(fields, options: options)
        let previews = try fields.integer("previews", in: 0...Self.keptPreviews) ?? Self.keptPreviews
        let kind = try fields.text("kind") ?? "draw"
        let work: JobWork
        switch kind {
        case "draw": work = try drawing.drawing(with: model)
        case "variations":
            work = try drawing.variations(of: await image(fields, "image", for: model), strength: fields.strength(), with: model)
        case "caption":
            work = try .captioning(await image(fields, "image", for: model), count: drawing.count, with: model)
        case "interpolate":
            guard let from = try fields.text("from", limit: DrawingRequest.longestPrompt),
                let to = try fields.text("to", limit: DrawingRequest.longestPrompt)
            else { throw APIError.badRequest("from or to is missing, expected two prompts", field: "from", code: "missing_prompt") }
            let frames = try fields.integer("frames", in: 2...64)
            let position = try fields.number("at", in: 0...1)
            let positions = position.map { [$0] } ?? (0..<(frames ?? 16)).map { Float($0) / Float((frames ?? 16) - 1) }
            work = try drawing.morph(from: from, to: to, at: positions, with: model)
        case "roundtrip":
            let rounds = try fields.integer("rounds", in: 1...16) ?? 4
            let picture = try fields.imageBytes("image")
            let first: Image? = if let picture { try await image(picture, field: "image", for: model) } else { nil }
            work = try drawing.roundtrip(of: first, rounds: rounds, with: model)
        case "reconstruct": work = try .reconstruction(await image(fields, "image", for: model), with: model)
        default:
            throw APIError.badField(
                "kind", "\"\(kind.prefix(40).description.oneLine)\"", expected: "one of " + Self.kinds.joined(separator: ", "))
        }
        return Job(kind: kind, model: model, work: work, previews: .count(previews), keepsEvents: true)
    }

    /// What a job is and how far it is.
    fileprivate func summary(of job: Job) -> JSONValue {
        let (step, steps, images) = job.progress
        return [
            "id": .text(job.id), "kind": .text(job.kind), "status": .text(job.status.rawValue), "model": .text(job.model.name),
            "created": JSONValue(Int(job.created.timeIntervalSince1970)),
            "position": queue.position(of: job).map { JSONValue($0) } ?? .null,
            "progress": [
                "step": JSONValue(step), "steps": JSONValue(steps), "images": JSONValue(images), "of": JSONValue(job.work.count),
                "fraction": .number(job.fraction),
            ],
            "captions": .list(job.captions.map { .text($0) }), "error": job.error?.body["error"] ?? .null,
        ]
    }

    /// The same with its images.
    fileprivate func description(of job: Job) async throws -> JSONValue {
        var images: [JSONValue] = []
        for (index, record) in job.images { images.append(try await record.json(index)) }
        return summary(of: job).merged(with: ["images": .list(images)])
    }
}
