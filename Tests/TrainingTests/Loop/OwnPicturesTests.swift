import Datasets
import Files
import Foundation
import TestSupport
import Testing
import TextTokenizers
import Training

/// Runs on a user's own pictures: what is found before the first step, and what a resumed run tells.
@Suite struct OwnPicturesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func open(_ file: String, resume: Bool = false) throws -> TrainingRun {
        try TokenizerRecipe.open(file: file, output: folder("run"), resume: resume)
    }

    @Test func aDamagedPictureIsFoundBeforeTheFirstStep() throws {
        let file = try TinyFiles.tokenizer(in: folder)
        try folder.write("images/3.png", "broken")
        let refused = refusal { try open(file) }
        #expect(refused.category == .data && refused.text.contains("data.images"), "\(refused.text)")
        #expect(refused.text.contains("1 of 6 are damaged: 1 × a picture that cannot be read: 3.png"), "\(refused.text)")
        #expect(!FileManager.default.fileExists(atPath: folder("run")))
        let lenient = try TinyFiles.tokenizer(in: folder, as: "lenient.json", steps: 2, changing: [("\"seed\": 4", "\"seed\": 4, \"skip_bad\": true")])
        let run = try open(lenient)
        #expect(run.notices.first == "data: \(folder("images")): 5 pictures with captions; left out 1")
        #expect(run.notices.contains { $0.contains("3.png") })
        #expect(try run.run())
    }

    @Test func skipBadGoesWithImages() throws {
        #expect(DataConfiguration(images: "x", skipBad: true).invalidReason == nil)
        var scenes = DataConfiguration(sprites: "x")
        scenes.skipBad = true
        #expect(scenes.invalidReason == "skip_bad goes with images, not with sprites")
    }

    @Test func aResumedRunTellsWhatHasChanged() throws {
        let file = try TinyFiles.tokenizer(in: folder, steps: 6)
        try open(file).run(stopAfter: 2)
        #expect(try open(file, resume: true).notices.allSatisfy { !$0.contains("since the run was stopped") })
        for index in 0..<3 { try FileManager.default.removeItem(atPath: folder("images/\(index).png")) }
        try folder.write("images/4.txt", "something else")
        do {
            let resumed = try open(file, resume: true)
            #expect(resumed.notices.contains("data: since the run was stopped, 3 of 6 pictures are gone (0.png, 1.png, 2.png)"), "\(resumed.notices)")
            #expect(resumed.notices.contains("data: since the run was stopped, 1 of 6 captions have changed (4.png)"), "\(resumed.notices)")
            #expect(resumed.notices.contains("data: left out: 3 × a text without a picture: 0.txt, 1.txt, 2.txt"), "\(resumed.notices)")
            #expect(try resumed.run())
        }
        // Told once: from here on, these are the run's data.
        #expect(try open(file, resume: true).notices.allSatisfy { !$0.contains("since the run was stopped") })
    }

    @Test func aVocabularyReadsCaptionsOnly() throws {
        for index in 0..<40 {
            try folder.write("pictures/\(index).png", "no picture at all")
            try folder.write("pictures/\(index).txt", "a red fox number \(index) on a green hill by the blue sea")
        }
        try folder.write("pictures/README.txt", "about them")
        let file = try folder.write(
            "vocabulary.json", "{\"data\": {\"images\": \"\(folder("pictures"))\", \"seed\": 1}, \"captions\": 80, \"vocab_size\": 300}"
        ).path
        var told: [String] = []
        let vocabulary = try VocabularyRecipe.run(file: file, output: folder("vocabulary"), report: { told.append($0) })
        #expect((200...300).contains(vocabulary.count))
        #expect(told == ["data: left out: 1 × a text without a picture: README.txt"])
    }

    /// The captions of scenes alone are those of the samples.
    @Test func captionsOfScenes() throws {
        try FileManager.default.createDirectory(atPath: folder("sprites"), withIntermediateDirectories: true)
        try SampleSprites.shard(SampleSprites.sprites()).write(to: folder.url.appendingPathComponent("sprites/a.tar"))
        let data = DataConfiguration(sprites: folder("sprites"), seed: 5)
        let (source, _) = try data.captions()
        let samples = try data.sources(side: 16).training
        for index in UInt64(0)..<20 { #expect(try source.caption(index) == samples.sample(index).caption) }
    }
}
