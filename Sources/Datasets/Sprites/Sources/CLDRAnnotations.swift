import Foundation

#if canImport(FoundationXML)
import FoundationXML
#endif

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
        let collector = AnnotationCollector()
        let parser = XMLParser(data: xml)
        parser.delegate = collector
        guard parser.parse() else {
            let reason = parser.parserError?.localizedDescription ?? "unknown fault"
            throw DatasetError.badRecord(path: path, reason: "line \(parser.lineNumber): not well-formed XML: \(reason)")
        }
        // The parser takes a file that breaks off for a whole one.
        guard !collector.annotations.isEmpty else { throw DatasetError.badRecord(path: path, reason: "no <annotation cp=\"…\"> in it") }
        for annotation in collector.annotations {
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

/// Collects `<annotation cp="…" [type="tts"]>text</annotation>`.
private final class AnnotationCollector: NSObject, XMLParserDelegate {
    struct Annotation {
        var characters: String
        var isName: Bool
        var text: String
    }

    var annotations: [Annotation] = []
    private var current: Annotation?

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        guard element == "annotation", let characters = attributes["cp"] else { return }
        current = Annotation(characters: characters, isName: attributes["type"] == "tts", text: "")
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        current?.text += string
    }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
        guard element == "annotation", let annotation = current else { return }
        annotations.append(annotation)
        current = nil
    }
}
