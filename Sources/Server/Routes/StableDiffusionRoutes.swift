import Files
import FlowTok
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Images
import Networks
import Sampling
import Synchronization
import TextTokenizers

extension Routes {
    /// The interface of A1111, as far as its clients use it.
    mutating func addStableDiffusion() {
        let server = server
        add(.post, "/sdapi/v1/txt2img") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            let model = try server.stableDiffusionModel(fields)
            return try await StableDiffusionReply(fields, model: model, server) { try $0.drawing(with: model) }.response(to: request)
        }
        add(.post, "/sdapi/v1/img2img") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            let model = try server.stableDiffusionModel(fields)
            try fields.refuse("mask", because: "no model here can change a part of an image: expected no mask")
            let image = try await server.image(fields, "init_images", for: model)
            let strength = try fields.strength("denoising_strength")
            return try await StableDiffusionReply(fields, model: model, server) { drawing in
                // An empty prompt stands for none.
                if drawing.prompt?.contains(where: { !$0.isWhitespace }) == false { drawing.prompt = nil }
                return try drawing.variations(of: image, strength: strength, with: model)
            }.response(to: request)
        }
        add(.post, "/sdapi/v1/interrogate") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            // `model` names a captioner there, such as "clip".
            let model = try server.models.model(nil)
            let image = try await server.image(fields, "image", for: model)
            let job = Job(kind: "interrogate", model: model, work: try .captioning(image, count: 1, with: model))
            let captions = try await request.whileClientStays {
                try await server.result(of: job)
                return job.captions
            }
            return .closing(["caption": .text(captions.first ?? "")])
        }
        add(.post, "/sdapi/v1/png-info") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            guard let bytes = try fields.imageBytes("image") else {
                throw APIError.badRequest("image is missing, expected a PNG, JPEG or WebP", field: "image", code: "missing_image")
            }
            let texts = try await Offload.run { try ImageMetadata(data: bytes, name: "image").texts }
            let parameters = texts.first { $0.keyword == "parameters" }?.text ?? ""
            var named: [String: JSONValue] = [:]
            if let read = GenerationParameters(parsing: parameters) {
                named = Dictionary(read.fields.map { ($0.name, .text($0.value)) }, uniquingKeysWith: { first, _ in first })
                named["Prompt"] = .text(read.prompt)
            }
            return Response(json: [
                "info": .text(parameters),
                "items": .object(Dictionary(texts.map { ($0.keyword, .text($0.text)) }, uniquingKeysWith: { first, _ in first })),
                "parameters": .object(named),
            ])
        }
        add(.get, "/sdapi/v1/progress") { request, _ in
            Response(json: server.progress(withImage: request.uri.queryParameters["skip_current_image"] != "true"))
        }
        for name in ["interrupt", "skip"] {
            add(.post, "/sdapi/v1/\(name)") { _, _ in
                // What others asked for by other interfaces is not this one's to stop.
                for job in server.stableDiffusionJobs.withLock({ $0 }) where job.status == .running { job.cancel() }
                return Response(json: [:])
            }
        }
        add(.get, "/sdapi/v1/options") { _, _ in
            let model = try server.models.model(nil)
            return Response(json: [
                "sd_model_checkpoint": .text(model.name), "sd_vae": "Automatic", "samples_format": "png", "CLIP_stop_at_last_layers": 1,
                "sd_checkpoint_hash": "", "show_progress_every_n_steps": 1,
            ])
        }
        add(.post, "/sdapi/v1/options") { request, _ in
            var request = request
            let fields = try await server.fields(&request)
            // The model of a request is named by the request; this only says whether there is such a one.
            _ = try server.models.model(fields.text("sd_model_checkpoint"))
            return Response(json: nil)
        }
        addStableDiffusionLists()
    }

    /// Lists that clients ask for before they draw.
    private mutating func addStableDiffusionLists() {
        let server = server
        func list(_ name: String, _ values: @escaping @Sendable () throws -> JSONValue) {
            add(.get, "/sdapi/v1/\(name)") { _, _ in Response(json: try values()) }
        }
        list("sd-models") {
            _ = try server.models.model(nil)
            return .list(
                (server.models.loaded ?? []).map { model in
                    [
                        "title": .text(model.name), "model_name": .text(model.name), "hash": nil, "sha256": nil,
                        "filename": .text(model.folderName), "config": nil,
                    ]
                })
        }
        list("samplers") {
            .list(
                Solver.allCases.map { ["name": .text($0.samplerName), "aliases": [.text($0.rawValue)], "options": [:]] })
        }
        list("schedulers") { [["name": "automatic", "label": "Automatic", "aliases": nil, "default_rho": -1, "need_inner_model": false]] }
        list("upscalers") { [["name": "None", "model_name": nil, "model_path": nil, "model_url": nil, "scale": 4]] }
        list("latent-upscale-modes") { [["name": "None"]] }
        list("sd-vae") { [] }
        list("scripts") { ["txt2img": [], "img2img": []] }
        list("script-info") { [] }
        list("loras") { [] }
        list("embeddings") { ["loaded": [:], "skipped": [:]] }
        list("hypernetworks") { [] }
        list("face-restorers") { [] }
        list("prompt-styles") { [] }
        list("cmd-flags") { ["api": true, "nowebui": true, "port": JSONValue(server.options.port)] }
        list("memory") { ["ram": ["used": JSONValue(Metrics.residentBytes ?? 0)], "cuda": [:]] }
    }
}

extension Response {
    /// A document after which the connection ends, since it was watched for the client's going.
    static func closing(_ json: JSONValue) -> Response {
        var headers = HTTPFields()
        headers[.connection] = "close"
        return Response(json: json, headers: headers)
    }
}

extension FlowTokServer {
    /// The model that the settings of one request name.
    fileprivate func stableDiffusionModel(_ fields: RequestFields) throws -> ServedModel {
        try models.model(fields.value("override_settings")?.value["sd_model_checkpoint"]?.string)
    }

    /// How far A1111's clients are.
    fileprivate func progress(withImage: Bool) -> JSONValue {
        let jobs = stableDiffusionJobs.withLock { $0 }.filter { !$0.isFinal }
        let job = jobs.first { $0.status == .running }
        let progress = job?.progress
        return [
            "progress": .number(job?.fraction ?? 0), "eta_relative": 0,
            "state": [
                "skipped": false, "interrupted": false, "stopping_generation": false, "job": .text(job?.id ?? ""),
                "job_count": JSONValue(jobs.count), "job_timestamp": "0", "job_no": 0, "sampling_step": JSONValue(progress?.step ?? 0),
                "sampling_steps": JSONValue(progress?.steps ?? 0),
            ],
            "current_image": withImage ? (job?.lastPreview).map { .text($0.base64) } ?? .null : .null, "textinfo": nil,
        ]
    }
}

/// The reply to txt2img and img2img.
private struct StableDiffusionReply: Sendable {
    private let server: FlowTokServer
    private let fields: RequestFields
    private let model: ServedModel
    private let job: Job
    private let encoding: ImageEncoding
    private let warnings: [String]

    init(
        _ fields: RequestFields, model: ServedModel, _ server: FlowTokServer, work: (inout DrawingRequest) throws -> JobWork
    ) async throws {
        self.server = server
        self.fields = fields
        self.model = model
        var drawing = try DrawingRequest(fields, countFields: ["batch_size", "n_iter"], options: server.options)
        var encoding = ImageEncoding()
        encoding.size = try drawing.sentSize(of: model, server.options.sizePolicy)
        self.encoding = encoding
        job = Job(
            kind: "sdapi", model: model, work: try work(&drawing), previews: .count(4),
            encodePreview: { try $0.encoded(as: .png) })
        warnings = drawing.warnings
    }

    func response(to request: Request) async throws -> Response {
        let sendsImages = fields.value("send_images")?.value != .bool(false)
        let document: JSONValue = try await request.whileClientStays {
            server.stableDiffusionJobs.withLock { $0.append(job) }
            defer { server.stableDiffusionJobs.withLock { $0.removeAll { $0 === job } } }
            do {
                try await server.result(of: job)
            } catch is CancellationError where !Task.isCancelled {
                // Interrupted: what there is so far is the reply.
            }
            let (encoding, records) = (encoding, job.images.map(\.record))
            let files = sendsImages ? try await Offload.run { try records.map { try encoding.encode($0) } } : []
            return [
                "images": .list(files.map { .text($0.base64) }), "parameters": fields.echoed,
                "info": .text(String(decoding: info(records).serialized, as: UTF8.self)),
            ]
        }
        return .closing(document)
    }

    /// What clients take for a document in JSON inside a text.
    private func info(_ records: [GeneratedRecord]) -> JSONValue {
        let first = records.first?.metadata
        let side = model.imageSize
        func texts(_ keyword: String) -> [JSONValue] {
            records.map { record in .text(record.metadata.texts.first { $0.keyword == keyword }?.text ?? "") }
        }
        return [
            "prompt": .text(first?.prompt ?? ""), "all_prompts": .list(records.map { .text($0.metadata.prompt) }),
            "negative_prompt": "", "all_negative_prompts": .list(records.map { _ in "" }),
            "seed": .unsigned(first?.seed ?? 0), "all_seeds": .list(records.map { .unsigned($0.metadata.seed) }),
            "subseed": .unsigned(first?.seed ?? 0), "all_subseeds": .list(records.map { .unsigned($0.metadata.seed) }),
            "subseed_strength": 0, "width": JSONValue(encoding.size?.width ?? side), "height": JSONValue(encoding.size?.height ?? side),
            "native_size": .text("\(side)x\(side)"), "sampler_name": .text(first?.settings.solver?.samplerName ?? ""),
            "cfg_scale": JSONValue(first?.settings.guidance ?? 0), "steps": JSONValue(first?.settings.steps ?? 0),
            "batch_size": JSONValue(records.count), "restore_faces": false, "sd_model_name": .text(model.name), "sd_model_hash": "",
            "denoising_strength": first?.origin?.strength.map { JSONValue($0) } ?? .null, "extra_generation_params": [:],
            "index_of_first_image": 0, "infotexts": .list(texts("parameters")), "styles": [], "job_timestamp": "0", "clip_skip": 1,
            "is_using_inpainting_conditioning": false, "version": .text(FlowTok.version),
            "warnings": .list(warnings.map { .text($0) }),
        ]
    }
}
