/// A JSON document as a tree, so that two configurations can be compared key by key.
public enum JSONValue: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let found = try? value.decode(Bool.self) {
            self = .bool(found)
        } else if let found = try? value.decode(Int64.self) {
            self = .integer(found)
        } else if let found = try? value.decode(UInt64.self) {
            self = .unsigned(found)
        } else if let found = try? value.decode(Double.self) {
            self = .number(found)
        } else if let found = try? value.decode(String.self) {
            self = .text(found)
        } else if let found = try? value.decode([JSONValue].self) {
            self = .list(found)
        } else {
            self = .object(try value.decode([String: JSONValue].self))
        }
    }

    /// The value of a key of an object; nil where this is none or has no such key.
    public subscript(key: String) -> JSONValue? {
        if case .object(let values) = self { values[key] } else { nil }
    }

    /// The text that this is; nil where it is something else.
    public var string: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The whole number that this is; nil where it is something else.
    package var wholeNumber: Int? {
        switch self {
        case .integer(let value): Int(exactly: value)
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number that this is; nil where it is something else.
    package var real: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The truth value that this is; nil where it is something else.
    package var truth: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The list that this is; nil where it is something else.
    package var elements: [JSONValue]? {
        if case .list(let values) = self { values } else { nil }
    }

    /// The object that this is; nil where it is something else.
    package var members: [String: JSONValue]? {
        if case .object(let values) = self { values } else { nil }
    }

    /// A place where two documents differ: the path of its keys, and both values; nil where there is none.
    package struct Difference {
        package let path: String
        package let old: JSONValue?
        package let new: JSONValue?
    }

    /// Where this document differs from an older one, in the order of the keys.
    package func differences(from old: JSONValue, at path: String = "") -> [Difference] {
        switch (old, self) {
        case (.object(let before), .object(let after)):
            Set(before.keys).union(after.keys).sorted().flatMap { key -> [Difference] in
                let place = JSONValue.path(path, key)
                guard let first = before[key], let second = after[key] else {
                    return [Difference(path: place, old: before[key], new: after[key])]
                }
                return second.differences(from: first, at: place)
            }
        case (.list(let before), .list(let after)) where before.count == after.count:
            zip(before, after).enumerated().flatMap { index, pair in
                pair.1.differences(from: pair.0, at: "\(path)[\(index)]")
            }
        default: self == old ? [] : [Difference(path: path, old: old, new: self)]
        }
    }

    /// The paths of keys here that `known` has neither under their name nor under the one that `formerly` gives; a key that is
    /// null stands for one that is left out.
    package func keys(unknownTo known: JSONValue, formerly: [String: String] = [:], at path: String = "") -> [String] {
        switch (self, known) {
        case (.object(let given), .object(let known)):
            given.keys.sorted().flatMap { key -> [String] in
                guard let value = given[key], value != .null else { return [] }
                let place = JSONValue.path(path, key)
                guard let counterpart = known[key] ?? formerly[key].flatMap({ known[$0] }) else { return [place] }
                return value.keys(unknownTo: counterpart, formerly: formerly, at: place)
            }
        case (.list(let given), .list(let known)):
            zip(given, known).enumerated().flatMap { index, pair in
                pair.0.keys(unknownTo: pair.1, formerly: formerly, at: "\(path)[\(index)]")
            }
        default: []
        }
    }

    /// The paths of the keys of the object at a path that are none of `known`, in order.
    package func keys(at path: [String], beyond known: Set<String>) -> [String] {
        var section = self
        for key in path {
            guard let inner = section[key] else { return [] }
            section = inner
        }
        guard case .object(let values) = section else { return [] }
        return values.keys.filter { !known.contains($0) }.sorted().map { (path + [$0]).joined(separator: ".") }
    }

    private static func path(_ path: String, _ key: String) -> String { path.isEmpty ? key : path + "." + key }

    /// The value in a few words, for messages.
    package var brief: String {
        switch self {
        case .null: "null"
        case .bool(let value): String(value)
        case .integer(let value): String(value)
        case .unsigned(let value): String(value)
        case .number(let value): "\(value)"
        case .text(let value): value.count > 80 ? "\"\(value.prefix(80))…\"" : "\"\(value)\""
        case .list(let values): "a list of \(values.count)"
        case .object(let values): "an object of \(values.count)"
        }
    }
}
