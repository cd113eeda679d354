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
import TextTokenizers

/// Small good files of every kind to begin with, a folder to each target.
enum Seeds {
    static func write(to folder: String) throws {
        func seed(_ target: String, _ name: String, _ bytes: some Collection<UInt8>) throws {
            try FileManager.default.createDirectory(atPath: folder + "/" + target, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/\(target)/\(name)"))
        }
        try pictures(seed)
        try checkpoints(seed)
        try archives(seed)
        try texts(seed)
        // What libFuzzer calls an empty corpus would otherwise have no folder.
        for target in FuzzTarget.all { try seed(target.name, "empty", []) }
    }

    private typealias Seed = (_ target: String, _ name: String, _ bytes: [UInt8]) throws -> Void

    private static func pictures(_ seed: Seed) throws {
        var pixels: [UInt8] = []
        for index in 0..<(12 * 9 * 3) { pixels.append(UInt8(truncatingIfNeeded: index * 37)) }
        let image = Image(width: 12, height: 9, pixels: pixels)
        for format in ImageFormat.allCases {
            try seed(format.rawValue, "picture", image.encoded(as: format))
            try seed(format.rawValue, "dot", Image(width: 1, height: 1, filled: .white).encoded(as: format))
        }
    }

    private static func checkpoints(_ seed: Seed) throws {
        let folder = NSTemporaryDirectory() + "/flowtok-seeds-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let tensors: [(name: String, tensor: Tensor)] = [
            ("latent_tokens", Tensor([1, 2, 3, 4], shape: [2, 2])), ("encoder.bias", Tensor([0.5], shape: [1])),
        ]
        for type in [ElementType.f32, .bf16, .f16] {
            let path = folder + "/\(type.rawValue)"
            try Checkpoint.write(tensors, as: type, metadata: ["format": "flowtok-tokens", "model": "m"], to: path)
            let bytes = try InputFile.bytes(path)
            try seed("safetensors", type.rawValue, bytes)
            try seed("token-file", type.rawValue, bytes)
        }
        try Checkpoint.write([("latents", .zeros([1, 2, 2]))], metadata: ["format": "flowtok-tokens", "model": "m"], to: folder + "/t")
        try seed("token-file", "latents", InputFile.bytes(folder + "/t"))
        try seed("token-file", "codes", Array("{\"format\":\"flowtok-tokens\",\"model\":\"m\",\"tokens\":[1,2,3]}".utf8))
        let types = "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"C64\",\"shape\":[],\"data_offsets\":[2,10]}}"
        try seed(
            "safetensors", "types",
            withUnsafeBytes(of: UInt64(types.utf8.count).littleEndian) { Array($0) } + Array(types.utf8) + [UInt8](repeating: 1, count: 10))
        try seed("shard-index", "index", Array("{\"metadata\":{\"total_size\":8},\"weight_map\":{\"a\":\"model-1.safetensors\"}}".utf8))
        for (index, pickle) in pickles.enumerated() {
            try seed("pickle", "\(index)", pickle)
            try seed("zip", "\(index)", FuzzTarget.archive(pickle: pickle))
            let keys: [UInt8] = [0x80, 2] + Array("](X".utf8) + [1, 0, 0, 0] + Array("0e.".utf8)
            try seed("torch-legacy", "\(index)", pickle + keys + [4, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0x3f, count: 16))
        }
    }

    /// A state with a tensor, an object of a class, an array of NumPy and a noted sign.
    private static let pickles: [[UInt8]] = {
        func text(_ text: String) -> [UInt8] { [UInt8(ascii: "X"), UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8) }
        func symbols(_ text: String) -> [UInt8] { Array(text.utf8) }
        func tensor(_ tail: [UInt8]) -> [UInt8] {
            symbols("ctorch._utils\n_rebuild_tensor_v2\n((") + text("storage") + symbols("ctorch\nFloatStorage\n") + text("0") + text("cpu")
                + symbols("K\u{4}tQK\u{0}K\u{2}K\u{2}") + [0x86] + symbols("K\u{2}K\u{1}") + [0x86, 0x89] + symbols("ccollections\nOrderedDict\n)R") + tail
                + symbols("tR")
        }
        let object = symbols("cmy.code\nThing\n)") + [0x81] + symbols("}") + text("a") + symbols("K\u{1}sb")
        let array =
            symbols("cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n)C\u{1}btR(K\u{1}K\u{1}") + [0x85]
            + symbols("cnumpy\ndtype\n") + text("f4") + [0x89, 0x88, 0x87] + symbols("R(K\u{3}") + text("<") + symbols("NNNJ")
            + [255, 255, 255, 255] + symbols("J") + [255, 255, 255, 255] + symbols("K\u{0}tb") + [0x89] + symbols("C\u{4}abcdtb")
        let encoded = symbols("c_codecs\nencode\n") + text("ab") + text("latin1") + [0x86] + symbols("R")
        let bodies: [[UInt8]] = [
            symbols("}") + text("w") + tensor([]) + symbols("s"),
            symbols("}(") + text("state_dict") + symbols("}") + text("model.w") + tensor([]) + symbols("s") + text("x") + object + symbols("u"),
            symbols("}") + text("n") + tensor(symbols("}") + text("neg") + [0x88] + symbols("s")) + symbols("s"),
            symbols("}(") + text("a") + array + text("e") + encoded + symbols("u"),
        ]
        return bodies.map { [0x80, 2] + $0 + symbols(".") }
    }()

    private static func archives(_ seed: Seed) throws {
        var writer = TarWriter()
        let dot = Data(try Image(width: 1, height: 1, filled: .white).encoded(as: .png))
        for (name, data) in [("a.png", dot), ("a.txt", Data("a white dot".utf8)), ("folder/b.json", Data("{\"caption\": \"b\"}".utf8))] {
            try writer.append(name, data)
        }
        let tar = Array(writer.finished())
        try seed("tar", "shard", tar)
        try seed("dataset-shard", "shard", tar)
        // One block that is stored, and an empty one that is not.
        let stored: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 2, 0, 0xfd, 0xff, 0x68, 0x69, 0xac, 0x2a, 0x93, 0xd8, 2, 0, 0, 0]
        try seed("gzip", "stored", stored)
        try seed("gzip", "empty-block", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        try seed("dataset-shard", "packed", stored)
    }

    private static func texts(_ seed: Seed) throws {
        try seed("json", "object", Array("{\"a\": [1, -2.5e3, true, null, \"\\u00e9\\n\"], \"b\": {\"c\": 18446744073709551615}}".utf8))
        try seed(
            "cldr", "en",
            Array(
                "<?xml version=\"1.0\"?><ldml><annotations><annotation cp=\"\u{1F98A}\">face | fox</annotation><annotation cp=\"\u{1F98A}\" type=\"tts\">fox</annotation></annotations></ldml>"
                    .utf8))
        try seed(
            "svg-names", "fox",
            Array(
                "<svg><metadata><rdf:RDF><cc:Work><dc:title>Red &amp; fox</dc:title><dc:subject><rdf:Bag><rdf:li>fox</rdf:li></rdf:Bag></dc:subject><dc:creator><cc:Agent><dc:title>Somebody</dc:title></cc:Agent></dc:creator></cc:Work></rdf:RDF></metadata></svg>"
                    .utf8))
        var options = SentencePieceVocabulary.TrainingOptions()
        options.vocabularySize = 300
        let sentences = (0..<60).map { "a red fox number \($0) jumps over the quick brown dog" }
        try seed("sentencepiece", "small", SentencePieceVocabulary.train(sentences: sentences, options: options))
        try seed("emoji-names", "fox", Array("\u{1F98A}\tfox\n".utf8))
        try seed("captions", "lines", Array("{\"file_name\": \"a.png\", \"text\": \"a fox\"}\n".utf8))
        try seed("captions", "values", Array("file_name,text\r\na.png,\"a \"\"red\"\" fox\"\r\n".utf8))
        try seed("clip-merges", "three", Array("#version: 0.2\nf o\nfo x</w>\nc a\n".utf8))
        let shape = TransformerShape(width: 64, layers: 1, heads: 1)
        let tiTok = TiTokConfiguration(
            kind: .plain, imageSize: 32, patchSize: 8, latentTokens: 6, tokenSize: 4, quantization: .vector, codebookSize: 50, encoder: shape,
            decoder: shape)
        try seed("config", "titok", Array(JSONFile.text(tiTok).utf8))
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        for (name, file) in [
            ("model", "config.json"), ("tokenizer", "training/tokenizer.json"), ("flow", "training/flow.json"),
        ] {
            let path = package.appendingPathComponent("Models/default/" + file).path
            if let bytes = try? InputFile.bytes(path) { try seed("config", name, bytes) }
        }
    }
}
