import FlowTok
import Foundation
import Testing

/// The asynchronous front, on the shipped model: nothing else is imported than what a user imports.
@Suite struct AsyncTests {
    @Test func theSameImagesAsWithoutWaiting() async throws {
        let flowtok = try await FlowTok.load()
        let expected = try withoutWaiting { try flowtok.generate("a red fox", seed: 7) }
        let fox = try await flowtok.generate("a red fox", seed: 7)
        #expect(fox == expected)
        let caption = try withoutWaiting { try flowtok.caption(fox) }
        #expect(try await flowtok.caption(fox) == caption)
    }

    /// A synchronous context, in which the synchronous calls are meant.
    private func withoutWaiting<Result>(_ body: () throws -> Result) rethrows -> Result { try body() }

    @Test func severalTasksAtOnceDrawWhatTheyDrawAlone() async throws {
        let flowtok = try await FlowTok.load()
        let prompts = ["a red fox", "a snowman", "a banana on blue", "two cats"]
        let alone = try withoutWaiting { try prompts.map { try flowtok.generate($0, seed: 3) } }
        let together = try await withThrowingTaskGroup(of: (Int, Image).self) { group in
            for (index, prompt) in prompts.enumerated() {
                group.addTask { (index, try await flowtok.generate(prompt, seed: 3)) }
            }
            var images = [Image?](repeating: nil, count: prompts.count)
            for try await (index, image) in group { images[index] = image }
            return images
        }
        #expect(together == alone)
    }

    @Test func aStreamTellsStepsPreviewsAndTheImage() async throws {
        let flowtok = try await FlowTok.load()
        var request = GenerationRequest("a red fox", seed: 7)
        request.steps = 4
        var steps: [Int] = []
        var previews = 0
        var images: [GeneratedImage] = []
        for try await event in flowtok.generation(of: request, previewEvery: 2) {
            switch event {
            case .step(let step, of: 4, let shown):
                steps.append(step)
                previews += shown.count
                #expect(shown.allSatisfy { $0.index == 0 && $0.image.width == flowtok.imageTokenizer.imageSize })
            case .step(_, let all, _): Issue.record("\(all) steps")
            case .image(let image): images.append(image)
            }
        }
        #expect(steps == [1, 2, 3, 4] && previews == 1 && images.count == 1)
        #expect(images.first?.seed == 7 && images.first?.settings.steps == 4)
    }

    @Test func errorsComeThroughTheStream() async throws {
        let flowtok = try await FlowTok.load()
        await #expect(throws: FlowTokError.emptyPrompt) {
            for try await _ in flowtok.generation(of: " ") {}
        }
        await #expect(throws: FlowTokError.self) { try await FlowTok.load(model: "/no/such/model") }
    }

    @Test func cancellingStopsWithinAStep() async throws {
        let flowtok = try await FlowTok.load()
        let clock = ContinuousClock()
        let short = try await clock.measure { _ = try await flowtok.generate("a red fox", seed: 7) }
        var request = GenerationRequest("a red fox", seed: 7)
        request.steps = 10_000
        let long = request
        let task = Task { try await flowtok.generate(long) }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        let stopping = await clock.measure { await #expect(throws: CancellationError.self) { try await task.value } }
        // Held against a whole run of the usual steps, so that a busy machine slows both: 10,000 steps are hundreds of those.
        #expect(stopping < short * 20)
        // Leaving the loop stops a stream as well; the model goes on serving.
        for try await event in flowtok.generation(of: long) {
            if case .step = event { break }
        }
        #expect(try await flowtok.generate("a red fox", seed: 7).width == flowtok.imageTokenizer.imageSize)
    }

    @Test func everythingKnowsItsCategory() {
        #expect(FlowTokError.emptyPrompt.errorCategory == .usage)
        #expect(FlowTokError.modelNotFound(path: "x").errorCategory == .missing)
        #expect(FileError.malformed(path: "x", reason: "y").errorCategory == .data)
        #expect(CancellationError().errorCategory == .cancelled)
        #expect(CocoaError(.fileNoSuchFile).errorCategory == .internalFault)
    }
}
