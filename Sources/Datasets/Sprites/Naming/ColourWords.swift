/// The words that name colours, other than those of `ColourName`.
enum ColourWords {
    /// Whether a colour before `name` says something new: it holds none, and is no list such as "flag: Japan".
    static func allows(_ name: String) -> Bool {
        let words = name.lowercased().split(whereSeparator: { !$0.isLetter }).map(String.init)
        return !name.contains(":") && !words.contains { ColourName(rawValue: $0) != nil || others.contains($0) }
    }

    private static let others: Set<String> = [
        "grey", "golden", "silver", "gold", "colored", "rainbow", "teal", "tan", "beige", "color", "colour",
    ]
}
