import FlowTok
import Foundation

/// Configurations as JSON files.
enum JSONFile {
    /// Reads a value; the error names the file and the key.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FileManager.default.fileExists(atPath: path)
                ? TrainingError.badConfiguration(file: path, reason: "it cannot be read")
                : TrainingError.missingFile(path: path)
        }
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw TrainingError.badConfiguration(file: path, reason: error.oneLine)
        }
    }

    /// The value as JSON text with sorted keys.
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    static func write(_ value: some Encodable, to path: String) throws {
        try Data(try text(value).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
