import CTables

/// The tables that are part of the program, so that nothing has to be found on disk.
package enum EmbeddedTable {
    /// What people call emoji; see `EmojiNames`.
    case emojiNames
    /// The classes of ImageNet's challenge.
    case imageNetClasses
    /// The named character references of HTML.
    case htmlEntities
    /// English for the titles of clip art.
    case foreignTitles

    /// The table's bytes, UTF-8.
    package var bytes: UnsafeBufferPointer<UInt8> {
        let table: ct_table =
            switch self {
            case .emojiNames: ct_emoji_names
            case .imageNetClasses: ct_imagenet_classes
            case .htmlEntities: ct_html_entities
            case .foreignTitles: ct_foreign_titles
            }
        var count = 0
        let start = ct_table_bytes(table, &count)
        return UnsafeBufferPointer(start: start, count: count)
    }

    /// The table's lines but for empty ones and comments, which begin with "#".
    package var lines: [Substring] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }
}
