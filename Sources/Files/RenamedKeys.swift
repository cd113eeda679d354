/// Reads an object whose keys are in snake_case now and were in camelCase once: either is understood, the new one first.
package struct RenamedKeys {
    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let values: KeyedDecodingContainer<Key>

    package init(_ decoder: any Decoder) throws {
        values = try decoder.container(keyedBy: Key.self)
    }

    /// Replaces `value` where `key`, in snake_case, is there.
    package func read<Value: Decodable>(_ value: inout Value, _ key: some CodingKey) throws {
        for name in [key.stringValue, Self.camelCase(key.stringValue)] {
            if let found = try values.decodeIfPresent(Value.self, forKey: Key(stringValue: name)) {
                value = found
                return
            }
        }
    }

    /// The value of a key that has no successor of the same kind; nil where it is not there.
    package func former<Value: Decodable>(_ type: Value.Type, _ key: String) throws -> Value? {
        try values.decodeIfPresent(Value.self, forKey: Key(stringValue: key))
    }

    /// "pair_offset" → "pairOffset".
    package static func camelCase(_ key: String) -> String {
        let parts = key.split(separator: "_")
        return (parts.prefix(1) + parts.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }).joined()
    }
}
