import Checkpoints
import Datasets
import Files
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing
import TextTokenizers
import Training

/// What runs leave for others.
@Suite struct ExportTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aTokenizerRunLeavesAFolderWithItsAverages() throws {
        _ = try TinyRun.tokenizer.train(in: folder.url.path, settings: TinyTraining.settings(steps: 3))
        let opened = try TokenizerFolder(path: folder.url.path)
        let configuration = try TinyTraining.tokenizerConfiguration(TinyTraining.settings(steps: 3))
        #expect(opened.imageTokenizer == configuration.imageTokenizer && opened.textEncoder == configuration.textEncoder)
        #expect(try opened.vocabulary.modelBytes == TinyTraining.vocabulary().modelBytes)
        let run = try bits(checkpointPath(folder.url.path))
        for (name, tensor) in opened.weights {
            #expect(run["averages/" + name] == tensor.values.map(\.bitPattern), "\(name)")
        }
        #expect(opened.weights.count * 4 == run.count)
    }

    /// What a run exports is opened by whatever opens a published tokenizer.
    @Test func aTrainedTokenizerIsAModelFolder() throws {
        let folder = try TinyTraining.tokenizerFolder() + "/model"
        let tokenizer = try AnyImageTokenizer(path: folder)
        #expect(tokenizer.identity.name == "tokenizer" && tokenizer.readsCaptions && tokenizer.imageSize == 32)
        let image = BlockSource().sample(0).image
        let again = try tokenizer.decode(tokenizer.encode(image), caption: "red on blue")
        #expect(again.width == 32)
        #expect(try again != tokenizer.decode(tokenizer.encode(image), caption: ""))
        #expect(try ConfigurationSummary(folder: folder).text.contains("FlowTiTok"))
        // In another type as well.
        let half = self.folder.url.path + "/half"
        try FolderConversion(folder).write(to: half, as: .bf16)
        #expect(try AnyImageTokenizer(path: half).encode(image).latents?.shape == [1, 4, 4])
    }

    /// Version 0.1 exported a configuration of its own and one checkpoint.
    @Test func formerFoldersAreRead() throws {
        let now = try TokenizerFolder(path: TinyTraining.tokenizerFolder())
        let path = folder.url.path
        try JSONFile.write(TinyTraining.tokenizerConfiguration(), to: path + "/image_tokenizer.json")
        try Checkpoint.write(now.weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: path + "/image_tokenizer.safetensors")
        try folder.write("tokenizer.model", Data(now.vocabulary.modelBytes))
        let former = try TokenizerFolder(path: path)
        #expect(former.imageTokenizer == now.imageTokenizer && former.textEncoder == now.textEncoder)
        #expect(former.weights.mapValues(\.values) == now.weights.mapValues(\.values))
    }

    @Test func aFlowRunLeavesAModel() throws {
        _ = try TinyRun.flow.train(in: folder.url.path, settings: TinyTraining.settings(steps: 3))
        let flowtok = try FlowTok(model: folder.url.path + "/model")
        #expect(flowtok.configuration.name == "tiny")
        let picture = try flowtok.generate("red on blue", seed: 1)
        #expect(picture.width == 32 && picture.height == 32)
        _ = try flowtok.caption(picture)
        // The tokenizer's part is the tokenizer's own, bit by bit.
        let model = try bits(folder.url.path + "/model/model.safetensors")
        let tokenizer = try tokenizerBits(TinyTraining.tokenizerFolder())
        for (name, values) in tokenizer { #expect(model[name] == values, "\(name)") }
        let averages = try bits(checkpointPath(folder.url.path))
        for (name, values) in model where tokenizer[name] == nil && name != NameIndex.tensorName() {
            #expect(averages["averages/" + name] == values, "\(name)")
        }
        #expect(model[NameIndex.tensorName()]?.count == EmojiNames.shared.entries.count * 16)
        // What only training needs stays behind.
        #expect(!model.keys.contains { $0.hasPrefix("flow.context_projector") })
    }

    @Test func samplesShowBothDirections() throws {
        var settings = TinyTraining.settings(steps: 2)
        settings.sampleEvery = 2
        for kind in TinyRun.allCases {
            let path = folder.url.path + "/" + kind.rawValue
            _ = try kind.train(in: path, settings: settings)
            let names = try FileManager.default.contentsOfDirectory(atPath: path + "/samples").sorted()
            #expect(names == (kind == .flow ? ["drawn-0000002.png", "notes-0000002.txt"] : ["reconstructions-0000002.png"]))
        }
    }

    @Test func damagedTokenizerFoldersAreRefused() throws {
        let source = try TinyTraining.tokenizerFolder()
        func expect(_ text: String, damage: (String) throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) throws {
            let copy = folder.url.path + "/copy"
            try FileManager.default.copyItem(atPath: source, toPath: copy)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            try damage(copy)
            let error = #expect(throws: (any Error).self, sourceLocation: sourceLocation) { try TokenizerFolder(path: copy) }
            #expect(error.map { "\($0)" }?.contains(text) == true, "\(error.map { "\($0)" } ?? "")", sourceLocation: sourceLocation)
        }
        try expect("config.json") { try FileManager.default.removeItem(atPath: $0 + "/model/config.json") }
        try expect("model.safetensors") { try FileManager.default.removeItem(atPath: $0 + "/model/model.safetensors") }
        try expect("text_encoder.safetensors") { try FileManager.default.removeItem(atPath: $0 + "/model/text_encoder.safetensors") }
        try expect("of another shape") { copy in
            let file = copy + "/model/config.json"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacingOccurrences(of: "\"token_size\" : 4", with: "\"token_size\" : 8").write(toFile: file, atomically: true, encoding: .utf8)
        }
        try expect("tokenizer.model") { copy in
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: copy + "/model/tokenizer.model"))
        }
    }

    @Test func startsMustFit() throws {
        var settings = TinyTraining.settings(steps: 1)
        settings.sampleEvery = 0
        var start = try TokenizerFolder(path: TinyTraining.tokenizerFolder()).weights
        start["image_tokenizer.latent_tokens"] = nil
        start["image_tokenizer.decoder.mask_token"] = .zeros([1, 1, 16])
        let error = #expect(throws: WeightMismatch.self) {
            try TokenizerTrainer(
                TinyTraining.tokenizerConfiguration(settings), vocabulary: TinyTraining.vocabulary(),
                source: BlockSource(), shown: BlockSource(), initial: start)
        }
        #expect(error?.missing == ["image_tokenizer.latent_tokens"])
        #expect(error?.misshaped.count == 1)
    }
}
