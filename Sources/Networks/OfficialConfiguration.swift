/// A key of an official configuration, whose sections nest: `model.vq_model.codebook_size`.
package struct OfficialKey: CodingKey, ExpressibleByStringLiteral {
    package let stringValue: String
    package var intValue: Int? { nil }

    package init(stringLiteral value: String) { stringValue = value }
    package init?(stringValue: String) { self.stringValue = stringValue }
    package init?(intValue: Int) { nil }
}

extension Decoder {
    /// The section at a path of keys.
    package func section(_ path: OfficialKey...) throws -> KeyedDecodingContainer<OfficialKey> {
        try path.reduce(container(keyedBy: OfficialKey.self)) {
            try $0.nestedContainer(keyedBy: OfficialKey.self, forKey: $1)
        }
    }
}

extension KeyedDecodingContainer where Key == OfficialKey {
    /// The value of a key, or `fallback` where it is absent.
    package func value<Value: Decodable>(_ key: OfficialKey, default fallback: @autoclosure () -> Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? fallback()
    }

    /// The value of a key that must be there.
    package func value<Value: Decodable>(_ key: OfficialKey) throws -> Value { try decode(Value.self, forKey: key) }
}
