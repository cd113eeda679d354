import Foundation
import Images

/// Sprites before they are written, and the files that gave none.
struct SpriteHarvest: Sendable {
    var sprites: [Sprite] = []
    var dropped: [SpriteDatasetIndex.Dropped] = []
    var files = 0
}

/// Makes sprites of an emoji set and its CLDR names.
struct EmojiSprites {
    let sources: SpriteSources
    let size: Int
    let wordNet: WordNet
    let cldr: CLDRAnnotations
    let words: WordFamilies

    static let licence = "Apache-2.0"

    func harvest(progress: (Int, Int) throws -> Void) throws -> SpriteHarvest {
        let groups = EmojiGroups(contentsOf: sources.emojiGroups)
        let found = try EmojiFiles(folder: sources.emojiFolder)
        guard !found.files.isEmpty else { throw DatasetError.empty(path: sources.emojiFolder.path, expected: "emoji PNGs (emoji_u….png)") }
        var harvest = SpriteHarvest()
        harvest.files = found.files.count + found.unnamed.count
        func drop(_ file: URL, _ reason: String) {
            harvest.dropped.append(.init(file: "ruby-tanuki-emoji/\(file.lastPathComponent)", reason: reason))
        }
        for file in found.unnamed { drop(file, "a file name that spells no code points") }
        let named = found.files.map { ($0, cldr[$0.codePoints]) }
        let names = named.map { $0.1.map { EmojiNaming.names(for: $0.name) } }
        // A caption must mean one emoji; whoever would repeat one keeps CLDR's own name.
        var owners: [String: Int] = [:]
        for name in names { if let caption = name?.caption.lowercased() { owners[caption, default: 0] += 1 } }
        for (index, (file, entry)) in named.enumerated() {
            try progress(index, named.count)
            guard let entry, var name = names[index] else { drop(file.url, "no CLDR name"); continue }
            if owners[name.caption.lowercased(), default: 0] > 1 { name.caption = entry.name }
            let picture: RGBAImage
            do { picture = try RGBAImage(path: file.url.path) } catch { drop(file.url, "\(error)"); continue }
            guard let image = SpriteTrimming.trimmed(picture, side: size) else { drop(file.url, "empty"); continue }
            let group = groups[file.codePoints]
            let family = file.isFlag ? (synonyms: [], hypernyms: ["flag"]) : words.words(for: name.caption, keywords: file.hasSkinTone ? [] : entry.keywords, group: group?.group ?? "")
            let synonyms = (name.synonyms + family.synonyms).filter { $0 != name.caption }
            let phrase = NounPhrase(name.caption, isNoun: wordNet.isNoun, singular: wordNet.singular)
            // Nobody calls a person or a flag by one colour.
            let coloured = !file.isFlag && group?.group != "People & Body"
            harvest.sprites.append(
                Sprite(
                    description: SpriteDescription(
                        key: file.key, name: entry.name.lowercased(), caption: name.caption, article: phrase.article, plural: phrase.plural,
                        synonyms: unique(synonyms, among: owners, own: entry.name), hypernyms: family.hypernyms,
                        colour: coloured ? DominantColour.name(of: image) : nil, style: "emoji", group: group.map { "\($0.group)/\($0.subgroup)" } ?? (file.isFlag ? "Flags" : ""),
                        skinTone: file.hasSkinTone, weight: file.hasSkinTone ? 0.15 : file.isFlag ? 0.6 : 1, source: "ruby-tanuki-emoji/\(file.url.lastPathComponent)", licence: Self.licence),
                    image: image))
        }
        return harvest
    }

    /// `synonyms` without those that are another emoji's caption ("heart" would otherwise mean ten of them).
    private func unique(_ synonyms: [String], among owners: [String: Int], own: String) -> [String] {
        var seen: Set<String> = []
        return synonyms.filter { seen.insert($0).inserted && ($0.lowercased() == own.lowercased() || owners[$0.lowercased()] == nil) }
    }
}
