/// Reads an object some of whose keys had other names in earlier versions: either is understood, the name of today first.
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

    /// The names that keys had in version 0.1, with those that they have now.
    package static let formerKeys = [
        "licence": "license", "final_rate_share": "final_rate_fraction", "decoding_share": "text_reconstruction_fraction",
        "flow_share": "flow_fraction", "image_to_text_share": "image_to_text_fraction",
        "unconditional_share": "unconditional_fraction", "decoding_weight": "text_reconstruction_weight",
        "captioning_weight": "endpoint_caption_weight", "reading_weight": "path_caption_weight",
        "matching_weight": "latent_mse_weight",
    ]

    private static func formerNames(of key: String) -> [String] {
        formerKeys.filter { $0.value == key }.map(\.key)
    }

    /// Replaces `value` where `key`, in snake_case, is there under one of its names.
    package func read<Value: Decodable>(_ value: inout Value, _ key: some CodingKey) throws {
        for name in [key.stringValue, Self.camelCase(key.stringValue)] + Self.formerNames(of: key.stringValue) {
            if let found = try values.decodeIfPresent(Value.self, forKey: Key(stringValue: name)) {
                value = found
                return
            }
        }
    }

    /// The value of `key`, in snake_case, under one of its names.
    ///
    /// - Throws: `DecodingError.keyNotFound` where it has none.
    package func decode<Value: Decodable>(_ type: Value.Type, _ key: some CodingKey) throws -> Value {
        var found: Value?
        try read(&found, key)
        if let found { return found }
        return try values.decode(type, forKey: Key(stringValue: key.stringValue))
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
