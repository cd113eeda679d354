import Files
import FlowTok
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Images
import Networks
import TextTokenizers

extension Routes {
    /// The interface of OpenAI: images, captions by chat, models.
    mutating func addOpenAI() {
        let server = server
        add(.get, "/v1/models") { _, _ in
            guard let models = server.models.loaded else {
                throw APIError.unavailable("the model is still loading", code: "loading")
            }
            return Response(json: ["object": "list", "data": .list(models.map(\.description))])
        }
        add(.get, "/v1/models/{id}") { _, context in
            Response(json: try server.models.model(try context.parameter("id")).description)
        }
        add(.post, "/v1/images/generations") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            let reply = try await ImagesReply(fields, event: "image_generation", server) { drawing, model in
                try drawing.drawing(with: model)
            }
            return try await reply.response(to: request)
        }
        add(.post, "/v1/images/variations") { request, _ in
            var request = request
            let fields = try await server.fields(&request, takesForms: true)
            let image = try await server.image(fields, "image", for: try server.models.model(fields.text("model")))
            let strength = try fields.strength()
            let reply = try await ImagesReply(fields, event: "image_variation", server) { drawing, model in
                try drawing.variations(of: image, strength: strength, with: model)
            }
            return try await reply.response(to: request)
        }
        add(.post, "/v1/images/edits") { request, _ in
            var request = request
            let fields = try await server.fields(&request, takesForms: true)
            try fields.refuse("mask", because: "no model here can change a part of an image: expected no mask")
            let image = try await server.image(fields, "image", for: try server.models.model(fields.text("model")))
            let strength = try fields.strength()
            let reply = try await ImagesReply(fields, event: "image_edit", server) { drawing, model in
                _ = try drawing.requirePrompt()
                return try drawing.variations(of: image, strength: strength, with: model)
            }
            return try await reply.response(to: request)
        }
        add(.post, "/v1/chat/completions") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            return try await ChatReply(fields, server).response(to: request, server)
        }
    }
}

extension RequestFields {
    func strength(_ name: String = "strength") throws -> Float {
        try number(name, in: 0...1) ?? VariationRequest.defaultStrength
    }
}

extension ServedModel {
    /// The model as OpenAI lists it.
    var description: JSONValue {
        let defaults = defaults
        return [
            "id": .text(name), "object": "model", "created": JSONValue(Int(loaded.timeIntervalSince1970)), "owned_by": "flowtok",
            "image_size": JSONValue(imageSize), "can_caption": .bool(canCaption), "can_vary": .bool(isFlow),
            // What a prompt is: words, or the number or the name of a class.
            "draws": classes == nil ? "captions" : "classes", "classes": classes.map { JSONValue($0) } ?? .null,
            "defaults": [
                "steps": defaults.steps.map { JSONValue($0) } ?? .null, "guidance": defaults.guidance.map { JSONValue($0) } ?? .null,
                "solver": JSONValue(defaults.solver?.rawValue),
            ],
        ]
    }
}

/// A reply with images, at once or as events.
private struct ImagesReply: Sendable {
    private let server: FlowTokServer
    private let job: Job
    private let encoding: ImageEncoding
    private let drawing: DrawingRequest
    private let model: ServedModel
    private let event: String
    private let isStreamed: Bool
    private let sendsAddresses: Bool

    /// - Parameter work: what is to be drawn.
    init(
        _ fields: RequestFields, event: String, _ server: FlowTokServer,
        work: (inout DrawingRequest, ServedModel) throws -> JobWork
    ) async throws {
        self.server = server
        self.event = event
        model = try server.models.model(fields.text("model"))
        var drawing = try DrawingRequest(fields, options: server.options)
        let encoding = try ImageEncoding(fields, size: drawing.sentSize(of: model, server.options.sizePolicy))
        isStreamed = try fields.flag("stream")
        let partial = try fields.integer("partial_images", in: 0...3) ?? 0
        switch try fields.text("response_format") {
        case nil, "b64_json": sendsAddresses = false
        case "url": sendsAddresses = true
        case let other?: throw APIError.badField("response_format", "\"\(other.prefix(40))\"", expected: "\"b64_json\" or \"url\"")
        }
        let work = try work(&drawing, model)
        self.drawing = drawing
        self.encoding = encoding
        job = Job(
            kind: event, model: model, work: work, previews: isStreamed ? .count(partial) : .none,
            encodePreview: { try encoding.encode($0) })
    }

    func response(to request: Request) async throws -> Response {
        isStreamed ? try events(to: request) : try await document(to: request)
    }

    private func document(to request: Request) async throws -> Response {
        let authority = request.head.authority
        let document: JSONValue = try await request.whileClientStays {
            try await server.result(of: job)
            let (encoding, records) = (encoding, job.images.map(\.record))
            let files = try await Offload.run { try records.map { try encoding.encode($0) } }
            let data: [JSONValue] = zip(files, records).map { bytes, record in
                var entry: JSONValue = ["seed": .unsigned(record.metadata.seed)]
                if job.kind != "image_generation" { entry = entry.merged(with: ["revised_prompt": .text(record.metadata.prompt)]) }
                guard sendsAddresses else { return entry.merged(with: ["b64_json": .text(bytes.base64)]) }
                let name = server.images.add(bytes, contentType: encoding.contentType, fileExtension: encoding.format.fileExtension)
                return entry.merged(with: ["url": .text("http://\(authority ?? "localhost")/flowtok/v1/images/\(name)")])
            }
            return common.merged(with: [
                "created": JSONValue(Int(Date().timeIntervalSince1970)), "data": .list(data), "usage": try usage(records.count),
            ])
        }
        var headers = HTTPFields()
        headers[.connection] = "close"
        return Response(json: document, headers: headers)
    }

    private func events(to request: Request) throws -> Response {
        let events = job.events()
        try server.queue.submit(job)
        server.expire(job)
        return EventStream.response(to: request) { send in
            var partial: [Int: Int] = [:]
            defer {
                job.cancel()
                server.queue.remove(job)
            }
            for await (_, event) in events {
                switch event {
                case .step(_, _, let previews):
                    for (index, bytes) in previews {
                        send(
                            message(
                                "partial_image", bytes,
                                ["partial_image_index": JSONValue(partial[index, default: 0]), "index": JSONValue(index)]))
                        partial[index, default: 0] += 1
                    }
                case .image(let index, let record):
                    let encoding = encoding
                    let bytes = try await Offload.run { try encoding.encode(record) }
                    send(
                        message(
                            "completed", bytes,
                            ["usage": try usage(1), "seed": .unsigned(record.metadata.seed), "index": JSONValue(index)]))
                case .failed(let error): send(EventStream.Message("error", json: error.body))
                case .captions, .done, .cancelled: break
                }
            }
        }
    }

    private func message(_ name: String, _ bytes: [UInt8], _ own: JSONValue) -> EventStream.Message {
        EventStream.Message(
            "\(event).\(name)",
            json: own.merged(with: common).merged(with: [
                "type": .text("\(event).\(name)"), "b64_json": .text(bytes.base64),
                "created_at": JSONValue(Int(Date().timeIntervalSince1970)),
            ]))
    }

    /// What every reply says.
    private var common: JSONValue {
        let native = "\(model.imageSize)x\(model.imageSize)"
        return [
            "size": .text(encoding.size?.text ?? native), "native_size": .text(native), "quality": "auto", "background": "opaque",
            "output_format": .text(encoding.format.rawValue), "model": .text(model.name),
            "warnings": .list(drawing.warnings.map { .text($0) }),
        ]
    }

    /// Tokens read and made: those of the flow's two ends.
    private func usage(_ images: Int) throws -> JSONValue {
        guard case .flow(let flowtok) = model.engine else {
            return ["input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "input_tokens_details": ["text_tokens": 0, "image_tokens": 0]]
        }
        let tokens = flowtok.model.latentShape[0]
        let text = flowtok.textTokenizer.length
        return [
            "input_tokens": JSONValue(text), "output_tokens": JSONValue(tokens * images), "total_tokens": JSONValue(text + tokens * images),
            "input_tokens_details": ["text_tokens": JSONValue(text), "image_tokens": 0],
        ]
    }
}

/// A caption as an assistant's message.
private struct ChatReply: Sendable {
    private let model: ServedModel
    private let imageBytes: [UInt8]
    private let count: Int
    private let isStreamed: Bool
    private let id = "chatcmpl-" + String(UInt64.random(in: .min ... .max), radix: 36)

    init(_ fields: RequestFields, _ server: FlowTokServer) throws {
        model = try server.models.model(fields.text("model"))
        count = try fields.integer("n", in: 1...server.options.maximumCount) ?? 1
        isStreamed = try fields.flag("stream")
        guard case .list(let messages)? = fields.value("messages")?.value else {
            throw APIError.badRequest(
                "messages is missing, expected a list of messages, one with an image_url", field: "messages", code: "missing_messages")
        }
        // The latest image is the one that is asked about.
        let images: [JSONValue] = messages.reversed().flatMap { message -> [JSONValue] in
            guard case .list(let parts)? = message["content"] else { return [] }
            return parts.reversed().filter { $0["type"]?.string == "image_url" }.compactMap { $0["image_url"] }
        }
        guard let image = images.first, let address = image.string ?? image["url"]?.string else {
            throw APIError.badRequest(
                "the messages hold no image, expected a part {\"type\": \"image_url\", \"image_url\": {\"url\": \"data:image/png;base64,…\"}}",
                field: "messages", code: "missing_image")
        }
        imageBytes = try RequestFields.imageBytes(address, field: "image_url")
    }

    func response(to request: Request, _ server: FlowTokServer) async throws -> Response {
        let image = try await server.image(imageBytes, field: "image_url", for: model)
        let job = Job(kind: "caption", model: model, work: try .captioning(image, count: count, with: model))
        if isStreamed {
            return EventStream.response(to: request) { send in
                do {
                    try await server.result(of: job)
                    for (index, caption) in job.captions.enumerated() {
                        send(chunk(index, ["role": "assistant", "content": .text(caption)], finish: nil))
                        send(chunk(index, [:], finish: "stop"))
                    }
                    send(EventStream.Message(text: "[DONE]"))
                } catch let error as APIError {
                    send(EventStream.Message(json: error.body))
                }
            }
        }
        let captions = try await request.whileClientStays {
            try await server.result(of: job)
            return job.captions
        }
        let words = captions.reduce(0) { $0 + $1.split(separator: " ").count }
        var headers = HTTPFields()
        headers[.connection] = "close"
        return Response(
            json: [
                "id": .text(id), "object": "chat.completion", "created": JSONValue(Int(Date().timeIntervalSince1970)),
                "model": .text(model.name),
                "choices": .list(
                    captions.enumerated().map { index, caption in
                        [
                            "index": JSONValue(index), "message": ["role": "assistant", "content": .text(caption)], "finish_reason": "stop",
                            "logprobs": nil,
                        ]
                    }),
                "usage": ["prompt_tokens": 0, "completion_tokens": JSONValue(words), "total_tokens": JSONValue(words)],
            ], headers: headers)
    }

    private func chunk(_ index: Int, _ delta: JSONValue, finish: String?) -> EventStream.Message {
        EventStream.Message(json: [
            "id": .text(id), "object": "chat.completion.chunk", "created": JSONValue(Int(Date().timeIntervalSince1970)),
            "model": .text(model.name),
            "choices": [["index": JSONValue(index), "delta": delta, "finish_reason": JSONValue(finish)]],
        ])
    }
}
