import CZlib
import Checkpoints
import Datasets
import Files
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import Tensors
import TextTokenizers
import Training

/// A reader of files, fed with whatever comes.
struct FuzzTarget: Sendable {
    let name: String
    let read: @Sendable ([UInt8]) throws -> Void

    static let all: [FuzzTarget] = [
        FuzzTarget(name: "png") { try picture($0) },
        FuzzTarget(name: "jpeg") { try picture($0) },
        FuzzTarget(name: "webp") { try picture($0) },
        FuzzTarget(name: "safetensors") { try tensors(Checkpoint(contents: $0, path: "input")) },
        FuzzTarget(name: "shard-index") { try tensors(Checkpoint(contents: $0, path: "/nowhere/input")) },
        FuzzTarget(name: "pickle") { try tensors(Checkpoint(contents: archive(pickle: $0), path: "input")) },
        FuzzTarget(name: "zip") { try tensors(Checkpoint(contents: $0, path: "input")) },
        FuzzTarget(name: "torch-legacy") { try tensors(Checkpoint(contents: legacy + $0, path: "input")) },
        FuzzTarget(name: "tar") { _ = try TarReader(Data($0), path: "input").entries() },
        FuzzTarget(name: "gzip") { _ = try Gzip.unpack($0, path: "input", limit: 1 << 22) },
        FuzzTarget(name: "json") { bytes in
            let value = try JSONFile.decode(JSONValue.self, from: Data(bytes), path: "input")
            _ = value.brief
            _ = value.differences(from: .object([:]))
        },
        FuzzTarget(name: "cldr") { bytes in
            let annotations = try CLDRAnnotations(Data(bytes), path: "input")
            _ = annotations[[0x1F98A]]
        },
        FuzzTarget(name: "svg-names") { bytes in
            let metadata = SVGMetadata(svg: Data(bytes))
            _ = (metadata.title, metadata.keywords, metadata.creator)
        },
        FuzzTarget(name: "sentencepiece") { bytes in
            let vocabulary = try SentencePieceVocabulary(modelBytes: bytes)
            let ids = try vocabulary.encode("A red fox, 2 hills \u{1F98A} и лиса")
            _ = try vocabulary.decode(ids)
        },
        FuzzTarget(name: "emoji-names") { _ = try EmojiNames(table: $0, file: "input") },
        FuzzTarget(name: "config") { bytes in
            let data = Data(bytes)
            for family in ModelFamilies.all {
                guard let type = family.configuration else { continue }
                if let found = try? configuration(type, data), (try? found.validate()) != nil { _ = found.summary }
            }
            try? JSONDecoder().decode(FlowTokConfiguration.self, from: data).validate()
            try? JSONDecoder().decode(OfficialFlowTokConfiguration.self, from: data).validate()
            try? JSONDecoder().decode(TokenizerRecipe.self, from: data).model.validate()
            try? JSONDecoder().decode(FlowRecipe.self, from: data).model.validate()
        },
        FuzzTarget(name: "token-file") { bytes in
            try withFile(bytes) { path in
                let maker = TokenizerIdentity(name: "m")
                _ = try? TokenFile.read(from: path, by: maker, codebookSize: nil)
                _ = try? TokenFile.read(from: path, by: maker, codebookSize: 4096)
            }
        },
        FuzzTarget(name: "captions") { bytes in
            try withFolder(["metadata.jsonl": bytes, "sub/metadata.csv": bytes, "a.png": [], "a.txt": bytes]) { folder in
                _ = try CaptionedDataset(folder: URL(fileURLWithPath: folder))
            }
        },
        FuzzTarget(name: "dataset-shard") { bytes in
            try withFolder(["0.tar": bytes]) { folder in
                let dataset = try CaptionedDataset(folder: URL(fileURLWithPath: folder))
                for index in 0..<min(dataset.count, 4) { _ = try? dataset.sample(index) }
            }
        },
        FuzzTarget(name: "clip-merges") { bytes in
            try withFile(bytes) { _ = try CLIPVocabulary(path: $0, mergeCount: nil) }
        },
    ]

    // MARK: Readers

    private static func picture(_ bytes: [UInt8]) throws {
        let image = try? Image.read(data: bytes)
        _ = image?.image.pixels.count
        let withAlpha = try? RGBAImage.read(data: bytes)
        _ = withAlpha?.image.pixels.count
        _ = try ImageMetadata(data: bytes)
    }

    /// Reads every tensor that is small in every way there is.
    private static func tensors(_ checkpoint: Checkpoint) throws {
        for entry in checkpoint.entries.prefix(64) where entry.byteCount < 1 << 20 {
            if let tensor = try? checkpoint.tensor(entry.name) { _ = tensor.firstNonFinite }
            _ = try? checkpoint.integers(entry.name)
            try checkpoint.rawBytes(entry.name) { _ = $0.reduce(0, &+) }
        }
        _ = checkpoint.leftOut.map(\.summary)
        _ = Recognition.describe(checkpoint)
        _ = try? checkpoint.verifyChecksums()
    }

    private static func configuration<Found: NetworkConfiguration>(_ type: Found.Type, _ data: Data) throws -> any NetworkConfiguration {
        try JSONDecoder().decode(type, from: data)
    }

    // MARK: Around the input

    /// What stands before the object in PyTorch's old format: magic number, protocol, system.
    static let legacy: [UInt8] =
        [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e, 0x80, 2, 0x4d, 0xe9, 3, 0x2e, 0x80, 2]
        + Array("}X".utf8) + [13, 0, 0, 0] + Array("little_endian".utf8) + [0x88] + Array("s.".utf8)

    /// An archive of `torch.save` with a pickle and one storage, whose checksums are right.
    static func archive(pickle: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        func number(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
        let records = [("a/data.pkl", pickle), ("a/data/0", [UInt8](repeating: 0x3f, count: 64))]
        for (name, data) in records {
            let facts =
                number(cz_crc32(0, data, data.count)) + number(UInt32(data.count)) + number(UInt32(data.count))
                + number(UInt16(name.utf8.count))
            directory += number(UInt32(0x0201_4b50)) + number(UInt32(20)) + [UInt8](repeating: 0, count: 8) + facts
            directory += [UInt8](repeating: 0, count: 12) + number(UInt32(bytes.count)) + Array(name.utf8)
            bytes += number(UInt32(0x0403_4b50)) + number(UInt16(20)) + [UInt8](repeating: 0, count: 8) + facts + number(UInt16(0))
            bytes += Array(name.utf8) + data
        }
        let (start, size) = (UInt32(bytes.count), UInt32(directory.count))
        bytes += directory + number(UInt32(0x0605_4b50)) + number(UInt32(0)) + number(UInt16(2)) + number(UInt16(2))
        return bytes + number(size) + number(start) + number(UInt16(0))
    }

    private static let scratch: String = {
        let folder = NSTemporaryDirectory() + "/flowtok-fuzz-\(getpid())"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }()

    private static func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let path = scratch + "/input"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try body(path)
    }

    private static func withFolder(_ files: [String: [UInt8]], _ body: (String) throws -> Void) throws {
        for (name, bytes) in files {
            let path = scratch + "/" + name
            try FileManager.default.createDirectory(atPath: FilePath.folder(of: path), withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
        try body(scratch)
    }
}
