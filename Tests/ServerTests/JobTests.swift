import Files
import FlowTok
import Foundation
import Images
import Server
import TestSupport
import Testing

@Suite struct JobTests {
    private func start(_ live: LiveServer, _ request: JSONValue) async throws -> String {
        let reply = try await live.client.post("/flowtok/v1/jobs", request)
        #expect(reply.status == 202, "\(reply.text)")
        return try #require(reply.json["id"]?.string)
    }

    @Test func aJobTellsEveryStepAndKeepsItsImages() async throws {
        let live = try await LiveServer()
        let id = try await start(live, ["prompt": "a red fox", "n": 2, "seed": 7])
        let events = try await live.client.get("/flowtok/v1/jobs/\(id)/events").events
        #expect(events.map(\.name) == ["step", "step", "step", "step", "image", "image", "done"])
        #expect(events.map(\.id) == (1...7).map(String.init))
        let step = try JSONDecoder().decode(JSONValue.self, from: Data(events[1].data.utf8))
        #expect(step["step"] == 2 && step["steps"] == 4 && step["images"]?.entries.count == 2)
        #expect(try Image.read(data: #require(Data(base64Encoded: step["images"]?.entries[0]["b64_json"]?.string ?? ""))).format == .jpeg)
        let rest = try await live.client.get("/flowtok/v1/jobs/\(id)/events", headers: ["Last-Event-ID": "5"]).events
        #expect(rest.map(\.name) == ["image", "done"])
        let job = try await live.client.get("/flowtok/v1/jobs/\(id)").json
        #expect(job["status"] == "done" && job["images"]?.entries.map { $0["seed"] } == [7, 8])
        #expect(job["images"]?.entries[0]["metadata"]?["prompt"] == "a red fox")
    }

    @Test func everyKindOfJobIsDone() async throws {
        let live = try await LiveServer()
        let image = try Sample.address()
        let requests: [(JSONValue, images: Int, captions: Int)] = [
            (["kind": "variations", "image": image, "n": 2, "strength": 0.3], 2, 0), (["kind": "caption", "image": image, "n": 2], 0, 2),
            (["kind": "interpolate", "from": "a cat", "to": "a fox", "frames": 10, "seed": 1], 10, 0),
            (["kind": "interpolate", "from": "a cat", "to": "a fox", "at": 0.5, "seed": 1], 1, 0),
            (["kind": "roundtrip", "prompt": "a cat", "rounds": 3], 3, 3), (["kind": "roundtrip", "image": image, "rounds": 2], 2, 2),
            (["kind": "reconstruct", "image": image], 1, 0),
        ]
        for (request, images, captions) in requests {
            let id = try await start(live, request)
            let events = try await live.client.get("/flowtok/v1/jobs/\(id)/events").events
            #expect(events.last?.name == "done", "\(request.brief): \(events.last?.data ?? "")")
            let job = try await live.client.get("/flowtok/v1/jobs/\(id)").json
            #expect(job["images"]?.entries.count == images)
            // There may be fewer different captions than were asked for.
            #expect(captions == 0 ? job["captions"] == [] : (1...captions).contains(job["captions"]?.entries.count ?? 0))
        }
    }

    @Test func aMorphIsThatOfTheLibraryAndSavedAsAnAnimation() async throws {
        let live = try await LiveServer()
        let id = try await start(live, ["kind": "interpolate", "from": "a cat", "to": "a fox", "frames": 5, "seed": 3])
        _ = try await live.client.get("/flowtok/v1/jobs/\(id)/events")
        let reply = try await live.client.get("/flowtok/v1/jobs/\(id)/animation.png?delay=40&back=1")
        #expect(reply.status == 200 && reply.headers["content-type"] == "image/png")
        let frames = try Library.morph(MorphRequest(from: "a cat", to: "a fox", frames: 5, seed: 3))
        #expect(try Image(data: reply.body) == frames[0])
        #expect(Data(reply.body).range(of: Data("acTL".utf8) + Data([0, 0, 0, 8])) != nil)
        #expect(GenerationMetadata(texts: try ImageMetadata(data: reply.body).texts)?.origin?.morphedTo == "a fox")
        #expect(try await live.client.get("/flowtok/v1/jobs/\(id)/animation.png?delay=0").status == 400)
    }

    @Test func jobsOutliveTheirClientAndAreCancelledOnce() async throws {
        let live = try await LiveServer { $0.allowEndlessWork() }
        // One that runs and one that waits, which is cancelled first: it would run, and be done, once the other is gone.
        let ids = [try await live.occupy(), try await start(live, ["prompt": "a fox"])]
        for id in ids.reversed() {
            let first = try await live.client.send("DELETE", "/flowtok/v1/jobs/\(id)")
            #expect(first.status == 200 && first.json["status"] == "cancelled")
            let second = try await live.client.send("DELETE", "/flowtok/v1/jobs/\(id)")
            #expect(second.status == 409 && second.message.contains("is cancelled already"))
            #expect(try await live.client.get("/flowtok/v1/jobs/\(id)/events").events.last?.name == "cancelled")
            #expect(try await live.client.get("/flowtok/v1/jobs/\(id)/animation.png").status == 409)
        }
        try await live.settle()
        for method in ["GET", "DELETE"] {
            let unknown = try await live.client.send(method, "/flowtok/v1/jobs/nobody")
            #expect(unknown.status == 404 && unknown.message.contains("no job \"nobody\""))
        }
    }

    @Test func whatEndedLongAgoIsForgottenAndSaysSo() async throws {
        let live = try await LiveServer { $0.keptJobs = 1 }
        let first = try await start(live, ["prompt": "a cat"])
        _ = try await live.client.get("/flowtok/v1/jobs/\(first)/events")
        let second = try await start(live, ["prompt": "a fox"])
        _ = try await live.client.get("/flowtok/v1/jobs/\(second)/events")
        #expect(try await live.client.get("/flowtok/v1/jobs/\(second)").status == 200)
        let gone = try await live.client.get("/flowtok/v1/jobs/\(first)")
        #expect(gone.status == 410 && gone.message.contains("forgotten"))
    }

    @Test func wrongRequestsAreRefusedBeforeTheyWait() async throws {
        let live = try await LiveServer()
        let wrong: [(JSONValue, String)] = [
            (["kind": "sing"], "kind is \"sing\", expected one of draw"), (["kind": "draw"], "prompt is missing"),
            (["kind": "interpolate", "from": "a cat"], "from or to is missing"), (["kind": "interpolate", "from": " ", "to": "a cat"], "prompt is empty"),
            (["kind": "interpolate", "from": "a", "to": "b", "at": 2], "at is 2"), (["kind": "caption"], "image is missing"),
            (["kind": "roundtrip", "rounds": 100, "prompt": "a"], "rounds is 100"),
            (["kind": "variations", "image": try Sample.address(), "strength": 1.5], "strength is 1.5"),
        ]
        for (request, message) in wrong {
            let reply = try await live.client.post("/flowtok/v1/jobs", request)
            #expect(reply.status == 400 && reply.message.contains(message), "\(reply.text)")
        }
    }

    @Test func anImageSaysHowItWasDrawn() async throws {
        let live = try await LiveServer()
        let drawn = try await live.client.post("/v1/images/generations", ["prompt": "a cat", "seed": 9])
        let file = try #require(drawn.json["data"]?.entries.first?["b64_json"]?.string)
        let info = try await live.client.post("/flowtok/v1/info", ["image": .text("data:image/png;base64," + file)]).json
        #expect(info["metadata"]?["prompt"] == "a cat" && info["metadata"]?["seed"] == 9)
        #expect(try await live.client.post("/flowtok/v1/info", ["image": try Sample.address()]).json["metadata"] == .null)
    }
}
