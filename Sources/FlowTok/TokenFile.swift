import Checkpoints
import Files
import Foundation
import ModelFolders
import Networks
import Tensors

/// The tokens of a picture as a file that names the model they belong to: continuous ones as a safetensors file with one
/// tensor, `latents` [1, K, D], and entries of a codebook as JSON: a list of them, or of lists where a token has several.
public enum TokenFile {
    static let format = "flowtok-tokens"
    static let tensorName = "latents"
    /// Far above the latents of any tokenizer.
    static let largestValue: Float = 1e6
    /// Far above what any tokenizer's tokens take as text.
    static let largestText = 16 << 20

    /// The customary suffix of a file with such tokens.
    public static func suffix(of tokens: ImageTokens) -> String {
        switch tokens {
        case .latents: "safetensors"
        case .indices: "json"
        }
    }

    /// Writes the tokens of one picture, whole or not at all.
    ///
    /// - Parameters:
    ///   - channels: codes of a token.
    ///   - replacing: whether a file that is there is replaced; `FileError.exists` otherwise.
    public static func write(
        _ tokens: ImageTokens, channels: Int = 1, by maker: TokenizerIdentity, to path: String, replacing: Bool = true
    ) throws {
        switch tokens {
        case .latents(let latents):
            var metadata = ["format": format, "model": maker.name]
            metadata["weights"] = maker.weights
            try Checkpoint.write([(tensorName, latents)], metadata: metadata, to: path, replacing: replacing)
        case .indices(let indices):
            let text = CodeFile(
                format: format, model: maker.name, weights: maker.weights, codes: (indices.first ?? []).map { Int($0) },
                channels: channels)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try AtomicFile.write(to: path, encoder.encode(text) + Data("\n".utf8), replacing: replacing)
        }
    }

    /// The bytes of such a file.
    ///
    /// - Throws: `FileError` where the system has no room for temporary files.
    public static func bytes(_ tokens: ImageTokens, channels: Int = 1, by maker: TokenizerIdentity) throws -> [UInt8] {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-tokens-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try write(tokens, channels: channels, by: maker, to: file)
        return try InputFile.bytes(file)
    }

    /// Reads the tokens of one picture that `maker` made. The tokenizer has still to compare their number and range with
    /// its own.
    ///
    /// - Parameters:
    ///   - codebookSize: the tokenizer's; nil where its tokens are continuous.
    ///   - channels: codes of a token.
    /// - Throws: `FlowTokError.foreignTokens` where another model made them, `unusableTokens` where the file holds no
    ///   tokens or tokens of the other kind, and `CheckpointError`.
    public static func read(
        from path: String, by maker: TokenizerIdentity, codebookSize: Int?, channels: Int = 1
    ) throws -> ImageTokens {
        guard try isText(path) else {
            return .latents(try latents(from: path, by: maker, codebookSize: codebookSize))
        }
        let file = try CodeFile(path: path)
        try check(TokenizerIdentity(name: file.model, weights: file.weights), is: maker, in: path)
        guard let codebookSize else {
            throw FlowTokError.unusableTokens(file: path, reason: "it holds integer tokens, expected latents")
        }
        var codes: [Int32] = []
        if channels == 1, let list = file.firstList {
            throw FlowTokError.unusableTokens(file: path, reason: CodeFile.noInteger(list))
        }
        for (position, token) in file.tokens.enumerated() {
            guard token.count == channels else {
                throw FlowTokError.unusableTokens(
                    file: path, reason: "token \(position) has \(token.count) codes, expected \(channels)")
            }
            for (channel, number) in token.enumerated() {
                guard number >= 0, number < codebookSize, let code = Int32(exactly: number) else {
                    let place = channels == 1 ? "token \(position)" : "code \(channel) of token \(position)"
                    throw FlowTokError.unusableTokens(
                        file: path, reason: "\(place) is \(number), expected 0 to \(codebookSize - 1)")
                }
                codes.append(code)
            }
        }
        return .indices([codes])
    }

    /// The latents [1, K, D] of one picture.
    private static func latents(from path: String, by maker: TokenizerIdentity, codebookSize: Int?) throws -> Tensor {
        func unusable(_ reason: String) -> FlowTokError { .unusableTokens(file: path, reason: reason) }
        let checkpoint = try Checkpoint(path: path)
        guard checkpoint.metadata["format"] ?? format == format, let model = checkpoint.metadata["model"] else {
            throw unusable("it holds no tokens that flowtok tokenize wrote, but \(Recognition.describe(checkpoint))")
        }
        try check(TokenizerIdentity(name: model, weights: checkpoint.metadata["weights"]), is: maker, in: path)
        guard codebookSize == nil else { throw unusable("it holds latents, expected the JSON of integer tokens") }
        let latents = try checkpoint.tensor(tensorName)
        guard latents.rank == 3, latents.shape[0] == 1 else {
            throw unusable("\(tensorName) has shape \(latents.shape), expected [1, tokens, numbers] of one picture")
        }
        if let index = latents.firstNonFinite {
            throw CheckpointError.notFinite(path: path, tensor: tensorName, index: index, value: latents.values[index])
        }
        // Beyond that, a network's products are no numbers any more, whatever the picture looks like.
        let values = latents.values
        if let index = values.firstIndex(where: { abs($0) > largestValue }) {
            throw unusable("the value at index \(index) of \(tensorName) is \(values[index]), expected at most \(largestValue) in magnitude")
        }
        return latents
    }

    private static func check(_ found: TokenizerIdentity, is maker: TokenizerIdentity, in path: String) throws {
        guard maker.isSame(as: found) else {
            throw FlowTokError.foreignTokens(file: path, model: found, expected: maker)
        }
    }

    /// Whether a file is JSON by how it begins.
    private static func isText(_ path: String) throws -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        let start = (try? handle.read(upToCount: 64)) ?? Data()
        let white: Set<UInt8> = [0x09, 0x0A, 0x0D, 0x20]
        guard let first = start.first(where: { !white.contains($0) }) else { return false }
        // The length that a safetensors file begins with has zero bytes, and text has none.
        return !start.prefix(8).contains(0) && [UInt8(ascii: "{"), UInt8(ascii: "[")].contains(first)
    }
}

/// Integer tokens as JSON.
private struct CodeFile: Codable {
    let format: String
    let model: String
    let weights: String?
    private let values: [Value]

    /// A token: a number, or a list of them; it says where it stands when it is neither.
    private struct Value: Codable {
        let codes: [Int]
        let isList: Bool

        init(codes: [Int], isList: Bool) {
            self.codes = codes
            self.isList = isList
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self.init(codes: [number], isList: false)
            } else if let numbers = try? container.decode([Int].self) {
                self.init(codes: numbers, isList: true)
            } else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no integer")
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if isList { try container.encode(codes) } else { try container.encode(codes.first ?? 0) }
        }
    }

    private enum CodingKeys: String, CodingKey {
        case format, model, weights
        case values = "tokens"
    }

    init(format: String, model: String, weights: String?, codes: [Int], channels: Int) {
        self.format = format
        self.model = model
        self.weights = weights
        values = stride(from: 0, to: codes.count, by: channels).map { start in
            Value(codes: Array(codes[start..<min(start + channels, codes.count)]), isList: channels > 1)
        }
    }

    /// The first token that is a list.
    var firstList: Int? { values.firstIndex(where: \.isList) }

    /// What is wrong with a token that is something else than a number where there should be one.
    static func noInteger(_ token: Int) -> String { "token \(token) is no integer that a codebook could have" }

    /// The codes of every token.
    var tokens: [[Int]] { values.map(\.codes) }

    init(path: String) throws {
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        guard size <= TokenFile.largestText else {
            throw FlowTokError.unusableTokens(
                file: path, reason: "it has \(size) bytes, expected the tokens of one picture, at most \(TokenFile.largestText)")
        }
        do {
            self = try JSONDecoder().decode(CodeFile.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as DecodingError {
            throw FlowTokError.unusableTokens(file: path, reason: Self.reason(error))
        }
        guard format == TokenFile.format else {
            throw FlowTokError.unusableTokens(file: path, reason: "its format is \"\(format)\", expected \"\(TokenFile.format)\"")
        }
    }

    /// What is wrong, in the terms of the file.
    private static func reason(_ error: DecodingError) -> String {
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context
            default: nil
            }
        guard let path = context?.codingPath, path.first?.stringValue == "tokens" else { return error.oneLine }
        return path.count > 1
            ? noInteger(path[1].intValue ?? 0) : "tokens is no list of integers"
    }
}
