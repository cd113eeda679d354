import Datasets
import FlowTok
import Foundation
import Images
import Tensors
import TestSupport
import Testing
import TextTokenizers
import Training

/// Sample k of a source is a function of k alone.
@Suite struct SourceTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try SampleSprites.shard(SampleSprites.sprites()).write(to: folder.url.appendingPathComponent("sprites.tar"))
        try TinyFiles.images(12, in: folder, under: "pictures")
    }

    private func data(_ kind: String) -> DataConfiguration {
        guard kind == "sprites" else { return DataConfiguration(images: folder.url.path + "/pictures", seed: 5) }
        var jittered = SceneConfiguration()
        jittered.layout.positionJitter = 0.1
        return DataConfiguration(
            sprites: folder.url.path,
            mixture: [DataConfiguration.Part(weight: 0.6), DataConfiguration.Part(weight: 0.4, scenes: jittered)], seed: 5)
    }

    @Test(arguments: ["sprites", "images"])
    func sampleKIsTheSameWhereverARunBegins(_ kind: String) throws {
        let first = try data(kind).sources(side: 32).training
        let second = try data(kind).sources(side: 32).training
        let forward = try (UInt64(0)..<40).map(first.sample)
        let late = try (UInt64(20)..<40).reversed().map(second.sample).reversed()
        #expect(zip(forward[20...], late).allSatisfy { $0.image == $1.image && $0.caption == $1.caption })
        #expect(Set(forward.map(\.caption)).count > 4)
    }

    @Test(arguments: ["sprites", "images"])
    func batchesDoNotDependOnThreads(_ kind: String) throws {
        let usual = Machine.threads
        defer { Machine.threads = usual }
        let textTokenizer = try SentencePieceTokenizer(TinyTraining.vocabulary(), length: 4)
        let source = try data(kind).sources(side: 32).training
        let batches = try [1, 2, 5].map { count in
            Machine.threads = count
            return try Batch(source, first: 8, count: 16, side: 32, textTokenizer: textTokenizer)
        }
        for batch in batches {
            #expect(batch.images.values == batches[0].images.values && batch.ids == batches[0].ids)
            #expect(try batch.captions == (UInt64(8)..<24).map { try source.sample($0).caption })
        }
    }

    @Test func plainCaptionsOfOneSceneAreAllTheSame() throws {
        let source = try data("sprites").sources(side: 32).training
        let samples = try (UInt64(0)..<200).map(source.sample)
        // What is said plainly is said of many a picture otherwise, and never the other way round.
        #expect(Set(samples.map(\.plainCaption)).count < Set(samples.map(\.caption)).count)
        #expect(samples.contains { $0.caption == $0.plainCaption })
        for word in ["emoji", "picture", "image", "drawing"] {
            #expect(samples.contains { $0.caption.contains(word) }, "\(word)")
            #expect(!samples.contains { $0.plainCaption.contains(word) }, "\(word)")
        }
        // A style other than emoji is always named, and in one way.
        #expect(samples.contains { $0.plainCaption.hasPrefix("clip art of ") })
        let textTokenizer = try SentencePieceTokenizer(TinyTraining.vocabulary(), length: 4)
        let batch = try Batch(source, first: 8, count: 16, side: 32, textTokenizer: textTokenizer, plain: 3..<9)
        for (i, caption) in batch.captions.enumerated() {
            let sample = samples[8 + i]
            #expect(caption == ((3..<9).contains(i) ? sample.plainCaption : sample.caption))
            #expect(try Array(batch.ids[i * 4..<i * 4 + 4]) == textTokenizer.encode(caption))
        }
        let picture = try data("images").sources(side: 32).training.sample(3)
        #expect(picture.plainCaption == picture.caption)
    }

    @Test func anEpochShowsEveryPictureOnceInAnOrderOfItsOwn() throws {
        let source = try data("images").sources(side: 32).training
        let epochs = try (0..<4).map { epoch in
            try (0..<12).map { try source.sample(UInt64(epoch * 12 + $0)).caption }
        }
        for epoch in epochs { #expect(epoch.sorted() == epochs[0].sorted() && Set(epoch).count == 12) }
        #expect(Set(epochs).count == 4)
        // No stride: an order that always skips as many would bring neighbours together again and again.
        let places = epochs[0].compactMap { Int($0.split(separator: " ").last ?? "") }
        let steps = zip(places, places.dropFirst()).map { ($1 - $0 + 12) % 12 }
        #expect(Set(steps).count > 2)
    }

    @Test func aSinglePictureIsAnEpoch() throws {
        try TinyFiles.images(1, in: folder, under: "one")
        let source = try DataConfiguration(images: folder.url.path + "/one").sources(side: 32).training
        #expect(try source.sample(0).image == source.sample(7).image)
    }
}
