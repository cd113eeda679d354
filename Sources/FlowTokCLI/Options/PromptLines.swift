import Files
import Foundation

/// A file of prompts: one a line, or one JSON object a line with settings beside the prompt, or a JSON list of either. Blank lines
/// and lines that begin with `#` are passed over.
enum PromptLines {
    /// The prompts of a file's bytes; `name` stands for the file in messages.
    static func entries(_ bytes: [UInt8], from name: String) throws -> [PromptList.Entry] {
        let bytes = utf8(bytes)
        if let list = list(bytes, from: name) { return try list() }
        var lines: [(place: String, text: String)] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let place = "\(name), line \(index + 1)"
            guard let text = String(validating: line, as: UTF8.self) else { throw Failure(.data, "\(place): not valid UTF-8") }
            let cleaned = text.withoutControlCharacters
            if !cleaned.isEmpty, !cleaned.hasPrefix("#") { lines.append((place, cleaned)) }
        }
        guard let first = lines.first else { throw Failure(.data, "\(name): no prompts, expected one a line") }
        if ["csv", "tsv"].contains(FilePath.suffix(of: name).lowercased()), first.text.contains(where: { ",;\t".contains($0) }) {
            throw Failure(.data, "\(name): a table, expected prompts a line each or JSON lines such as {\"prompt\": \"a red fox\", \"seed\": 7}")
        }
        let isJSON = ["jsonl", "ndjson"].contains(FilePath.suffix(of: name).lowercased()) || object(first.text)?["prompt"]?.string != nil
        return try lines.map { place, text in
            let entry = try isJSON ? entry(text, place) : PromptList.Entry(prompt: text)
            try PromptList.check(entry.prompt, name: place, status: .data)
            return entry
        }
    }

    private static func object(_ text: String) -> JSONValue? {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)), case .object = value else { return nil }
        return value
    }

    /// The prompts of a file that is one JSON document, a list of texts and objects or a single object; nil where it is none.
    private static func list(_ bytes: [UInt8], from name: String) -> (() throws -> [PromptList.Entry])? {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) else { return nil }
        let values: [JSONValue]
        switch value {
        case .list(let found): values = found
        // One that stands on one line is a JSON line.
        case .object where value["prompt"] != nil && String(decoding: bytes, as: UTF8.self).trimmed.contains(where: \.isNewline): values = [value]
        default: return nil
        }
        return {
            guard !values.isEmpty else { throw Failure(.data, "\(name): no prompts, expected some in the list") }
            return try values.enumerated().map { index, value in
                let place = values.count == 1 ? name : "\(name), prompt \(index + 1)"
                let entry = try value.string.map { PromptList.Entry(prompt: $0.withoutControlCharacters) } ?? entry(value, place)
                guard !entry.prompt.isEmpty else { throw Failure(.data, "\(place): empty, expected some words") }
                try PromptList.check(entry.prompt, name: place, status: .data)
                return entry
            }
        }
    }

    /// The bytes in UTF-8, where a mark says that they are UTF-16, as editors and shells of Windows write.
    private static func utf8(_ bytes: [UInt8]) -> [UInt8] {
        let isBigEndian = bytes.starts(with: [0xFE, 0xFF])
        guard isBigEndian || bytes.starts(with: [0xFF, 0xFE]), bytes.count % 2 == 0 else { return bytes }
        let units = stride(from: 2, to: bytes.count, by: 2).map { index in
            let (first, second) = (UInt16(bytes[index]), UInt16(bytes[index + 1]))
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        return Array(String(decoding: units, as: UTF16.self).utf8)
    }

    /// What flowtok itself writes beside these, with --json and in pictures, is no misspelling.
    private static let keys: Set = ["prompt", "seed", "steps", "guidance", "output"]
    private static let ignored: Set = ["file", "model", "settings", "seconds", "trajectory", "class", "pictures", "text", "index"]

    private static func entry(_ text: String, _ place: String) throws -> PromptList.Entry {
        guard let object = object(text) else {
            throw Failure(.data, "\(place): no JSON object, expected one such as {\"prompt\": \"a red fox\", \"seed\": 7}")
        }
        return try entry(object, place)
    }

    private static func entry(_ object: JSONValue, _ place: String) throws -> PromptList.Entry {
        guard case .object(let values) = object else { throw Failure(.data, "\(place): neither a text nor an object with a prompt") }
        guard let prompt = object["prompt"]?.string?.withoutControlCharacters, !prompt.isEmpty else {
            throw Failure(.data, "\(place): \"prompt\" is \(object["prompt"] == nil ? "missing" : "no text"), expected some words")
        }
        let unknown = values.keys.filter { !keys.contains($0) && !ignored.contains($0) }.sorted()
        if !unknown.isEmpty {
            let names = unknown.map { "\"\($0)\"" }.joined(separator: ", ")
            Console.report("warning: \(place): \(names) passed over, expected prompt, seed, steps, guidance and output")
        }
        func bad(_ key: String, _ expected: String) -> Failure {
            Failure(.data, "\(place): \"\(key)\" cannot be used, expected \(expected)")
        }
        func given(_ key: String) -> JSONValue? { values[key] == .null ? nil : values[key] }
        var entry = PromptList.Entry(prompt: prompt)
        if let seed = given("seed") {
            switch seed {
            case .integer(-1): entry.seed = .random
            case .integer(let number) where number >= 0: entry.seed = .number(UInt64(number))
            case .unsigned(let number): entry.seed = .number(number)
            default: throw bad("seed", "a whole number from 0, or -1 for a random one")
            }
        }
        if let steps = given("steps") {
            guard case .integer(let number) = steps, (1...10_000).contains(number) else { throw bad("steps", "1 to 10000") }
            entry.steps = Int(number)
        }
        if let guidance = given("guidance") {
            let number: Double? =
                switch guidance {
                case .integer(let number): Double(number)
                case .number(let number): number
                default: nil
                }
            guard let number, number.isFinite, abs(number) <= 1000 else { throw bad("guidance", "a number from -1000 to 1000") }
            entry.guidance = Float(number)
        }
        if let output = given("output") {
            guard let path = output.string, !path.isEmpty, path != OutputFile.standardOutput, !path.utf8.contains(0) else {
                throw bad("output", "the name of a file")
            }
            entry.output = path
        }
        return entry
    }
}
