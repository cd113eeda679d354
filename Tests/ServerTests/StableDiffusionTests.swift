import Files
import FlowTok
import Foundation
import Images
import Server
import TestSupport
import Testing

@Suite struct StableDiffusionTests {
    /// A recorded request.
    private func fixture(_ name: String) throws -> JSONValue {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name).json")
        return try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: file))
    }

    @Test func txt2imgRepliesAsA1111() async throws {
        let live = try await LiveServer()
        let reply = try await live.client.post(
            "/sdapi/v1/txt2img",
            ["prompt": "a red fox", "seed": 5, "steps": 4, "cfg_scale": 2, "batch_size": 2, "n_iter": 2, "width": 64, "height": 48, "sampler_name": "Euler"])
        #expect(reply.status == 200)
        let images = reply.json["images"]?.entries ?? []
        #expect(images.count == 4)
        let first = try Image(data: #require(Data(base64Encoded: images.first?.string ?? "")))
        #expect((first.width, first.height) == (64, 48))
        // A document inside a text.
        let info = try JSONDecoder().decode(JSONValue.self, from: Data(#require(reply.json["info"]?.string).utf8))
        #expect(info["all_seeds"] == [5, 6, 7, 8] && info["seed"] == 5 && info["sampler_name"] == "Euler" && info["steps"] == 4)
        #expect(info["infotexts"]?.entries.first?.string?.contains("Seed: 5") == true)
        #expect(reply.json["parameters"]?["prompt"] == "a red fox")
    }

    @Test func img2imgInterrogateAndPngInfoReadImages() async throws {
        let live = try await LiveServer()
        let image = try Sample.address()
        let near = try await live.client.post("/sdapi/v1/img2img", ["init_images": [image], "prompt": "", "denoising_strength": 0.3, "seed": 1, "mask": nil])
        #expect(near.status == 200 && near.json["images"]?.entries.count == 1)
        let masked = try await live.client.post("/sdapi/v1/img2img", ["init_images": [image], "mask": image])
        #expect(masked.status == 400 && masked.json["detail"]?.string?.contains("mask") == true && masked.json["errors"] != nil)
        #expect(try await live.client.post("/sdapi/v1/img2img", ["prompt": "a cat"]).status == 400)
        let caption = try await live.client.post("/sdapi/v1/interrogate", ["image": image, "model": "clip"])
        #expect(caption.status == 200 && caption.json["caption"]?.string != nil)
        let drawn = try await live.client.post("/sdapi/v1/txt2img", ["prompt": "a cat", "seed": 4])
        let info = try await live.client.post("/sdapi/v1/png-info", ["image": try #require(drawn.json["images"]?.entries.first)])
        #expect(info.json["info"]?.string?.hasPrefix("a cat") == true && info.json["parameters"]?["Seed"] == "4")
    }

    @Test func listsAndSettingsAreThere() async throws {
        let live = try await LiveServer()
        for name in ["sd-models", "samplers", "schedulers", "upscalers", "latent-upscale-modes", "sd-vae", "scripts", "loras", "cmd-flags", "embeddings"] {
            #expect(try await live.client.get("/sdapi/v1/\(name)").status == 200, "\(name)")
        }
        let model = try await live.client.get("/sdapi/v1/sd-models").json.entries.first
        #expect(model?["title"] == "tiny, for tests" && model?["model_name"] == "tiny, for tests")
        #expect(try await live.client.get("/sdapi/v1/options").json["sd_model_checkpoint"] == "tiny, for tests")
        #expect(try await live.client.post("/sdapi/v1/options", ["sd_model_checkpoint": "tiny, for tests"]).status == 200)
        #expect(try await live.client.post("/sdapi/v1/options", ["sd_model_checkpoint": "other"]).status == 404)
    }

    @Test func progressShowsTheDrawingAndInterruptEndsIt() async throws {
        let live = try await LiveServer { $0.allowEndlessWork() }
        let idle = try await live.client.get("/sdapi/v1/progress").json
        #expect(idle["progress"] == 0 && idle["state"]?["job_count"] == 0)
        async let reply = live.client.post("/sdapi/v1/txt2img", ["prompt": "a cat", "steps": 2000, "batch_size": 1000])
        var seen: JSONValue = .null
        for _ in 0..<10_000 where seen["current_image"]?.string == nil {
            seen = try await live.client.get("/sdapi/v1/progress").json
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(seen["state"]?["job_count"] == 1 && seen["state"]?["sampling_steps"] == 2000)
        #expect(try await live.client.send("POST", "/sdapi/v1/interrupt").status == 200)
        // What there is so far is the reply, as there.
        let ended = try await reply
        #expect(ended.status == 200 && (ended.json["images"]?.entries.count ?? 1000) < 1000)
        try await live.settle()
    }

    @Test(arguments: ["open-webui-openai", "open-webui-a1111", "sillytavern-a1111", "sillytavern-caption", "webuiapi"])
    func recordedRequestsAreAnswered(_ name: String) async throws {
        let live = try await LiveServer { $0.apiKey = "secret" }
        let fixture = try fixture(name)
        for exchange in fixture["exchanges"]?.entries ?? [] {
            let method = try #require(exchange["method"]?.string)
            let path = try #require(exchange["path"]?.string)
            var headers = ["Authorization": "Bearer secret"]
            if case .object(let given)? = exchange["headers"] { for (name, value) in given { headers[name] = value.string } }
            let reply: HTTPClient.Reply
            if let body = exchange["body"] {
                reply = try await live.client.post(path, body, headers: headers)
            } else {
                reply = try await live.client.send(method, path, headers: headers)
            }
            #expect(exchange["status"] == .integer(Int64(reply.status)), "\(method) \(path): \(reply.text.prefix(300))")
            for key in exchange["needs"]?.entries ?? [] {
                // A path of keys; a list stands for its first entry.
                let found = (key.string ?? "").split(separator: ".").reduce(Optional(reply.json)) { value, key in
                    value?[String(key)] ?? value?.entries.first?[String(key)]
                }
                #expect(found != nil && found != .null, "\(path) without \(key)")
            }
        }
    }
}
