public import Foundation

/// Values as JSON files.
public enum JSONFile {
    /// Reads a value.
    ///
    /// - Parameter limit: the most bytes that are read.
    /// - Throws: `FileError.missing`, or `.malformed` with the key in question.
    public static func read<Value: Decodable>(_ type: Value.Type, from path: String, limit: Int = 16 << 20) throws -> Value {
        try decode(type, from: Data(InputFile.bytes(path, limit: limit)), path: path)
    }

    /// Reads a file that a person wrote: a key that means nothing is a misspelt one.
    ///
    /// - Parameter formerKeys: keys that are still read beside those that the whole package renamed, with the names that they
    ///   have now.
    /// - Throws: `FileError.missing`, or `.malformed` with the key in question.
    public static func readStrictly<Value: Codable>(
        _ type: Value.Type, from path: String, limit: Int = 16 << 20, formerKeys: [String: String] = [:]
    ) throws -> Value {
        let data = Data(try InputFile.bytes(path, limit: limit))
        let value = try decode(type, from: data, path: path)
        // What is written again is all that was understood.
        let known = try decode(JSONValue.self, from: JSONEncoder().encode(value), path: path)
        if let key = try decode(JSONValue.self, from: data, path: path).keys(unknownTo: known, formerly: RenamedKeys.formerKeys.merging(formerKeys) { $1 })
            .first
        {
            throw FileError.malformed(path: path, reason: "unknown key \(key)")
        }
        return value
    }

    /// Decodes a value of bytes that came from `path`.
    ///
    /// - Throws: `FileError.malformed` with the key in question.
    public static func decode<Value: Decodable>(_ type: Value.Type, from data: Data, path: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            if let download = WrongDownload.description(of: data) {
                throw FileError.malformed(path: path, reason: "expected JSON, found \(download)")
            }
            throw FileError.malformed(path: path, reason: error.oneLine)
        }
    }

    /// The value as JSON text with sorted keys and a line break at its end.
    public static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    /// Writes the value, whole or not at all.
    ///
    /// - Throws: `FileError.unwritable`.
    public static func write(_ value: some Encodable, to path: String) throws {
        try AtomicFile.write(to: path, text: try text(value))
    }
}

extension DecodingError {
    /// What is wrong and at which key, in one line.
    package var oneLine: String {
        func place(_ context: Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "the file" : path
        }
        switch self {
        case .keyNotFound(let key, let context):
            return "\(context.codingPath.map { $0.stringValue + "." }.joined())\(key.stringValue) is missing"
        case .typeMismatch(let type, let context):
            let name = String(describing: type)
            // Swift's own names say something to nobody else.
            let kind = name.hasPrefix("Dictionary") ? "object" : name.hasPrefix("Array") ? "list" : name
            return "\(place(context)) is no \(kind)"
        case .valueNotFound(let type, let context): return "\(place(context)) is null, expected \(type)"
        case .dataCorrupted(let context): return "\(place(context)): \(context.debugDescription)"
        @unknown default: return "it cannot be read"
        }
    }
}

extension KeyedDecodingContainer {
    /// Replaces `value` where `key` is there.
    package func read<Value: Decodable>(_ value: inout Value, _ key: Key) throws {
        if let found = try decodeIfPresent(Value.self, forKey: key) { value = found }
    }
}
