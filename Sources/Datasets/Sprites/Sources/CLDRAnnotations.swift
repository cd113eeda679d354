import Foundation

/// The English short names and keywords of emoji, as the Unicode CLDR gives them.
package struct CLDRAnnotations: Sendable {
    /// One emoji's annotation.
    package struct Entry: Sendable, Equatable {
        /// The short name, such as "face with tears of joy".
        package var name: String
        /// The keywords, such as "face", "joy", "laugh", "tear".
        package var keywords: [String]
    }

    private var entries: [String: Entry] = [:]

    /// Reads annotation files (`annotations/en.xml`, `annotationsDerived/en.xml`); later files add to earlier ones.
    ///
    /// - Throws: `DatasetError.missing`, `.unreadable`, `.badRecord`.
    package init(contentsOf files: [URL]) throws {
        for file in files {
            guard FileManager.default.fileExists(atPath: file.path) else {
                throw DatasetError.missing(path: file.path, hint: "install unicode-cldr-core")
            }
            let data: Data
            do { data = try Data(contentsOf: file) } catch {
                throw DatasetError.unreadable(path: file.path, reason: error.localizedDescription)
            }
            try add(data, path: file.path)
        }
    }

    /// Reads one annotation file held in memory.
    package init(_ xml: Data, path: String) throws {
        try add(xml, path: path)
    }

    /// The annotation of an emoji given by its code points; variation selectors do not matter.
    package subscript(codePoints: [UInt32]) -> Entry? {
        entries[Self.key(codePoints)]
    }

    /// How many emoji each keyword belongs to; a keyword of few emoji says much.
    package func keywordCounts() -> [String: Int] {
        var counts: [String: Int] = [:]
        for entry in entries.values {
            for keyword in entry.keywords { counts[keyword, default: 0] += 1 }
        }
        return counts
    }

    private mutating func add(_ xml: Data, path: String) throws {
        guard let text = String(validating: xml, as: UTF8.self) else { throw DatasetError.badRecord(path: path, reason: "it is not valid UTF-8") }
        var scanner = AnnotationScanner(text)
        var annotations: [AnnotationScanner.Annotation] = []
        do {
            while let annotation = try scanner.next() { annotations.append(annotation) }
        } catch let problem as AnnotationScanner.Problem {
            throw DatasetError.badRecord(path: path, reason: "line \(problem.line): \(problem.reason)")
        }
        guard !annotations.isEmpty else { throw DatasetError.badRecord(path: path, reason: "no <annotation cp=\"…\"> in it") }
        for annotation in annotations {
            let key = Self.key(annotation.characters.unicodeScalars.map(\.value))
            var entry = entries[key] ?? Entry(name: "", keywords: [])
            if annotation.isName {
                entry.name = annotation.text
            } else {
                entry.keywords = annotation.text.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
            }
            entries[key] = entry
        }
        entries = entries.filter { !$0.value.name.isEmpty }
    }

    /// CLDR leaves out U+FE0F; file names keep or drop it as they like.
    private static func key(_ codePoints: [UInt32]) -> String {
        codePoints.filter { $0 != 0xfe0f }.map { String($0, radix: 16) }.joined(separator: "_")
    }
}

/// Finds `<annotation cp="…" [type="tts"]>text</annotation>` in an XML file, one after the other, and sees that the file is whole.
///
/// The XML parser of the system's library ends the process where a file that is not well-formed has a fault at the wrong place.
private struct AnnotationScanner {
    struct Annotation {
        var characters: String
        var isName: Bool
        var text: String
    }

    struct Problem: Error {
        let line: Int
        let reason: String
    }

    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// The next annotation; nil at the end of the file's root.
    mutating func next() throws -> Annotation? {
        while let start = find("<", from: position) {
            position = start
            if isAt("<!--") {
                try pass("-->")
            } else if isAt("</ldml>") {
                return nil
            } else if isAt("<annotation"), start + 11 < bytes.count, Self.isSpace(bytes[start + 11]) {
                return try annotation()
            } else {
                try pass(">")
            }
        }
        throw problem("the file breaks off before </ldml>")
    }

    private mutating func annotation() throws -> Annotation {
        let start = position + 11
        // Values may hold the character that ends the tag.
        var quote: UInt8?
        let end = bytes[start...].firstIndex { byte in
            if let open = quote {
                if byte == open { quote = nil }
                return false
            }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte }
            return byte == UInt8(ascii: ">")
        }
        guard let end else { throw problem("<annotation> is not closed") }
        let tag = bytes[start..<end]
        position = end + 1
        guard let characters = attribute("cp", of: tag) else { throw problem("<annotation> has no cp") }
        let isName = attribute("type", of: tag) == "tts"
        if tag.last == UInt8(ascii: "/") { return Annotation(characters: characters, isName: isName, text: "") }
        let content = position
        guard let close = find("</annotation>", from: content) else { throw problem("<annotation> is not closed") }
        position = close + 13
        return Annotation(characters: characters, isName: isName, text: Self.text(bytes[content..<close]))
    }

    private func attribute(_ name: String, of tag: ArraySlice<UInt8>) -> String? {
        var rest = tag
        while let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
            let found = rest[..<equals].split(whereSeparator: Self.isSpace).last
            let value = rest[(equals + 1)...].drop(while: Self.isSpace)
            guard let quote = value.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                let end = value.dropFirst().firstIndex(of: quote)
            else { return nil }
            if found?.elementsEqual(name.utf8) == true { return Self.text(value[(value.startIndex + 1)..<end]) }
            rest = value[(end + 1)...]
        }
        return nil
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("&") else { return text }
        for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
            text = text.replacing(entity, with: character)
        }
        return text
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private func isAt(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    private func find(_ text: String, from start: Int) -> Int? {
        let wanted = Array(text.utf8)
        var place = start
        while let found = bytes[place...].firstIndex(of: wanted[0]) {
            if bytes[found...].starts(with: wanted) { return found }
            place = found + 1
        }
        return nil
    }

    /// Goes on behind the next `text`.
    private mutating func pass(_ text: String) throws {
        guard let found = find(text, from: position) else { throw problem("the file breaks off before </ldml>") }
        position = found + text.utf8.count
    }

    private func problem(_ reason: String) -> Problem {
        Problem(line: 1 + bytes[..<position].count { $0 == UInt8(ascii: "\n") }, reason: reason)
    }
}
