import Files

/// English for the Italian, French and German titles of the clip-art collection, and for its run-together words.
///
/// A few makers drew hundreds of pictures and named them in their own languages; without this their names are noise.
enum ForeignTitles {
    /// Whole titles, cleaned and in lower case.
    static let phrases = entries("title")
    /// Single words, replaced wherever they stand.
    static let words = entries("word")

    private static func entries(_ kind: String) -> [String: String] {
        let pairs = EmbeddedTable.foreignTitles.lines.compactMap { line -> (String, String)? in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            return fields.count == 3 && fields[0] == kind ? (String(fields[1]), String(fields[2])) : nil
        }
        return Dictionary(pairs) { $1 }
    }
}
