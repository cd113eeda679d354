import Files

/// The named character references of HTML5, by name.
enum HTMLEntities {
    struct Entity {
        let text: [Unicode.Scalar]
        /// Whether the name also counts without a semicolon after it.
        let standsBare: Bool
    }

    /// Entities by their names, without `&` and `;`.
    private static let table: [String: Entity] = {
        var table: [String: Entity] = [:]
        for entry in EmbeddedTable.htmlEntities.lines {
            let halves = entry.split(separator: "=")
            let text = halves[1].split(separator: "+").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
            let standsBare = halves[0].last == "!"
            table[String(standsBare ? halves[0].dropLast() : halves[0])] = Entity(text: text, standsBare: standsBare)
        }
        return table
    }()

    /// The longest name that counts without a semicolon.
    static let longestBareName = table.filter(\.value.standsBare).keys.map(\.utf8.count).max() ?? 0

    /// Upper-cased spellings of names in small letters, as careless upper-casing of a whole text makes
    /// them (`&EACUTE;`), where HTML reads no other entity in them.
    private static let shouted: [String: [Unicode.Scalar]] = {
        var shouted: [String: [Unicode.Scalar]] = [:]
        for (name, entity) in table where !name.utf8.contains(where: { (0x41...0x5a).contains($0) }) {
            let upper = name.uppercased()
            let reference = Array("&\(upper);".unicodeScalars)
            guard HTMLReferences.replaced(in: reference) == reference else { continue }
            shouted[upper] = entity.text.flatMap { $0.properties.uppercaseMapping.unicodeScalars }
        }
        return shouted
    }()

    /// The entity of a name. Names are ASCII: Swift would take canonically equivalent strings for equal.
    static func entity(_ name: ArraySlice<Unicode.Scalar>) -> Entity? {
        guard let key = key(name) else { return nil }
        return table[key]
    }

    /// The text of an entity by its name or by its name in capitals.
    static func textInAnyCase(_ name: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar]? {
        guard let key = key(name) else { return nil }
        return table[key]?.text ?? shouted[key]
    }

    private static func key(_ name: ArraySlice<Unicode.Scalar>) -> String? {
        guard name.allSatisfy(\.isASCII) else { return nil }
        return String(String.UnicodeScalarView(name))
    }
}
