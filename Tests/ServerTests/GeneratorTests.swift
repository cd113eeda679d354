import Files
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import Server
import TestSupport
import Testing

/// Every family that draws is served, not only flows.
@Suite struct GeneratorTests {
    /// A small generator with the tokenizer that it draws for.
    struct Kind: Sendable, CustomTestStringConvertible {
        let generator: any TokenGeneratorConfiguration
        let tokenizer: any ImageTokenizerConfiguration

        var testDescription: String { ModelFamilies.family(of: generator)?.id ?? "unknown" }
        var drawsClasses: Bool { if case .classes = generator.subjects { true } else { false } }
    }

    static let kinds = [
        Kind(generator: TinyFamilies.maskGIT, tokenizer: TinyFamilies.tiTok()),
        Kind(generator: TinyFamilies.maskGenVQ, tokenizer: TinyFamilies.tiTok(.textAware)),
        Kind(generator: TinyFamilies.maskGenKL, tokenizer: TinyFamilies.tiTok(.textAware, .variational)),
        Kind(generator: TinyFamilies.rar, tokenizer: TinyFamilies.vqgan),
        Kind(generator: TinyFamilies.llamaGen, tokenizer: TinyFamilies.gigaTok()),
        Kind(generator: TinyFamilies.tokenBridge, tokenizer: TinyFamilies.klAutoencoder),
    ]

    private func write(_ kind: Kind, to folder: TemporaryFolder) throws -> String {
        let path = folder("model")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try TinyFamilies.write(kind.generator, to: path + "/generator.safetensors")
        try TinyFamilies.write(kind.tokenizer, to: path + "/tokenizer.safetensors")
        if !kind.drawsClasses { try TinyFamilies.writeCLIP(to: path) }
        return path
    }

    @Test func noFamilyThatDrawsIsMissingHere() {
        let served = Set(Self.kinds.map(\.testDescription))
        // Other tests register families of their own.
        for family in ModelFamilies.all where family.isGenerator && !family.id.contains("toy") {
            #expect(served.contains(family.id), "\(family.id)")
        }
    }

    @Test(arguments: kinds) func everyFamilyDraws(_ kind: Kind) async throws {
        let folder = try TemporaryFolder()
        let path = try write(kind, to: folder)
        let live = try await LiveServer(folders: [path])
        let model = try #require(try await live.client.get("/v1/models").json["data"]?.entries.first)
        #expect(model["draws"] == (kind.drawsClasses ? "classes" : "captions") && model["can_caption"] == false && model["can_vary"] == false)

        let (prompt, name): (JSONValue, String) = kind.drawsClasses ? ("Golden retriever", "golden retriever") : ("a fox", "a fox")
        let reply = try await live.client.post("/v1/images/generations", ["prompt": prompt, "seed": 3, "n": 2])
        #expect(reply.status == 200, "\(reply.text.prefix(300))")
        let data = reply.json["data"]?.entries ?? []
        #expect(data.map { $0["seed"] } == [3, 4])
        let files = try data.map { try #require(Data(base64Encoded: $0["b64_json"]?.string ?? "")) }
        let texts = try ImageMetadata(data: #require(files.first)).texts
        let record = try #require(GenerationMetadata(texts: texts))
        #expect(record.prompt == name && record.seed == 3 && record.imageClass == (kind.drawsClasses ? 207 : nil))
        // The image is the library's.
        let generator = try ImageGenerator(GeneratorFolder(path: path), precision: .float32)
        let subject: ImageGeneratorRequest.Subject = kind.drawsClasses ? .imageClass(207) : .caption("a fox")
        for (index, file) in files.enumerated() {
            let own = try generator.generate(ImageGeneratorRequest(subject, seed: UInt64(3 + index))).image
            #expect(try Image(data: file) == own)
        }

        // Clients of A1111 send steps and a sampler always: what the model lacks is named, and no error.
        let other = try await live.client.post(
            "/sdapi/v1/txt2img", ["prompt": prompt, "seed": 3, "steps": 4, "top_k": 5, "sampler_name": "Euler", "width": 64, "height": 64])
        #expect(other.status == 200 && other.json["images"]?.entries.count == 1, "\(other.text.prefix(300))")
        #expect(other.json["info"]?.string?.contains("solver does nothing") == true)
        #expect(other.json["info"]?.string?.contains("steps does nothing") == (generator.defaults.steps == nil))
        #expect(other.json["info"]?.string?.contains("top_k does nothing") == (generator.defaults.topK == nil))

        let job = try await live.client.post("/flowtok/v1/jobs", ["prompt": prompt, "n": 2, "seed": 3])
        let id = try #require(job.json["id"]?.string, "\(job.text)")
        let events = try await live.client.get("/flowtok/v1/jobs/\(id)/events").events
        #expect(events.filter { $0.name == "image" }.count == 2 && events.last?.name == "done")

        // What only a FlowTok can do is refused with a sentence that says so.
        let image = try Sample.address()
        for request: JSONValue in [
            ["kind": "caption", "image": image], ["kind": "variations", "image": image, "prompt": "a cat"],
            ["kind": "interpolate", "from": "a", "to": "b"], ["kind": "roundtrip", "prompt": "a"], ["kind": "reconstruct", "image": image],
        ] {
            let refused = try await live.client.post("/flowtok/v1/jobs", request)
            #expect(refused.status == 400 && refused.message.contains("only draws: ") && refused.message.contains("needs a FlowTok"), "\(refused.text)")
        }
    }

    @Test func aClassIsANumberOrAName() async throws {
        let folder = try TemporaryFolder()
        let live = try await LiveServer(folders: [try write(Self.kinds[3], to: folder)])
        func draw(_ prompt: String) async throws -> HTTPClient.Reply {
            try await live.client.post("/v1/images/generations", ["prompt": .text(prompt), "seed": 3])
        }
        let images = try await [draw("207"), draw(" golden retriever "), draw("n02099601")].map { $0.json["data"]?.entries.first?["b64_json"] }
        #expect(images[0]?.string != nil && images[1] == images[0] && images[2] == images[0])
        // The small RAR has 300 classes.
        for (prompt, message) in [
            ("300", "no class 300: the model has classes 0 to 299"), ("999999999999999999999999", "no class \"999999999999999999999999\""),
            ("-1", "no class"), ("a red fox on a hill", "no class \"a red fox on a hill\""), ("golden retreiver", "golden retriever"),
        ] {
            let refused = try await draw(prompt)
            #expect(refused.status == 400 && refused.message.contains(message), "\(refused.text)")
            #expect(refused.json["error"]?["param"] == "prompt" && refused.json["error"]?["code"] == "unknown_class")
        }
        #expect(try await live.client.post("/v1/images/generations", ["prompt": "207", "top_p": 2]).status == 400)
    }

    @Test func requestsNameOneOfSeveralModels() async throws {
        let folder = try TemporaryFolder()
        let live = try await LiveServer(folders: [try TinyModel.path(), try write(Self.kinds[0], to: folder)])
        let names = try await live.client.get("/v1/models").json["data"]?.entries.compactMap { $0["id"]?.string } ?? []
        #expect(names.count == 2 && names.first == "tiny, for tests")
        let words = try await live.client.post("/v1/images/generations", ["prompt": "a cat on a hill"])
        let wrong = try await live.client.post("/v1/images/generations", ["prompt": "a cat on a hill", "model": .text(names[1])])
        let number = try await live.client.post("/v1/images/generations", ["prompt": "7", "model": .text(names[1])])
        #expect(words.status == 200 && wrong.status == 400 && number.status == 200)
        #expect(number.json["model"] == .text(names[1]) && words.json["model"] == .text(names[0]))
    }
}
