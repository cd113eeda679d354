import Checkpoints
import Files
import FlowTok
import Foundation
import ModelFolders
import TextTokenizers

/// What `flowtok inspect` tells of one file.
struct Inspection: Encodable {
    struct Tensor: Encodable {
        let name: String
        let type: String
        let shape: [Int]
        let bytes: Int
    }

    /// Something that is not read.
    struct LeftOut: Encodable {
        let name: String
        let contents: String
    }

    enum CodingKeys: String, CodingKey {
        case file, recognised, bytes, sha256, values, tensors, metadata
        case leftOut = "left_out"
        case finite, problem
    }

    let file: String
    /// What the file is, in words.
    let recognised: String
    let bytes: Int
    let sha256: String?
    /// The number of values in all tensors; nil for files without tensors.
    let values: Int?
    let tensors: [Tensor]?
    let metadata: [String: String]?
    /// What the file holds beside tensors and is not read; nil where there is nothing.
    let leftOut: [LeftOut]?
    /// Whether all values are finite; nil where that was not looked at.
    let finite: Bool?
    /// What is wrong with the file's values.
    var problem: String?

    /// Looks at a file.
    ///
    /// - Parameters:
    ///   - name: what the file is called, which may be a pipe whose copy is looked at.
    ///   - fast: leaves out what has to read all of it.
    init(_ path: String, named name: String, fast: Bool) throws {
        file = name
        let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        bytes = size ?? 0
        switch Kind(path) {
        case .configuration:
            let summary = try ConfigurationSummary(folder: FilePath.folder(of: path))
            (recognised, problem) = (summary.text, summary.problem)
            (values, tensors, metadata, leftOut, finite) = (nil, nil, nil, nil, nil)
        case .merges:
            let vocabulary = try (try? CLIPVocabulary(path: path)) ?? CLIPVocabulary(path: path, mergeCount: nil)
            recognised = "CLIP's vocabulary of \(vocabulary.count) tokens"
            (values, tensors, metadata, leftOut, finite, problem) = (nil, nil, nil, nil, nil, nil)
        case .vocabulary:
            let vocabulary = try SentencePieceVocabulary(path: path)
            recognised = "a SentencePiece vocabulary of \(vocabulary.count) pieces"
            (values, tensors, metadata, leftOut, finite, problem) = (nil, nil, nil, nil, nil, nil)
        case .checkpoint:
            let checkpoint = try Checkpoint(path: path, verifyingChecksums: !fast)
            recognised = Recognition.describe(checkpoint)
            tensors = checkpoint.entries.map {
                Tensor(name: $0.name, type: $0.type.rawValue, shape: $0.shape, bytes: $0.byteCount)
            }
            values = checkpoint.entries.reduce(0) { $0 + $1.shape.reduce(1, *) }
            metadata = checkpoint.metadata
            leftOut =
                checkpoint.leftOut.isEmpty ? nil : checkpoint.leftOut.map { LeftOut(name: $0.name, contents: $0.contents) }
            let infinite = fast ? nil : Inspection.firstNonFinite(checkpoint)
            finite = fast ? nil : infinite == nil
            problem = infinite
        }
        sha256 = fast ? nil : try SHA256.hexadecimalDigest(ofFile: path)
    }

    private enum Kind {
        case configuration, vocabulary, merges, checkpoint

        init(_ path: String) {
            self =
                switch FilePath.name(of: path) {
                case ModelFolder.configurationFile: .configuration
                case let name where name.hasSuffix(".model"): .vocabulary
                case let name where name.hasSuffix(".txt") || name.hasSuffix(".txt.gz"): .merges
                default: .checkpoint
                }
        }
    }

    private static func firstNonFinite(_ checkpoint: Checkpoint) -> String? {
        do {
            try checkpoint.checkFinite()
            return nil
        } catch {
            return String(describing: error)
        }
    }

    /// The files of a folder that can be looked at.
    static func files(in folder: String) throws -> [String] {
        let names = try InputFile.names(in: folder).filter { name in
            name == ModelFolder.configurationFile || name.hasSuffix(".index.json")
                || name == "merges.txt" || name.hasSuffix(".txt.gz")
                || suffixes.contains(FilePath.suffix(of: name))
        }
        guard !names.isEmpty else {
            throw Failure(.data, "\(folder): nothing to inspect, expected checkpoints or a model folder")
        }
        return names.map { folder.hasSuffix("/") ? folder + $0 : folder + "/" + $0 }
    }

    private static let suffixes: Set = ["safetensors", "pth", "pt", "bin", "ckpt", "model"]
}

extension Inspection {
    /// The report for people.
    var lines: [String] {
        var lines = ["\(file): \(recognised)"]
        if let tensors, let values {
            let width = tensors.reduce(0) { max($0, $1.name.count) }
            for tensor in tensors {
                let shape = tensor.shape.isEmpty ? "scalar" : tensor.shape.map(String.init).joined(separator: "×")
                let name = tensor.name.onOneLine.padded(to: min(width, 72))
                lines.append("  \(name)  \(tensor.type.padded(to: 4))  \(shape)  \(tensor.bytes.asBytes)")
            }
            lines.append("tensors   \(tensors.count), \(values) values")
        }
        for (name, text) in (metadata ?? [:]).sorted(by: { $0.key < $1.key }) {
            lines.append("metadata  \(name): \(text.onOneLine.beginning(200))")
        }
        for leftOut in leftOut ?? [] { lines.append("left out  \(leftOut.name.onOneLine): \(leftOut.contents.onOneLine)") }
        lines.append("size      \(bytes) bytes (\(bytes.asBytes))")
        if let finite { lines.append("values    " + (finite ? "all finite" : "not all finite")) }
        if let sha256 { lines.append("sha256    \(sha256)") }
        return lines
    }
}

extension String {
    fileprivate func padded(to length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }

    fileprivate func beginning(_ count: Int) -> String {
        self.count <= count ? self : prefix(count) + "…"
    }
}
