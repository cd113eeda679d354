import Foundation

/// How a picture was generated, as the text `parameters` says it in the form that AUTOMATIC1111's web UI introduced and that most
/// programs of the field write and read:
///
///     a red fox
///     Negative prompt: blurry
///     Steps: 20, Sampler: Euler, CFG scale: 2.0, Seed: 7, Size: 128x128, Model: default
///
/// Prompt and negative prompt may take several lines. A value that holds a comma, a colon or a line break is a JSON string.
public struct GenerationParameters: Sendable, Hashable {
    /// One setting. Names are those of the text, such as "CFG scale".
    public struct Field: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var prompt: String
    /// Empty where there is none.
    public var negativePrompt: String
    /// The settings in the text's order, those included that are not known here.
    public var fields: [Field]

    public init(prompt: String, negativePrompt: String = "", fields: [Field]) {
        self.prompt = prompt
        self.negativePrompt = negativePrompt
        self.fields = fields
    }

    /// The value of the first setting of a name.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

// MARK: - Writing

extension GenerationParameters {
    /// The text.
    public var text: String {
        var lines = [prompt]
        if !negativePrompt.isEmpty { lines.append(Self.negativeStart + " " + negativePrompt) }
        lines.append(fields.map { "\($0.name): \(Self.quoted($0.value))" }.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }

    private static let negativeStart = "Negative prompt:"

    /// A value as it stands in the line, as a JSON string where it could be misread.
    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty && value.first?.isWhitespace == false && value.last?.isWhitespace == false
            && !value.contains { $0 == "," || $0 == ":" || $0.isNewline } && !["\"", "[", "{"].contains(value.first)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard !isPlain, let json = try? encoder.encode(value) else { return value }
        return String(decoding: json, as: UTF8.self)
    }
}

// MARK: - Reading

extension GenerationParameters {
    /// The fewest settings that make a line of settings: fewer may be the end of a prompt with a colon in it.
    private static let fewestFields = 3

    /// Reads the text; nil where it has no line of settings, such as a prompt alone.
    public init?(parsing text: String) {
        guard text.utf8.count <= ImageText.maximumLength else { return nil }
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        while lines.last?.allSatisfy(\.isWhitespace) == true { lines.removeLast() }
        // Some programs put more settings on lines after the first of them.
        var settings: [Field] = []
        var index = lines.endIndex
        while index > 0 {
            let fields = Self.fields(of: lines[index - 1])
            guard !fields.isEmpty else { break }
            settings = fields + settings
            index -= 1
            if fields.count >= Self.fewestFields { break }
        }
        guard index < lines.endIndex, Self.fields(of: lines[index]).count >= Self.fewestFields else { return nil }
        let words = lines[..<index]
        let negative = words.firstIndex { $0.drop(while: \.isWhitespace).hasPrefix(Self.negativeStart) } ?? words.endIndex
        var negativeLines = words[negative...].map(String.init)
        if !negativeLines.isEmpty {
            negativeLines[0] = String(negativeLines[0].drop(while: \.isWhitespace).dropFirst(Self.negativeStart.count))
        }
        func joined(_ lines: [String]) -> String {
            lines.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
        }
        self.init(prompt: joined(words[..<negative].map(String.init)), negativePrompt: joined(negativeLines), fields: settings)
    }

    /// The settings of a line: names, colons and values, with commas between. Empty where the line is anything else.
    private static func fields(of line: Substring) -> [Field] {
        var fields: [Field] = []
        var rest = Array(line.unicodeScalars)[...]
        while true {
            rest = rest.drop { $0.properties.isWhitespace || $0 == "," }
            if rest.isEmpty { return fields }
            // Further words without a colon are passed over; a line that begins with them is no line of settings.
            guard let colon = rest.firstIndex(of: ":") else { return fields }
            if let comma = rest[..<colon].firstIndex(of: ","), !fields.isEmpty {
                rest = rest[comma...]
                continue
            }
            let name = rest[..<colon]
            guard !name.isEmpty, name.count <= 100, name.allSatisfy(isPartOfName) else { return [] }
            rest = rest[(colon + 1)...].drop { $0.properties.isWhitespace }
            let value = Self.value(&rest)
            fields.append(Field(text(name).trimmingCharacters(in: .whitespaces), value))
        }
    }

    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || " _-/().".unicodeScalars.contains(scalar)
    }

    /// Takes a value off the front of `rest`: a JSON string, list or object, or what comes before the next comma.
    private static func value(_ rest: inout ArraySlice<Unicode.Scalar>) -> String {
        if let first = rest.first, first == "\"" || first == "[" || first == "{", let end = endOfJSON(rest) {
            let json = text(rest[..<end])
            let after = rest[end...].drop { $0.properties.isWhitespace }
            if after.isEmpty || after.first == "," {
                rest = after
                guard first == "\"" else { return json }
                return (try? JSONDecoder().decode(String.self, from: Data(json.utf8))) ?? json
            }
        }
        let comma = rest.firstIndex(of: ",") ?? rest.endIndex
        defer { rest = rest[comma...] }
        return text(rest[..<comma]).trimmingCharacters(in: .whitespaces)
    }

    /// Where the JSON string, list or object ends with which `rest` begins; nil where it does not.
    private static func endOfJSON(_ rest: ArraySlice<Unicode.Scalar>) -> Int? {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for index in rest.indices {
            let scalar = rest[index]
            if isEscaped {
                isEscaped = false
            } else if isInString {
                if scalar == "\\" { isEscaped = true }
                if scalar == "\"" { isInString = false }
            } else {
                if scalar == "\"" { isInString = true }
                if scalar == "[" || scalar == "{" { depth += 1 }
                if scalar == "]" || scalar == "}" { depth -= 1 }
            }
            if depth == 0, !isInString { return index + 1 }
        }
        return nil
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
