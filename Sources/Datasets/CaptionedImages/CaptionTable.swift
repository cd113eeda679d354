import Files
import Foundation

/// The captions of a folder's pictures in one file, as Hugging Face's image folders have them: `metadata.jsonl` with an object
/// a line, or `metadata.csv` with a header. A picture is named by `file_name`, its caption is `text`, `caption` or `prompt`, and
/// its class `class`.
struct CaptionTable {
    struct Row {
        /// Where the row stands, for messages.
        var line: Int
        /// The picture's path below the table's folder.
        var file: String
        /// One line; empty where the row has no caption.
        var caption: String
        /// The class; nil where the row has none.
        var label: String?
    }

    private(set) var rows: [Row] = []
    /// Lines that are none, and why.
    private(set) var faults: [(line: Int, reason: String)] = []

    static let names: Set = ["metadata.jsonl", "metadata.csv"]

    private static let fileKeys = ["file_name", "file", "image", "filename"]
    private static let captionKeys = ["text", "caption", "prompt"]

    /// - Throws: what reading the file throws.
    init(path: String) throws {
        let bytes = try InputFile.bytes(path)
        let text = String(decoding: bytes, as: UTF8.self).replacing("\u{feff}", with: "")
        if path.hasSuffix(".csv") { readValues(text) } else { readObjects(text) }
    }

    private mutating func readObjects(_ text: String) {
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            guard let object = try? JSONDecoder().decode(JSONValue.self, from: Data(line.utf8)), case .object = object else {
                faults.append((index + 1, "no JSON object"))
                continue
            }
            guard let file = Self.fileKeys.compactMap({ object[$0]?.string }).first else {
                faults.append((index + 1, "no \"file_name\""))
                continue
            }
            add(
                file, caption: Self.captionKeys.compactMap { object[$0].flatMap(Self.caption) }.first,
                label: object["class"].flatMap(CaptionText.label), line: index + 1)
        }
    }

    /// A caption, or the first of several.
    private static func caption(_ value: JSONValue) -> String? {
        if case .list(let values) = value { values.lazy.compactMap(\.string).first } else { value.string }
    }

    private mutating func readValues(_ text: String) {
        let table = Self.values(text)
        guard let header = table.first,
            let file = Self.fileKeys.lazy.compactMap({ header.fields.firstIndex(of: $0) }).first
        else {
            faults.append((1, "no column \"file_name\""))
            return
        }
        let caption = Self.captionKeys.lazy.compactMap { header.fields.firstIndex(of: $0) }.first
        let label = header.fields.firstIndex(of: "class")
        for row in table.dropFirst() where row.fields != [""] {
            guard row.fields.count > file else {
                faults.append((row.line, "\(row.fields.count) fields, expected \(header.fields.count)"))
                continue
            }
            func field(_ column: Int?) -> String? { column.flatMap { row.fields.count > $0 ? row.fields[$0] : nil } }
            add(row.fields[file], caption: field(caption), label: field(label), line: row.line)
        }
    }

    private mutating func add(_ file: String, caption: String?, label: String?, line: Int) {
        // What leads out of the folder would be another data set's.
        guard !file.hasPrefix("/"), !file.split(separator: "/").contains(".."), !file.utf8.contains(0) else {
            faults.append((line, "\(FilePath.shown(file)) leads out of the folder"))
            return
        }
        let path = file.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        let named = label.map { CaptionText.line($0) }.flatMap { $0.isEmpty ? nil : $0 }
        rows.append(Row(line: line, file: path, caption: CaptionText.line(caption ?? ""), label: named))
    }

    /// The rows of comma-separated values, quoted where they hold commas, quotes or line breaks (RFC 4180).
    private static func values(_ text: String) -> [(line: Int, fields: [String])] {
        var rows: [(line: Int, fields: [String])] = []
        var fields: [String] = []
        var field = ""
        var isQuoted = false
        var (line, start) = (1, 1)
        var characters = text.makeIterator()
        var next = characters.next()
        while let character = next {
            next = characters.next()
            if character.isNewline { line += 1 }
            if isQuoted {
                if character != "\"" {
                    field.append(character)
                } else if next == "\"" {
                    field.append("\"")
                    next = characters.next()
                } else {
                    isQuoted = false
                }
            } else if character == "\"" && field.isEmpty {
                isQuoted = true
            } else if character == "," {
                fields.append(field)
                field = ""
            } else if character.isNewline {
                rows.append((start, fields + [field]))
                (fields, field, start) = ([], "", line)
            } else {
                field.append(character)
            }
        }
        if !field.isEmpty || !fields.isEmpty { rows.append((start, fields + [field])) }
        return rows
    }
}
