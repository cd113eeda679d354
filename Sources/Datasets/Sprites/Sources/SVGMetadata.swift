import Foundation

/// What an SVG file of a clip-art collection says about itself (Dublin Core in RDF).
package struct SVGMetadata: Sendable, Equatable {
    /// `dc:title` of the work, empty where there is none.
    package var title = ""
    /// The words of `dc:subject`.
    package var keywords: [String] = []
    /// The maker's name, empty where there is none.
    package var creator = ""

    package init(title: String = "", keywords: [String] = [], creator: String = "") {
        self.title = title
        self.keywords = keywords
        self.creator = creator
    }

    /// Finds the metadata in the text of an SVG file.
    ///
    /// A scanner rather than a parser: a twentieth of the files are not well-formed, and their pictures still render.
    package init(svg: Data) {
        // Metadata stands near the top in nearly all files, and megabytes of path data follow it.
        let text = String(decoding: svg.prefix(1 << 20), as: UTF8.self)
        guard let work = Self.first(of: ["cc:Work", "Work"], in: text[...]) ?? Self.first(of: ["metadata"], in: text[...]) else {
            title = Self.first(of: ["title"], in: text[...]).map(Self.plain) ?? ""
            return
        }
        // People and publishers have titles of their own, inside cc:Agent, after the work's.
        let head = work.range(of: "Agent").map { work[..<$0.lowerBound] } ?? work
        title = Self.first(of: ["dc:title", "title"], in: head).map(Self.plain) ?? ""
        if let subject = Self.first(of: ["dc:subject", "subject"], in: work) {
            var rest = subject
            while let item = Self.first(of: ["rdf:li", "li"], in: rest) {
                let keyword = Self.plain(item)
                if !keyword.isEmpty, !keywords.contains(keyword) { keywords.append(keyword) }
                rest = rest[item.endIndex...]
            }
        }
        if let maker = Self.first(of: ["dc:creator", "creator"], in: work) {
            creator = Self.first(of: ["dc:title", "title"], in: maker).map(Self.plain) ?? ""
        }
    }

    /// The content of the first element of one of the `names`.
    private static func first(of names: [String], in text: Substring) -> Substring? {
        for name in names {
            var from = text.startIndex
            while let open = text.range(of: "<" + name, range: from..<text.endIndex) {
                from = open.upperBound
                guard let next = text[from...].first, next == ">" || next.isWhitespace else { continue }
                guard let end = text[from...].firstIndex(of: ">") else { return nil }
                if text[..<end].last == "/" { continue }
                let start = text.index(after: end)
                guard let close = text.range(of: "</" + name, range: start..<text.endIndex) else { continue }
                return text[start..<close.lowerBound]
            }
        }
        return nil
    }

    /// Text without entities and with single spaces.
    private static func plain(_ text: Substring) -> String {
        var plain = String(text)
        for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")] {
            plain = plain.replacingOccurrences(of: entity, with: character)
        }
        return plain.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
