import Checkpoints
import FlowTok
import Foundation

/// Configurations as JSON files.
enum JSONFile {
    /// Reads a value; the error names the file and the key.
    ///
    /// - Throws: `TrainingError.missingFile`, `.badConfiguration`.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws -> Value {
        try decode(type, from: contents(path), path: path)
    }

    /// Reads a file that a person wrote: a key that means nothing is a misspelt one.
    ///
    /// - Throws: `TrainingError.missingFile`, `.badConfiguration`.
    static func readStrictly<Value: Codable>(_ type: Value.Type, from path: String) throws -> Value {
        let data = try contents(path)
        let value = try decode(type, from: data, path: path)
        // What is written again is all that was understood.
        let known = try decode(JSONValue.self, from: JSONEncoder().encode(value), path: path)
        if let key = try decode(JSONValue.self, from: data, path: path).keys(unknownTo: known).first {
            throw TrainingError.badConfiguration(file: path, reason: "unknown key \(key)")
        }
        return value
    }

    private static func contents(_ path: String) throws -> Data {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TrainingError.missingFile(path: path)
        }
        if isFolder.boolValue { throw TrainingError.badConfiguration(file: path, reason: "a folder, expected a JSON file") }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TrainingError.badConfiguration(file: path, reason: "it cannot be read")
        }
        return data
    }

    private static func decode<Value: Decodable>(_ type: Value.Type, from data: Data, path: String) throws -> Value {
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
        try AtomicFile.write(to: path, text: try text(value))
    }
}
