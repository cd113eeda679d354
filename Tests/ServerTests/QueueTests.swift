import Files
import FlowTok
import Foundation
import Server
import Tensors
import TestSupport
import Testing

@Suite struct QueueTests {
    private static let generations = "/v1/images/generations"

    @Test func manyAtOnceEachGetTheImageThatTheyGetAlone() async throws {
        let live = try await LiveServer()
        // Waits until the others are there, so that they are drawn together.
        let first = try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat", "steps": 200, "n": 8])
        let files = try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            for index in 0..<24 {
                group.addTask {
                    let reply = try await live.client.post(
                        Self.generations, ["prompt": .text("a cat number \(index)"), "seed": .integer(Int64(index)), "steps": 3])
                    return (index, reply.json["data"]?.entries.first?["b64_json"]?.string)
                }
            }
            return try await group.reduce(into: [Int: String]()) { $0[$1.0] = $1.1 }
        }
        #expect(first.status == 202 && files.count == 24)
        let metrics = try await live.client.get("/metrics").text
        // On machines where a larger product is another one, nothing is drawn together.
        let batches = try #require(metrics.firstMatch(of: /flowtok_batch_size_count (\d+)/).flatMap { Int($0.1) })
        if !Machine.usesOpenBLAS { #expect(batches <= 20, "\(batches) batches for 32 images of 25 requests") }
        for index in [0, 11, 23] {
            let alone = try await live.client.post(
                Self.generations, ["prompt": .text("a cat number \(index)"), "seed": .integer(Int64(index)), "steps": 3])
            #expect(alone.json["data"]?.entries.first?["b64_json"]?.string == files[index])
        }
    }

    @Test func aFullQueueTellsWhenToComeBack() async throws {
        let live = try await LiveServer { $0.queue = 2 }
        var ids: [String] = []
        var full: HTTPClient.Reply?
        for index in 0..<8 where full == nil {
            let reply = try await live.client.post(
                "/flowtok/v1/jobs", ["prompt": "a cat", "steps": .integer(Int64(100 + index)), "n": 10, "previews": 0])
            if reply.status == 202 { ids.append(reply.json["id"]?.string ?? "") } else { full = reply }
        }
        #expect(full?.status == 429 && full?.json["error"]?["code"] == "queue_full" && Int(full?.headers["retry-after"] ?? "") ?? 0 > 0)
        #expect((2...4).contains(ids.count))
        for id in ids { _ = try await live.client.send("DELETE", "/flowtok/v1/jobs/\(id)") }
        try await live.settle()
        #expect(try await live.client.post(Self.generations, ["prompt": "a cat"]).status == 200)
    }

    @Test func theOrderIsThatOfArrival() async throws {
        let live = try await LiveServer()
        var ids: [String] = []
        for index in 0..<6 {
            // Different settings, so that each is drawn for itself.
            let reply = try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat", "steps": .integer(Int64(150 + index)), "previews": 0])
            ids.append(try #require(reply.json["id"]?.string))
        }
        let clock = ContinuousClock()
        let ends = try await withThrowingTaskGroup(of: (Int, ContinuousClock.Instant).self) { group in
            for (index, id) in ids.enumerated() {
                group.addTask {
                    let events = try await live.client.get("/flowtok/v1/jobs/\(id)/events").events
                    #expect(events.last?.name == "done")
                    return (index, clock.now)
                }
            }
            return try await group.reduce(into: [(Int, ContinuousClock.Instant)]()) { $0.append($1) }
        }
        #expect(ends.sorted { $0.1 < $1.1 }.map(\.0) == Array(0..<6))
    }

    @Test func whoGoesIsNotDrawnFor() async throws {
        let live = try await LiveServer { $0.maximumSteps = 10_000 }
        let body = JSONValue.object(["prompt": "a cat", "steps": 10_000, "n": 10]).serialized
        let head = "POST \(Self.generations) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        for _ in 0..<3 {
            let connection = try Connection(port: live.port)
            try connection.write(Array(head.utf8) + body)
            for _ in 0..<500 {
                if try await live.client.get("/health").json["queue"]?["running"] == 1 { break }
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(try await live.client.get("/health").json["queue"]?["running"] == 1)
            withExtendedLifetime(connection) {}
        }
        try await live.settle(within: 10)
    }

    @Test func workThatTakesTooLongIsGivenUp() async throws {
        let live = try await LiveServer {
            $0.timeout = 0.3
            $0.maximumSteps = 10_000
        }
        let reply = try await live.client.post(Self.generations, ["prompt": "a cat", "steps": 10_000, "n": 10])
        #expect(reply.status == 504 && reply.headers["x-should-retry"] == "false" && reply.message.contains("longer than 0.3 s"))
        try await live.settle(within: 10)
    }

    @Test func healthAnswersAtOnceUnderFullLoad() async throws {
        let live = try await LiveServer()
        for index in 0..<8 {
            _ = try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat", "steps": .integer(Int64(150 + index)), "n": 10])
        }
        let clock = ContinuousClock()
        var times: [Duration] = []
        for _ in 0..<20 {
            let start = clock.now
            #expect(try await live.client.get("/health").status == 200)
            times.append(clock.now - start)
        }
        #expect(times.sorted()[10] < .milliseconds(50), "\(times.sorted()[10])")
    }

    @Test func withoutAModelTheServerSaysThatItLoads() async throws {
        let live = try await LiveServer(loadsModel: false)
        let health = try await live.client.get("/health")
        #expect(health.status == 503 && health.json["status"] == "loading")
        let reply = try await live.client.post(Self.generations, ["prompt": "a cat"])
        #expect(reply.status == 503 && reply.headers["retry-after"] != nil && reply.message.contains("loading"))
        #expect(try await live.client.get("/v1/models").status == 503)
    }

    @Test func endingLetsWhatWasBegunComeToItsEnd() async throws {
        let live = try await LiveServer { $0.drain = 60 }
        async let begun = live.client.post(Self.generations, ["prompt": "a cat", "steps": 200, "n": 4])
        while try await live.client.get("/health").json["queue"]?["running"] != 1 { try await Task.sleep(for: .milliseconds(5)) }
        await live.server.shutDown()
        // Until the end it says that it is ending.
        var sawDraining = false
        for _ in 0..<1000 where !sawDraining {
            guard let health = try? await live.client.get("/health") else { break }
            sawDraining = health.status == 503 && health.json["status"] == "draining"
            if sawDraining { #expect(try await live.client.post(Self.generations, ["prompt": "a fox"]).json["error"]?["code"] == "draining") }
        }
        #expect(sawDraining)
        #expect(try await begun.status == 200)
        for _ in 0..<500 {
            if (try? await live.client.get("/health")) == nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("the server still listens")
    }

    @Test func whatDoesNotEndInTimeIsCancelled() async throws {
        let live = try await LiveServer {
            $0.drain = 0.5
            $0.maximumSteps = 10_000
        }
        let id = try #require(try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat", "steps": 10_000, "n": 10]).json["id"]?.string)
        async let events = live.client.get("/flowtok/v1/jobs/\(id)/events")
        try await Task.sleep(for: .milliseconds(200))
        await live.server.shutDown()
        // The stream ends, whole or cut off.
        _ = try? await events
        for _ in 0..<500 {
            if (try? await live.client.get("/health")) == nil { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("the server still listens")
    }
}
