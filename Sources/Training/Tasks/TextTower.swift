import TextModels

extension KeyedDecodingContainer {
    /// A text tower whose `vocab_size` may be left out, 0 then: the vocabulary that a run names fills it in.
    func textTower(_ key: Key) throws -> TextTransformerConfiguration {
        let values = try nestedContainer(keyedBy: TextTowerKeys.self, forKey: key)
        var tower = TextTransformerConfiguration(
            vocabularySize: 0,
            contextLength: try values.decode(Int.self, forKey: .contextLength),
            width: try values.decode(Int.self, forKey: .width),
            layers: try values.decode(Int.self, forKey: .layers),
            heads: try values.decode(Int.self, forKey: .heads))
        try values.read(&tower.vocabularySize, .vocabularySize)
        try values.read(&tower.activation, .activation)
        try values.read(&tower.causal, .causal)
        return tower
    }
}

/// As `TextTransformerConfiguration` writes them.
private enum TextTowerKeys: String, CodingKey {
    case vocabularySize = "vocab_size"
    case contextLength = "context_length"
    case width, layers, heads, activation, causal
}
