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
        let live = try await LiveServer { $0.allowEndlessWork() }
        // Until all are there, so that they are drawn together.
        let first = try await live.occupy()
        async let released: Void = { () async throws in
            try await live.waits(24 + 1)
            try await live.cancel(first)
        }()
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
        try await released
        #expect(files.count == 24)
        let metrics = try await live.client.get("/metrics").text
        // On machines where a larger product is another one, nothing is drawn together.
        let batches = try #require(metrics.firstMatch(of: /flowtok_batch_size_count (\d+)/).flatMap { Int($0.1) })
        if !Machine.usesOpenBLAS { #expect((3...4).contains(batches), "\(batches) batches for 24 images") }
        for index in [0, 11, 23] {
            let alone = try await live.client.post(
                Self.generations, ["prompt": .text("a cat number \(index)"), "seed": .integer(Int64(index)), "steps": 3])
            #expect(alone.json["data"]?.entries.first?["b64_json"]?.string == files[index])
        }
    }

    @Test func aFullQueueTellsWhenToComeBack() async throws {
        let live = try await LiveServer {
            $0.queue = 3
            $0.allowEndlessWork()
        }
        var ids = [try await live.occupy()]
        for _ in 0..<2 {
            let reply = try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat"])
            #expect(reply.status == 202)
            ids.append(try #require(reply.json["id"]?.string))
        }
        let full = try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat"])
        #expect(full.status == 429 && full.json["error"]?["code"] == "queue_full" && Int(full.headers["retry-after"] ?? "") ?? 0 > 0)
        for id in ids { try await live.cancel(id) }
        try await live.settle()
        #expect(try await live.client.post(Self.generations, ["prompt": "a cat"]).status == 200)
    }

    @Test func theOrderIsThatOfArrival() async throws {
        let live = try await LiveServer { $0.allowEndlessWork() }
        let first = try await live.occupy()
        var ids: [String] = []
        for index in 0..<6 {
            // Different settings, so that each is drawn for itself.
            let reply = try await live.client.post("/flowtok/v1/jobs", ["prompt": "a cat", "steps": .integer(Int64(50 + index)), "previews": 0])
            ids.append(try #require(reply.json["id"]?.string))
        }
        try await live.cancel(first)
        // The latest is asked for first: what came before one that is done must be done by the time that it is asked for.
        var isDone = false
        for _ in 0..<100_000 where !isDone {
            var statuses: [String?] = []
            for id in ids.reversed() { statuses.append(try await live.client.get("/flowtok/v1/jobs/\(id)").json["status"]?.string) }
            let done = statuses.map { $0 == "done" }
            #expect(done.drop { !$0 }.allSatisfy { $0 }, "from the latest to the first: \(statuses)")
            isDone = done.allSatisfy { $0 }
        }
        #expect(isDone)
    }

    @Test func whoGoesIsNotDrawnFor() async throws {
        let live = try await LiveServer { $0.allowEndlessWork() }
        let body = LiveServer.endless.serialized
        let head = "POST \(Self.generations) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        // So often that some leave in the moment in which their job tells of a step.
        for _ in 0..<200 {
            let connection = try Connection(port: live.port)
            try connection.write(Array(head.utf8) + body)
            try await live.wait(for: "job that runs") { $0["queue"]?["running"] == 1 }
            connection.leave()
            try await live.settle()
        }
    }

    @Test func workThatTakesTooLongIsGivenUp() async throws {
        let live = try await LiveServer {
            $0.timeout = 0.3
            $0.allowEndlessWork()
        }
        let reply = try await live.client.post(Self.generations, LiveServer.endless)
        #expect(reply.status == 504 && reply.headers["x-should-retry"] == "false" && reply.message.contains("longer than 0.3 s"))
        try await live.settle()
    }

    @Test func drawingHoldsNoOtherRequestUp() async throws {
        let live = try await LiveServer { $0.allowEndlessWork() }
        // Were a thread that answers the one that draws, the answer would come after the end of the job, which has none.
        let job = try await live.occupy()
        for _ in 0..<50 {
            let health = try await live.client.get("/health")
            #expect(health.status == 200 && health.json["queue"]?["running"] == 1)
        }
        #expect(try await live.client.get("/flowtok/v1/jobs/\(job)").json["status"] == "running")
        try await live.cancel(job)
        try await live.settle()
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
        let live = try await LiveServer {
            $0.drain = 600
            $0.allowEndlessWork()
        }
        let first = try await live.occupy()
        async let begun = live.client.post(Self.generations, ["prompt": "a cat", "n": 4])
        try await live.waits(1 + 1)
        async let ended: Void = live.server.shutDown()
        // Until the end it says that it is ending.
        try await live.wait(for: "draining") { $0["status"] == "draining" }
        #expect(try await live.client.get("/health").status == 503)
        #expect(try await live.client.post(Self.generations, ["prompt": "a fox"]).json["error"]?["code"] == "draining")
        try await live.cancel(first)
        #expect(try await begun.status == 200)
        await ended
        try await live.ends()
    }

    @Test func anIdleServerGivesBackTheMemoryOfDrawing() async throws {
        let live = try await LiveServer { $0.idleMemory = 0.5 }
        #expect(try await live.client.post(Self.generations, ["prompt": "a cat"]).status == 200)
        let end = Date().addingTimeInterval(60)
        while Machine.cachedBytes > 0, Date() < end { try await Task.sleep(for: .milliseconds(50)) }
        #expect(Machine.cachedBytes == 0)
        #expect(try await live.client.post(Self.generations, ["prompt": "a cat"]).status == 200)
        #expect(Machine.cachedBytes > 0)
    }

    @Test func whatDoesNotEndInTimeIsCancelled() async throws {
        let live = try await LiveServer {
            $0.drain = 0.5
            $0.allowEndlessWork()
        }
        let id = try await live.occupy()
        async let events = live.client.get("/flowtok/v1/jobs/\(id)/events")
        await live.server.shutDown()
        // The stream ends, whole or cut off, or was not begun.
        #expect((try? await events)?.events.last?.name != "done")
        try await live.ends()
    }
}
