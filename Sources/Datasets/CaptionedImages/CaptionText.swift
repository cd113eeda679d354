import Files
import Foundation

/// Captions as files hold them.
enum CaptionText {
    /// A caption of bytes as one line: UTF-8 with or without a byte order mark, or UTF-16 with one; nil where it is no text.
    /// What is empty is an empty line.
    static func line(_ bytes: some Collection<UInt8>) -> String? {
        let data = Array(bytes)
        if data.starts(with: [0xff, 0xfe]) || data.starts(with: [0xfe, 0xff]) {
            guard data.count.isMultiple(of: 2) else { return nil }
            let isLittle = data[0] == 0xff
            let units = stride(from: 2, to: data.count, by: 2).map { place -> UInt16 in
                let (first, second) = (UInt16(data[place]), UInt16(data[place + 1]))
                return isLittle ? second << 8 | first : first << 8 | second
            }
            return String(validating: units, as: UTF16.self).map(line)
        }
        return String(validating: data, as: UTF8.self).map(line)
    }

    /// The caption in a JSON object, under "caption" or "text"; nil where it has none.
    static func line(json: Data) -> String? {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: json) else { return nil }
        return (value["caption"]?.string ?? value["text"]?.string).map(line)
    }

    /// The class in a JSON object, under "class"; nil where it has none.
    static func label(json: Data) -> String? {
        (try? JSONDecoder().decode(JSONValue.self, from: json))?["class"].flatMap(label)
    }

    /// A class: a name, or a number as one.
    static func label(_ value: JSONValue) -> String? {
        let text = value.wholeNumber.map { String($0) } ?? value.string.map { line($0) }
        return text.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A text as one line, without byte order marks.
    static func line(_ text: String) -> String {
        text.replacing("\u{feff}", with: "").split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
