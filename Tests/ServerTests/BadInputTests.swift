import Files
import Foundation
import Images
import Server
import TestSupport
import Testing

/// Whatever a client sends: the right status, a sentence that says what was expected, and the server goes on.
@Suite struct BadInputTests {
    private static let generations = "/v1/images/generations"

    private func expectRefusal(
        _ reply: HTTPClient.Reply, _ status: Int, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(reply.status == status, "\(reply.text.prefix(300))", sourceLocation: sourceLocation)
        #expect(reply.message.contains(message), "\(reply.message)", sourceLocation: sourceLocation)
        #expect(reply.headers["x-request-id"] != nil && !reply.message.contains("\n"), sourceLocation: sourceLocation)
    }

    @Test func fieldsThatMeanNothingAreNamed() async throws {
        let live = try await LiveServer()
        let cases: [(JSONValue, String, field: String)] = [
            ([:], "prompt is missing", "prompt"), (["prompt": ""], "prompt is empty", "prompt"), (["prompt": " \n\t"], "prompt is empty", "prompt"),
            (["prompt": .text(String(repeating: "a", count: 100_000))], "a text of 100000 characters, expected at most 32000", "prompt"),
            (["prompt": 7], "prompt is 7, expected a text", "prompt"),
            (["prompt": "a", "n": 0], "n is 0, expected a whole number, 1 to 10", "n"), (["prompt": "a", "n": 1000], "n is 1000", "n"),
            (["prompt": "a", "n": 1.5], "n is 1.5", "n"), (["prompt": "a", "steps": -1], "steps is -1, expected a whole number, 1 to 200", "steps"),
            (["prompt": "a", "steps": 201], "steps is 201", "steps"), (["prompt": "a", "guidance": 1e9], "guidance is", "guidance"),
            (["prompt": "a", "cfg_scale": "x"], "cfg_scale is \"x\"", "cfg_scale"), (["prompt": "a", "solver": "ddim"], "one of euler", "solver"),
            (["prompt": "a", "size": "axb"], "size is \"axb\", expected WIDTHxHEIGHT", "size"), (["prompt": "a", "size": "99999x10"], "16 to 2048", "size"),
            (["prompt": "a", "size": "512"], "expected WIDTHxHEIGHT", "size"), (["prompt": "a", "seed": -2], "seed is -2", "seed"),
            (["prompt": "a", "seed": 1e30], "seed is", "seed"), (["prompt": "a", "response_format": "gif"], "response_format is \"gif\"", "response_format"),
            (["prompt": "a", "output_format": "tiff"], "\"png\", \"jpeg\" or \"webp\"", "output_format"),
            (["prompt": "a", "stream": "yes"], "true or false", "stream"),
            (["prompt": "a", "partial_images": 4], "partial_images is 4", "partial_images"),
            (["prompt": "a", "background": "transparent"], "opaque", "background"),
        ]
        for (request, message, field) in cases {
            let reply = try await live.client.post(Self.generations, request)
            expectRefusal(reply, 400, message)
            #expect(reply.json["error"]?["param"] == .text(field) && reply.json["error"]?["type"] == "invalid_request_error")
        }
        #expect(try await live.client.post(Self.generations, ["prompt": "a"]).status == 200)
    }

    @Test func bodiesThatAreNoJSONAreRefused() async throws {
        let live = try await LiveServer()
        for text in ["{\"prompt\": \"a cat", "", "[]", "nul", "\"a\"", "{\"prompt\": \"\\ud800\"}", String(repeating: "[", count: 100_000)] {
            let reply = try await live.client.send("POST", Self.generations, headers: ["Content-Type": "application/json"], body: Array(text.utf8))
            expectRefusal(reply, 400, "expected an object in JSON")
        }
        let invalid = try await live.client.send("POST", Self.generations, headers: ["Content-Type": "application/json"], body: [123, 34, 255, 254])
        expectRefusal(invalid, 400, "expected an object in JSON")
        let form = try await live.client.send("POST", Self.generations, headers: ["Content-Type": "text/plain"], body: Array("a=b".utf8))
        expectRefusal(form, 415, "of type text/plain, expected application/json")
        let boundary = try await live.client.send("POST", "/v1/images/edits", headers: ["Content-Type": "multipart/form-data"], body: Array("a".utf8))
        expectRefusal(boundary, 400, "names no boundary")
        let cut = try await live.client.send(
            "POST", "/v1/images/edits", headers: ["Content-Type": "multipart/form-data; boundary=xyzzy"], body: Array("--xyzzy\r\nContent".utf8))
        expectRefusal(cut, 400, "cut off")
    }

    @Test func imagesThatAreNoneAreRefused() async throws {
        let live = try await LiveServer()
        // The header of a PNG of 20,000 × 20,000 pixels, with sums that are right.
        let huge = PNGHeader.file(width: 20_000, height: 20_000)
        let cases: [(JSONValue, String)] = [
            ("data:image/png;base64,AAAA", "expected"), ("data:image/png;base64,", "no image"), ("data:text/plain,hello", "without base64"),
            ("hello, world!", "image"), ("https://example.com/a.png", "fetches nothing"), (.text(huge.base64EncodedString()), "20000x20000"), (7, "data URL"),
            (["a", "b"], "one image"),
        ]
        for (image, message) in cases {
            let reply = try await live.client.post("/v1/images/variations", ["image": image])
            expectRefusal(reply, 400, message)
            #expect(try await live.client.post("/sdapi/v1/interrogate", ["image": image]).status == 400)
        }
        var cut = try Sample.image.encodedPNG()
        cut.removeLast(30)
        let reply = try await live.client.send(
            "POST", "/v1/images/variations", headers: ["Content-Type": "multipart/form-data; boundary=xyzzy"],
            body: Sample.form([], file: ("image", cut)))
        expectRefusal(reply, 400, "image")
    }

    @Test func unknownPathsMethodsAndModelsAreNamed() async throws {
        let live = try await LiveServer()
        expectRefusal(try await live.client.get("/v2/none"), 404, "there is nothing at /v2/none")
        let method = try await live.client.send("DELETE", "/v1/models")
        expectRefusal(method, 405, "DELETE is not what /v1/models takes, expected GET")
        #expect(method.headers["allow"] == "GET")
        expectRefusal(
            try await live.client.post(Self.generations, ["prompt": "a", "model": "dall-e-9"]), 404, "there is no model \"dall-e-9\", expected one of")
        let own = try await live.client.get("/sdapi/v1/none")
        #expect(own.status == 404 && own.json["detail"]?.string?.contains("nothing at") == true && own.json["error"] != nil)
    }

    @Test func largeBodiesAreCutOff() async throws {
        let live = try await LiveServer { $0.maximumUpload = 100_000 }
        // Announced, and sent without having been. The client reads when it has sent all, and must find the reply then.
        let announced = try await live.client.send(
            "POST", Self.generations, headers: ["Content-Type": "application/json"], body: Array(repeating: 32, count: 64 << 20))
        expectRefusal(announced, 413, "at most 100000 bytes")
        let chunk = "100000\r\n" + String(repeating: " ", count: 1 << 20) + "\r\n"
        let head = "POST \(Self.generations) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        let sent = try await live.client.exchange(Array((head + String(repeating: chunk, count: 64)).utf8))
        expectRefusal(sent, 413, "at most 100000 bytes")
        #expect(try await live.client.get("/health").status == 200)
    }

    @Test func slowBodiesAndHeadsAreCutOff() async throws {
        let live = try await LiveServer { $0.bodyTimeout = 0.5 }
        let slow = Array("POST \(Self.generations) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{".utf8)
        expectRefusal(try await live.client.exchange(slow), 408, "did not arrive in time")
        // A head that never ends.
        let other = try await LiveServer { $0.idleTimeout = 0.5 }
        let connection = try Connection(port: other.port)
        try connection.write(Array("GET /health HTTP/1.1\r\nHost".utf8))
        #expect(await connection.ends())
        try await live.answers()
        try await other.answers()
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "\0\0\0\0", "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ])
    func whatIsNoHTTPEndsTheConnectionOnly(_ text: String) async throws {
        let live = try await LiveServer { $0.idleTimeout = 0.5 }
        let connection = try Connection(port: live.port)
        try connection.write(Array(text.utf8))
        #expect(await connection.ends())
        try await live.answers()
    }

    @Test func headersMayNotBeHuge() async throws {
        let live = try await LiveServer { $0.idleTimeout = 0.5 }
        let connection = try Connection(port: live.port)
        try connection.write(Array("GET /health HTTP/1.1\r\nX: \(String(repeating: "y", count: 1 << 20))\r\n\r\n".utf8))
        #expect(await connection.ends())
        try await live.answers()
    }
}

/// The beginning of a PNG that says nothing but its size.
private enum PNGHeader {
    static func file(width: UInt32, height: UInt32) -> Data {
        func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
        func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
            let body = Array(name.utf8) + data
            let sum = ~body.reduce(~UInt32(0)) { sum, byte in
                (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
            }
            return bytes(UInt32(data.count)) + body + bytes(sum)
        }
        return Data(
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", bytes(width) + bytes(height) + [8, 2, 0, 0, 0])
                + chunk("IDAT", [0x78, 0x9C, 3, 0, 0, 0, 0, 1]) + chunk("IEND", []))
    }
}
