/// The five skin tones that an emoji of a person can have (Unicode's emoji modifiers).
public enum SkinTone: UInt32, Sendable, CaseIterable {
    case light = 0x1F3FB
    case mediumLight, medium, mediumDark, dark

    /// "medium-light skin tone".
    public var name: String {
        let shade =
            switch self {
            case .light: "light"
            case .mediumLight: "medium-light"
            case .medium: "medium"
            case .mediumDark: "medium-dark"
            case .dark: "dark"
            }
        return shade + " skin tone"
    }

    /// A concept, such as "1f44b-1f3fb", without its skin tones: "1f44b".
    package static func removed(from concept: String) -> String {
        concept.split(separator: "-").filter { UInt32($0, radix: 16).flatMap(SkinTone.init) == nil }.joined(separator: "-")
    }

    /// The name of somebody with skin tones, one for each person: "wizard with dark skin tone".
    public static func name(_ name: String, with tones: [SkinTone]) -> String { Self.name(name, with: tones.map(\.name)) }

    /// The same with the tones' names.
    package static func name(_ name: String, with tones: [String]) -> String {
        tones.isEmpty ? name : name + (name.contains(" with ") ? " and " : " with ") + tones.joined(separator: " and ")
    }
}

extension EmojiNames.Entry {
    /// Whether it shows exactly one person, or a part of one, whose skin can have a tone.
    public var takesSkinTone: Bool {
        let scalars = concept.split(separator: "-").compactMap { UInt32($0, radix: 16).flatMap(Unicode.Scalar.init) }
        return scalars.count { $0.properties.isEmojiModifierBase } == 1
    }
}
