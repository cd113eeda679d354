import FlowTok
import Foundation
import Images
import Networks
import TestSupport
import Testing

/// Flows that start at places which no prompt says.
@Suite struct VariationTests {
    private let flowtok: FlowTok

    init() throws { flowtok = try FlowTok(model: TinyModel.path(), precision: .float32) }

    @Test func theStartOfAPromptDrawsItsImageAloneAndAmongOthers() throws {
        let prompts = ["a red fox", "a blue boat", "a cat", "a small house at night"]
        let settings = FlowSettings(flowtok.configuration.sampling)
        let starts = try prompts.enumerated().map { try flowtok.start(of: $1, seed: UInt64($0)) }
        let together = try flowtok.draw(starts, settings: settings)
        for (index, prompt) in prompts.enumerated() {
            let alone = try flowtok.generate(prompt, seed: UInt64(index))
            #expect(together[index] == alone)
            #expect(try flowtok.draw([starts[index]], settings: settings) == [alone])
        }
    }

    @Test func betweenTwoStartsLieOthersOfFullLength() throws {
        func length(_ start: FlowStart) -> Double { start.tokens.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
        let (a, b) = (try flowtok.start(of: "a red fox", seed: 1), try flowtok.start(of: "a blue boat", seed: 2))
        #expect(FlowStart.between(a, b, at: 0).tokens.values == a.tokens.values && FlowStart.between(a, b, at: -1).hidden.values == a.hidden.values)
        #expect(FlowStart.between(a, b, at: 1).tokens.values == b.tokens.values)
        for position in [Float(0.25), 0.5, 0.75] {
            let wanted = length(a) * Double(1 - position) + length(b) * Double(position)
            #expect(abs(length(.between(a, b, at: position)) - wanted) < 1e-3 * wanted)
        }
        // Of two that are the same, all others are the same too; of opposite ones, none is a number that is none.
        #expect(zip(FlowStart.between(a, a, at: 0.3).tokens.values, a.tokens.values).allSatisfy { abs($0 - $1) < 1e-5 })
        let opposite = FlowStart(tokens: a.tokens * -1, hidden: a.hidden)
        #expect(FlowStart.between(a, opposite, at: 0.5).tokens.values.allSatisfy { $0.isFinite })
    }

    @Test func aMorphBeginsAndEndsWithTheImagesOfItsPrompts() throws {
        let frames = try flowtok.morph(MorphRequest(from: "a red fox", to: "a blue boat", frames: 11, seed: 4))
        #expect(frames.count == 11)
        #expect(try frames[0].image == flowtok.generate("a red fox", seed: 4))
        #expect(try frames[10].image == flowtok.generate("a blue boat", seed: 4))
        #expect(frames[5].image != frames[0].image && frames[5].image != frames[10].image)
        #expect(frames[5].origin == GenerationOrigin(morphedTo: "a blue boat", position: 0.5))
        // The record survives its way through a file's texts, in both forms.
        let record = GenerationMetadata(frames[5])
        #expect(GenerationMetadata(texts: record.texts) == record)
        #expect(GenerationMetadata(texts: record.texts.filter { $0.keyword == "parameters" }) == record)
    }

    @Test func variationsMoveFromTheImageToItsCaption() throws {
        let image = try flowtok.generate("a red fox", seed: 3)
        let caption = try flowtok.caption(image)
        let whole = try flowtok.variations(VariationRequest(of: image, strength: 1, seed: 8, count: 2))
        for (index, drawn) in whole.enumerated() {
            #expect(drawn.prompt == caption && drawn.seed == UInt64(8 + index) && drawn.origin?.strength == 1)
            let words = caption.contains { !$0.isWhitespace } ? caption : "a picture"
            #expect(try drawn.image == flowtok.generate(words, seed: UInt64(8 + index)))
        }
        // Where nothing is moved, the seed says nothing.
        let none = try flowtok.variations(VariationRequest(of: image, strength: 0, seed: 8, count: 2))
        #expect(none[0].image == none[1].image)
        let half = try flowtok.variations(VariationRequest(of: image, prompt: "a blue boat", strength: 0.5, seed: 8))
        #expect(half[0].prompt == "a blue boat" && half[0].image != none[0].image)
        #expect(
            try flowtok.variations(VariationRequest(of: image, strength: 0.5, seed: 9, count: 1))[0].image
                == flowtok.variations(VariationRequest(of: image, strength: 0.5, seed: 8, count: 2))[1].image)
    }

    @Test func settingsOutOfRangeAreRefused() throws {
        let image = Image(width: 8, height: 8, filled: .white)
        for strength in [Float(-0.1), 1.1, .nan] {
            #expect(refusal { try flowtok.variations(VariationRequest(of: image, strength: strength)) }.text.contains("strength is"))
        }
        #expect(refusal { try flowtok.variations(VariationRequest(of: image, prompt: " ")) }.text.contains("prompt is empty"))
        #expect(refusal { try flowtok.variations(VariationRequest(of: image, count: 0)) }.text.contains("count is 0"))
        #expect(refusal { try flowtok.morph(MorphRequest(from: "a", to: "b", frames: 1)) }.text.contains("frames is 1, expected 2 to 1000"))
        #expect(refusal { try flowtok.morph(MorphRequest(from: "a", to: "")) }.text.contains("prompt is empty"))
        #expect(refusal { try flowtok.morph(MorphRequest(from: "a", to: "b", steps: 0)) }.text.contains("steps is 0"))
        #expect(refusal { try flowtok.start(of: image, steps: 0) }.text.contains("steps is 0"))
    }

    @Test func theAsynchronousCallsDrawTheSameAndStop() async throws {
        let request = MorphRequest(from: "a red fox", to: "a blue boat", frames: 3, seed: 4)
        let drawn = try await flowtok.morph(request)
        #expect(try drawn.map(\.image) == synchronously { try flowtok.morph(request).map(\.image) })
        let task = Task { try await flowtok.morph(MorphRequest(from: "a", to: "b", frames: 1000, steps: 1000)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    /// Calls what has an asynchronous counterpart of the same name.
    private func synchronously<Value>(_ body: () throws -> Value) rethrows -> Value { try body() }
}
