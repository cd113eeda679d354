import Files
import FlowTok
import Foundation
import Images
import Server
import TestSupport
import Testing

@Suite struct OpenAITests {
    private func image(_ entry: JSONValue) throws -> Image {
        try Image(data: #require(Data(base64Encoded: entry["b64_json"]?.string ?? "")))
    }

    @Test func imagesAreThoseOfTheLibraryAndSayHowTheyCameAbout() async throws {
        let live = try await LiveServer()
        let reply = try await live.client.post("/v1/images/generations", ["prompt": "a red fox", "n": 2, "seed": 7, "unknown": "field"])
        #expect(reply.status == 200)
        let data = reply.json["data"]?.entries ?? []
        #expect(data.map { $0["seed"] } == [.integer(7), .integer(8)])
        #expect(reply.json["size"] == "32x32" && reply.json["output_format"] == "png" && reply.json["created"] != nil)
        #expect(reply.json["usage"]?["total_tokens"] == .integer(Int64(3 * TinyModel.tokens)))
        for (index, entry) in data.enumerated() {
            #expect(try image(entry) == Library.generate("a red fox", seed: UInt64(7 + index)))
        }
        let bytes = try #require(Data(base64Encoded: data.first?["b64_json"]?.string ?? ""))
        #expect(GenerationMetadata(texts: try ImageMetadata(data: bytes).texts)?.prompt == "a red fox")
    }

    @Test func anotherSizeAndFormatAreSentAndBothSizesReported() async throws {
        let live = try await LiveServer()
        let reply = try await live.client.post(
            "/v1/images/generations", ["prompt": "a cat", "size": "96x64", "output_format": "jpeg", "output_compression": 50, "negative_prompt": "dogs"])
        let picture = try image(#require(reply.json["data"]?.entries.first))
        #expect((picture.width, picture.height) == (96, 64))
        #expect(reply.json["size"] == "96x64" && reply.json["native_size"] == "32x32")
        #expect(reply.json["warnings"]?.entries.first?.string?.contains("negative_prompt") == true)
        let strict = try await LiveServer { $0.sizePolicy = .reject }
        let refused = try await strict.client.post("/v1/images/generations", ["prompt": "a cat", "size": "96x64"])
        #expect(refused.status == 400 && refused.message.contains("32x32"))
    }

    @Test func anAddressLeadsToTheImage() async throws {
        let live = try await LiveServer()
        let reply = try await live.client.post("/v1/images/generations", ["prompt": "a cat", "response_format": "url", "output_format": "webp"])
        let address = try #require(reply.json["data"]?.entries.first?["url"]?.string)
        let path = try #require(address.range(of: "/flowtok/")).lowerBound
        let fetched = try await live.client.get(String(address[path...]))
        #expect(fetched.status == 200 && fetched.headers["content-type"] == "image/webp")
        #expect(try Image.read(data: fetched.body).format == .webp)
        #expect(try await live.client.get("/flowtok/v1/images/none.png").status == 404)
    }

    @Test func aStreamShowsImagesFormingAndThenTheImage() async throws {
        let live = try await LiveServer()
        let reply = try await live.client.post(
            "/v1/images/generations", ["prompt": "a cat", "seed": 3, "stream": true, "partial_images": 2])
        #expect(reply.headers["content-type"] == "text/event-stream")
        #expect(
            reply.events.map(\.name) == [
                "image_generation.partial_image", "image_generation.partial_image", "image_generation.completed",
            ])
        let last = try JSONDecoder().decode(JSONValue.self, from: Data(#require(reply.events.last).data.utf8))
        for key in ["type", "b64_json", "created_at", "size", "quality", "background", "output_format", "usage"] { #expect(last[key] != nil, "\(key)") }
        let alone = try await live.client.post("/v1/images/generations", ["prompt": "a cat", "seed": 3])
        #expect(try image(last) == image(#require(alone.json["data"]?.entries.first)))
    }

    @Test(arguments: ["image", "image[]"]) func variationsAndEditsTakeForms(_ name: String) async throws {
        let live = try await LiveServer()
        let body = Sample.form([("prompt", "a blue boat"), ("n", "2"), ("seed", "5"), ("strength", "0.4")], file: (name, try Sample.image.encodedPNG()))
        for path in ["/v1/images/variations", "/v1/images/edits"] {
            let reply = try await live.client.send("POST", path, headers: ["Content-Type": "multipart/form-data; boundary=xyzzy"], body: body)
            #expect(reply.status == 200 && reply.json["data"]?.entries.count == 2)
            let own = try Library.variations(
                VariationRequest(of: Image(data: Sample.image.encodedPNG()), prompt: "a blue boat", strength: 0.4, seed: 5, count: 2))
            #expect(try image(#require(reply.json["data"]?.entries.last)) == own[1])
        }
    }

    @Test func aMaskIsRefusedAndAnEditNeedsWords() async throws {
        let live = try await LiveServer()
        let masked = try await live.client.post("/v1/images/edits", ["prompt": "a cat", "image": try Sample.address(), "mask": try Sample.address()])
        #expect(masked.status == 400 && masked.message.contains("mask"))
        let wordless = try await live.client.post("/v1/images/edits", ["image": try Sample.address()])
        #expect(wordless.status == 400 && wordless.message.contains("prompt is missing"))
        let empty = try await live.client.post("/v1/images/variations", ["strength": 0.5])
        #expect(empty.status == 400 && empty.message.contains("image is missing"))
    }

    @Test func aChatCaptionsTheLatestImage() async throws {
        let live = try await LiveServer()
        let caption = try Library.caption(Image(data: Sample.image.encodedPNG()))
        let messages: JSONValue = [
            ["role": "user", "content": "Hello"],
            ["role": "user", "content": [["type": "text", "text": "What is this?"], ["type": "image_url", "image_url": ["url": try Sample.address()]]]],
        ]
        let reply = try await live.client.post("/v1/chat/completions", ["model": "tiny, for tests", "messages": messages])
        #expect(reply.status == 200 && reply.json["choices"]?.entries.first?["message"]?["content"] == .text(caption))
        let streamed = try await live.client.post("/v1/chat/completions", ["messages": messages, "stream": true])
        #expect(streamed.events.last?.data == "[DONE]" && streamed.events.first?.data.contains("chat.completion.chunk") == true)
        let none = try await live.client.post("/v1/chat/completions", ["messages": [["role": "user", "content": "Hello"]]])
        #expect(none.status == 400 && none.message.contains("no image"))
        let fetched = try await live.client.post(
            "/v1/chat/completions",
            ["messages": [["role": "user", "content": [["type": "image_url", "image_url": ["url": "https://example.com/a.png"]]]]]])
        #expect(fetched.status == 400 && fetched.message.contains("fetches nothing"))
    }

    @Test func modelsAreListed() async throws {
        let live = try await LiveServer()
        #expect(try await live.client.get("/v1/models").json["data"]?.entries.map { $0["id"] } == ["tiny, for tests"])
        #expect(try await live.client.get("/v1/models/tiny%2C%20for%20tests").json["id"] == "tiny, for tests")
        #expect(try await live.client.get("/v1/models/other").status == 404)
    }
}
