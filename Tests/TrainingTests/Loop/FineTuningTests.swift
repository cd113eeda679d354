import Checkpoints
import Datasets
import FlowTok
import Foundation
import Images
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// A decoder that goes on learning while everything that a flow depends on stays as it is.
@Suite struct FineTuningTests {
    let folder: TemporaryFolder
    let start: String
    let file: String

    init() throws {
        folder = try TemporaryFolder()
        start = folder.url.path + "/start"
        try TokenizerRecipe.open(file: TinyFiles.tokenizer(in: folder, steps: 6), output: start, resume: false).run()
        file = try TinyFiles.tokenizer(
            in: folder, as: "decoder.json",
            changing: [
                ("\"vocabulary\"", "\"start\": \"\(start)\", \"vocabulary\""),
                ("\"training\": {", "\"decoder_only\": true, \"latent_noise\": 0.5, \"training\": {"),
            ])
    }

    @Test func onlyTheDecoderLearns() throws {
        let output = folder.url.path + "/tuned"
        try TokenizerRecipe.open(file: file, output: output, resume: false).run()
        let before = try tokenizerBits(start)
        let after = try tokenizerBits(output)
        #expect(before.keys.sorted() == after.keys.sorted())
        for (name, values) in after {
            let isDecoder = name.hasPrefix("image_tokenizer.decoder.")
            if !isDecoder { #expect(values == before[name], "\(name)") }
        }
        let changed = after.filter { before[$0.key] != $0.value }.keys
        #expect(changed.count == after.keys.count { $0.hasPrefix("image_tokenizer.decoder.") })
        // Nothing else is in the optimizer.
        #expect(try bits(checkpointPath(output)).keys.allSatisfy { $0.contains("/image_tokenizer.decoder.") })
    }

    @Test func itResumesToTheSameBits() throws {
        let (whole, parts) = (folder.url.path + "/whole", folder.url.path + "/parts")
        try TokenizerRecipe.open(file: file, output: whole, resume: false).run()
        try TokenizerRecipe.open(file: file, output: parts, resume: false).run(stopAfter: 9)
        try TokenizerRecipe.open(file: file, output: parts, resume: true).run()
        #expect(try contents(checkpointPath(whole)) == contents(checkpointPath(parts)))
        #expect(try contents(whole + "/model/model.safetensors") == contents(parts + "/model/model.safetensors"))
    }

    @Test func aFlowOverTheStartGoesOnOverTheTunedTokenizer() throws {
        let tuned = folder.url.path + "/tuned"
        try TokenizerRecipe.open(file: file, output: tuned, resume: false).run()
        let output = folder.url.path + "/flow"
        let first = try TinyFiles.flow(in: folder, over: start, steps: 4)
        try FlowRecipe.open(file: first, output: output, resume: false).run(stopAfter: 2)
        let second = try TinyFiles.flow(in: folder, over: tuned, as: "second.json", steps: 4)
        let run = try FlowRecipe.open(file: second, output: output, resume: true)
        #expect(run.step == 2 && run.notices.count { $0.contains(" was ") && $0.hasPrefix("tokenizer was") } == 1)
        try run.run()
        // Another encoder gives other latents.
        let other = folder.url.path + "/other"
        try TokenizerRecipe.open(file: TinyFiles.tokenizer(in: folder, steps: 7), output: other, resume: false).run()
        let third = try TinyFiles.flow(in: folder, over: other, as: "third.json", steps: 4)
        let error = refusal { try FlowRecipe.open(file: third, output: output, resume: true) }
        #expect(error.text.contains(output))
    }

    @Test func aStartIsWhereARunBegins() throws {
        let again = try TinyFiles.tokenizer(
            in: folder, as: "again.json", changing: [("\"vocabulary\"", "\"start\": \"\(start)\", \"vocabulary\"")])
        let output = folder.url.path + "/again"
        try TokenizerRecipe.open(file: again, output: output, resume: false).run(stopAfter: 0)
        #expect(try tokenizerBits(output) == tokenizerBits(start))
        let wider = try TinyFiles.tokenizer(
            in: folder, as: "wider.json",
            changing: [
                ("\"vocabulary\"", "\"start\": \"\(start)\", \"vocabulary\""),
                ("\"decoder\": {\"width\": 32", "\"decoder\": {\"width\": 64"),
            ])
        let error = refusal {
            try TokenizerRecipe.open(file: wider, output: folder.url.path + "/wider", resume: false)
        }
        #expect(error.text.hasPrefix(wider + ": start: "), "\(error.text)")
    }

    @Test func onlyTheTextDecoderLearns() throws {
        let first = folder.url.path + "/first"
        try FlowRecipe.open(
            file: TinyFiles.flow(
                in: folder, over: start, steps: 6,
                changing: [("\"training\": {", "\"text_encoder\": \"tuned\", \"training\": {")]),
            output: first, resume: false
        ).run()
        let reading = ("\"training\": {", "\"learns\": [\"text_decoder\"], \"path_caption_weight\": 1, \"training\": {")
        let file = try TinyFiles.flow(
            in: folder, over: start, as: "reading.json", steps: 8,
            changing: [("\"tokenizer\"", "\"start\": \"\(first)\", \"tokenizer\""), reading])
        let (whole, parts) = (folder.url.path + "/whole", folder.url.path + "/parts")
        try FlowRecipe.open(file: file, output: whole, resume: false).run()
        try FlowRecipe.open(file: file, output: parts, resume: false).run(stopAfter: 3)
        try FlowRecipe.open(file: file, output: parts, resume: true).run()
        #expect(try contents(checkpointPath(whole)) == contents(checkpointPath(parts)))
        let (before, after) = (try bits(first + "/model/model.safetensors"), try bits(whole + "/model/model.safetensors"))
        #expect(before.keys.sorted() == after.keys.sorted())
        for (name, values) in after {
            #expect((values == before[name]) != name.hasPrefix("text_decoder."), "\(name)")
        }
        #expect(try bits(checkpointPath(whole)).keys.allSatisfy { $0.contains("/text_decoder.") })

        let alone = try TinyFiles.flow(in: folder, over: start, as: "alone.json", changing: [reading])
        let error = refusal {
            try FlowRecipe.open(file: alone, output: folder.url.path + "/alone", resume: false)
        }
        #expect(error.text.contains("model.learns leaves parts out"))
        let part = try TinyFiles.flow(
            in: folder, over: start, as: "part.json",
            changing: [("\"tokenizer\"", "\"start\": \"\(whole)\", \"tokenizer\"")])
        let lacking = refusal {
            try FlowRecipe.open(file: part, output: folder.url.path + "/part", resume: false)
        }
        #expect(lacking.text.contains("part.json: start: "), "\(lacking.text)")
    }

    @Test func aFlowStartsFromAnother() throws {
        let first = folder.url.path + "/first"
        try FlowRecipe.open(file: TinyFiles.flow(in: folder, over: start, steps: 3), output: first, resume: false).run()
        let file = try TinyFiles.flow(
            in: folder, over: start, as: "second.json", steps: 3,
            changing: [("\"tokenizer\"", "\"start\": \"\(first)\", \"tokenizer\"")])
        let second = folder.url.path + "/second"
        try FlowRecipe.open(file: file, output: second, resume: false).run(stopAfter: 0)
        let (a, b) = (try bits(checkpointPath(first)), try bits(checkpointPath(second)))
        for (name, values) in a where name.hasPrefix("averages/") {
            #expect(b["parameters/" + name.dropFirst("averages/".count)] == values, "\(name)")
        }
    }
}

/// A decoder that grows: more pixels, overlap, a refiner.
@Suite struct GrowthTests {
    let folder: TemporaryFolder
    let start: String

    init() throws {
        folder = try TemporaryFolder()
        start = folder.url.path + "/start"
        try TokenizerRecipe.open(file: TinyFiles.tokenizer(in: folder, steps: 6), output: start, resume: false).run()
    }

    private func grown(_ name: String, _ changes: [(String, String)], grow: String = "\"grow\": true, ") throws -> String {
        let file = try TinyFiles.tokenizer(
            in: folder, as: name + ".json", steps: 4,
            changing: [
                ("\"vocabulary\"", "\"start\": \"\(start)\", \(grow)\"vocabulary\""),
                ("\"training\": {", "\"decoder_only\": true, \"training\": {"),
            ] + changes)
        let output = folder.url.path + "/" + name
        try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: 0)
        try TokenizerRecipe.open(file: file, output: output, resume: true).run()
        return output
    }

    private let larger = [("\"image_size\": 32", "\"image_size\": 64, \"encoder_image_size\": 32, \"overlap\": true")]

    @Test func aLargerPictureKeepsTheLatentsAndGrowsTheSeed() throws {
        let output = try grown("larger", larger)
        let (old, new) = (try TokenizerFolder(path: start), try TokenizerFolder(path: output))
        #expect(new.imageTokenizer.imageSize == 64 && new.imageTokenizer.overlap)
        for (name, tensor) in new.weights where !name.hasPrefix("image_tokenizer.decoder.") {
            #expect(tensor.values == old.weights[name]?.values, "\(name)")
        }
        let image = BlockSource().sample(3).image
        let small = try AnyImageTokenizer(path: start + "/model").encode(image).latents
        let large = try AnyImageTokenizer(path: output + "/model").encode(image.resized(width: 64, height: 64)).latents
        #expect(small?.shape == large?.shape)
        // Each of the four latents seeds 2×2 patches of 4×4, and then 4×4 of 8×8.
        let first = folder.url.path + "/seeded"
        let file = try TinyFiles.tokenizer(
            in: folder, as: "seeded.json", steps: 4,
            changing: [("\"vocabulary\"", "\"start\": \"\(start)\", \"grow\": true, \"vocabulary\"")] + larger)
        try TokenizerRecipe.open(file: file, output: first, resume: false).run(stopAfter: 0)
        let seed = try #require(try TokenizerFolder(path: first).weights["image_tokenizer.decoder.mask_seed.weight"])
        let parent = try #require(old.weights["image_tokenizer.decoder.mask_seed.weight"])
        #expect(seed.shape == [16 * 32, 32] && parent.shape == [4 * 32, 32])
        for row in 0..<4 {
            for column in 0..<4 {
                let fine = seed.sliced(axis: 0, (row * 4 + column) * 32..<(row * 4 + column + 1) * 32)
                let at = row / 2 * 2 + column / 2
                #expect(fine.values == parent.sliced(axis: 0, at * 32..<(at + 1) * 32).values)
            }
        }
    }

    @Test func largerPatchesBeginAsEnlargedOnes() throws {
        let file = try TinyFiles.tokenizer(
            in: folder, as: "patches.json", steps: 4,
            changing: [
                ("\"vocabulary\"", "\"start\": \"\(start)\", \"grow\": true, \"vocabulary\""),
                ("\"image_size\": 32", "\"image_size\": 64, \"encoder_image_size\": 32, \"decoder_patch_size\": 16, \"overlap\": true"),
            ])
        let output = folder.url.path + "/patches"
        try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: 0)
        let (old, new) = (try TokenizerFolder(path: start), try TokenizerFolder(path: output))
        for (name, tensor) in new.weights where !name.contains("decoder.ffn.0.") && !name.contains("decoder.overlap.") {
            #expect(tensor.values == old.weights[name]?.values, "\(name)")
        }
        for (name, width) in [("weight", 32), ("bias", 1)] {
            let small = try #require(old.weights["image_tokenizer.decoder.ffn.0.\(name)"]).values
            let large = try #require(new.weights["image_tokenizer.decoder.ffn.0.\(name)"]).values
            #expect(large.count == 3 * 16 * 16 * width && small.count == 3 * 8 * 8 * width)
            func pixel(_ values: [Float], _ side: Int, _ y: Int, _ x: Int, _ number: Int) -> Float { values[(y * side + x) * 3 * width + number] }
            for number in 0..<3 * width {
                #expect(pixel(large, 16, 0, 15, number) == pixel(small, 8, 0, 7, number))
                // Three quarters of the nearest pixel and one of the next, in both directions.
                let expected = [(0, 1, 0.5625), (0, 2, 0.1875), (1, 1, 0.1875), (1, 2, 0.0625)].reduce(Float(0)) {
                    $0 + pixel(small, 8, $1.0, $1.1, number) * Float($1.2)
                }
                #expect(abs(pixel(large, 16, 1, 3, number) - expected) < 1e-6)
            }
        }
    }

    private let blended = [("\"image_size\": 32", "\"image_size\": 32, \"overlap\": true, \"blended\": true")]

    @Test func windowsThatBlendBeginAsPatchesThatGoOnOutwards() throws {
        let file = try TinyFiles.tokenizer(
            in: folder, as: "blended.json", steps: 4,
            changing: [("\"vocabulary\"", "\"start\": \"\(start)\", \"grow\": true, \"vocabulary\"")] + blended)
        let output = folder.url.path + "/blended"
        try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: 0)
        let patch = try #require(try TokenizerFolder(path: start).weights["image_tokenizer.decoder.ffn.0.bias"]).values
        let window = try #require(try TokenizerFolder(path: output).weights["image_tokenizer.decoder.overlap.bias"]).values
        #expect(patch.count == 3 * 8 * 8 && window.count == 3 * 16 * 16)
        for (channel, row, column) in [(0, 0, 0), (1, 3, 4), (2, 7, 11), (0, 15, 2)] {
            let (y, x) = (min(max(row - 4, 0), 7), min(max(column - 4, 0), 7))
            #expect(window[(channel * 16 + row) * 16 + column] == patch[(y * 8 + x) * 3 + channel])
        }
    }

    @Test func windowsAreFittedBeforeTheFirstStep() throws {
        func error(_ name: String, fit: String) throws -> Double {
            let file = try TinyFiles.tokenizer(
                in: folder, as: name + ".json", steps: 4,
                changing: [("\"vocabulary\"", "\"start\": \"\(start)\", \"grow\": true, \(fit)\"vocabulary\"")] + blended)
            let output = folder.url.path + "/" + name
            try TokenizerRecipe.open(file: file, output: output, resume: false).run(stopAfter: 0)
            let tokenizer = try AnyImageTokenizer(path: output + "/model")
            return try (0..<8).map { number in
                let sample = BlockSource().sample(UInt64(number))
                return try tokenizer.decode(tokenizer.encode(sample.image), caption: sample.caption).meanSquaredError(to: sample.image)
            }.reduce(0, +)
        }
        let (grown, fitted) = (try error("grown", fit: ""), try error("fitted", fit: "\"fit_windows\": 200, "))
        #expect(fitted < 0.7 * grown, "\(fitted) of \(grown)")
        for (changes, expected) in [
            ([("\"vocabulary\"", "\"fit_windows\": 8, \"vocabulary\"")], "fit_windows needs image_tokenizer.blended"),
            ([("\"vocabulary\"", "\"fit_windows\": 0, \"vocabulary\"")] + blended, "fit_windows is 0, expected 1 to 1000000"),
        ] {
            let file = try TinyFiles.tokenizer(in: folder, as: "bad.json", changing: changes)
            let refused = refusal { try TokenizerRecipe.open(file: file, output: folder.url.path + "/bad", resume: false) }
            #expect(refused.text.contains(expected), "\(refused.text)")
        }
    }

    @Test func onlyDecodersGrow() throws {
        for (changes, grow, expected) in [
            ([("\"token_size\": 4", "\"token_size\": 8")], "\"grow\": true, ", "only a decoder grows"),
            (larger, "", "start: "),
        ] {
            let error = refusal { try grown("bad", changes, grow: grow) }
            #expect(error.text.contains(expected), "\(error.text)")
        }
        let file = try TinyFiles.tokenizer(in: folder, as: "none.json", changing: [("\"vocabulary\"", "\"grow\": true, \"vocabulary\"")])
        let error = refusal { try TokenizerRecipe.open(file: file, output: folder.url.path + "/none", resume: false) }
        #expect(error.text.contains("grow needs"), "\(error.text)")
    }
}
