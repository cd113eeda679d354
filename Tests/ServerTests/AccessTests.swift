import Files
import Foundation
import Server
import TestSupport
import Testing

@Suite struct AccessTests {
    @Test func theKeyIsAskedForAsTokenOrPassword() async throws {
        let live = try await LiveServer { $0.apiKey = "s3cret" }
        func basic(_ pair: String) -> String { "Basic " + Data(pair.utf8).base64EncodedString() }
        for wrong in ["", "Bearer", "Bearer x", "Bearer s3cre", "Bearer s3cretx", "Basic ???", basic("s3cret:x"), basic("a:b"), "Digest s3cret"] {
            let reply = try await live.client.get("/v1/models", headers: ["Authorization": wrong])
            #expect(reply.status == 401 && reply.json["error"]?["type"] == "authentication_error", "\(wrong)")
            #expect(reply.headers["www-authenticate"]?.hasPrefix("Basic") == true)
        }
        for right in ["Bearer s3cret", "bearer s3cret", basic("anybody:s3cret"), basic("s3cret")] {
            #expect(try await live.client.get("/v1/models", headers: ["Authorization": right]).status == 200, "\(right)")
        }
        #expect(try await live.client.get("/sdapi/v1/options").status == 401)
        #expect(try await live.client.get("/metrics").status == 401)
        for open in ["/", "/health", "/openapi.json"] { #expect(try await live.client.get(open).status == 200) }
        #expect(try await live.client.send("OPTIONS", "/v1/images/generations").status == 204)
    }

    @Test func otherPagesMayNotUseTheServerUnlessTheyAreNamed() async throws {
        let live = try await LiveServer()
        let foreign = ["Origin": "https://example.com"]
        #expect(try await live.client.get("/v1/models", headers: foreign).status == 403)
        let before = try await live.client.send("OPTIONS", "/v1/images/generations", headers: foreign)
        #expect(before.status == 204 && before.headers["access-control-allow-origin"] == nil)
        #expect(try await live.client.get("/v1/models", headers: ["Origin": "http://localhost:\(live.port)"]).status == 200)
        // A name of somebody else's that leads to this machine.
        #expect(try await live.client.get("/v1/models", headers: ["Host": "evil.example:\(live.port)"]).status == 403)

        let open = try await LiveServer { $0.corsOrigins = ["https://example.com"] }
        let allowed = try await open.client.get("/v1/models", headers: foreign)
        #expect(allowed.status == 200 && allowed.headers["access-control-allow-origin"] == "https://example.com")
        // A page may read what went wrong.
        let wrong = try await open.client.post("/v1/images/generations", ["prompt": ""], headers: foreign)
        #expect(wrong.status == 400 && wrong.headers["access-control-allow-origin"] == "https://example.com")
        let asked = try await open.client.send(
            "OPTIONS", "/v1/images/generations", headers: foreign.merging(["Access-Control-Request-Headers": "x-own"]) { $1 })
        #expect(asked.headers["access-control-allow-headers"] == "x-own" && asked.headers["allow"] == "POST, OPTIONS")
        #expect(try await open.client.get("/v1/models", headers: ["Origin": "https://example.org"]).status == 403)
    }

    @Test func theDescriptionNamesEveryPathAndNoOther() async throws {
        let live = try await LiveServer()
        let document = try await live.client.get("/openapi.json").json
        guard case .object(let paths)? = document["paths"] else {
            Issue.record("no paths")
            return
        }
        let described = paths.flatMap { path, value -> [String] in
            guard case .object(let methods) = value else { return [] }
            return methods.keys.map { "\($0.uppercased()) \(path)" }
        }
        #expect(described.sorted() == Routes.paths(live.server).map { "\($0.method) \($0.path)" }.sorted())
    }

    @Test func thePageBringsAllThatItNeeds() async throws {
        let live = try await LiveServer()
        let page = try await live.client.get("/")
        #expect(page.headers["content-type"] == "text/html; charset=utf-8" && page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
        #expect(page.text.hasPrefix("<!doctype html>"))
        // Nothing comes from elsewhere.
        #expect(!page.text.contains("https://") && !page.text.contains("src=\"http"))
        let head = try await live.client.send("HEAD", "/")
        #expect(head.status == 200 && head.body.isEmpty)
    }

    @Test func metricsCountWhatWasDone() async throws {
        let live = try await LiveServer()
        _ = try await live.client.post("/v1/images/generations", ["prompt": "a cat", "n": 3])
        let text = try await live.client.get("/metrics").text
        #expect(text.contains("flowtok_images_total 3.0"))
        #expect(text.contains("flowtok_http_requests_total{method=\"POST\",route=\"/v1/images/generations\",status=\"200\"} 1.0"))
        #expect(text.contains("# TYPE flowtok_batch_seconds histogram") && text.contains("flowtok_batch_seconds_count"))
        #expect(text.contains("process_resident_memory_bytes "))
    }
}
