import Files
import Foundation
import Images
import TextTokenizers

/// Sprites before they are written, and the files that gave none.
struct SpriteHarvest: Sendable {
    var sprites: [Sprite] = []
    var dropped: [SpriteDatasetIndex.Dropped] = []
    var source: SpriteDatasetIndex.Source
}

/// Makes sprites of a set of emoji.
struct EmojiSprites {
    let set: SpriteSource
    let folder: PictureFolder
    let size: Int
    let labels: EmojiLabels
    let words: WordFamilies

    func harvest(progress: @Sendable (Int, Int) throws -> Void) throws -> SpriteHarvest {
        var harvest = SpriteHarvest(source: .init(set, folder.index))
        func drop(_ picture: PictureFolder.Picture, _ reason: String) {
            harvest.dropped.append(.init(file: folder.name(of: picture), reason: reason))
        }
        var candidates: [(picture: PictureFolder.Picture, code: EmojiCode, label: EmojiLabels.Label)] = []
        var owners: Set<String> = []
        for picture in folder.index.pictures {
            guard let code = EmojiCode(stem: FilePath.withoutSuffix(picture.file)) else {
                drop(picture, "a file name that spells no code points")
                continue
            }
            // Noto has each of them already, and they are many.
            if code.hasSkinTone, set != .noto { drop(picture, "a skin tone"); continue }
            guard var label = labels.label(of: code) else { drop(picture, "no name"); continue }
            // A caption must mean one emoji; whoever would repeat one keeps CLDR's own name.
            if owners.contains(label.caption.lowercased()) { label.caption = label.name }
            guard owners.insert(label.caption.lowercased()).inserted else { drop(picture, "the name of another"); continue }
            candidates.append((picture, code, label))
        }
        let drawn = try PictureDrawing(size: size).draw(candidates.map { folder.url(of: $0.picture) }, progress: progress)
        for (candidate, drawing) in zip(candidates, drawn) {
            switch drawing {
            case .failed(let reason): drop(candidate.picture, reason)
            case .sprite(let image):
                harvest.sprites.append(Sprite(description: describe(candidate.picture, candidate.code, candidate.label, image), image: image))
            }
        }
        harvest.source.sprites = harvest.sprites.count
        return harvest
    }

    private func describe(_ picture: PictureFolder.Picture, _ code: EmojiCode, _ label: EmojiLabels.Label, _ image: RGBAImage) -> SpriteDescription {
        let place = labels.list[code]
        let isFlag = code.isFlag
        // Nobody calls a person or a flag by one colour.
        let isColoured = !isFlag && place?.group != "People & Body"
        var hypernyms = isFlag ? ["flag"] : words.words(for: label.caption, keywords: [], group: place?.group ?? "").hypernyms
        if hypernyms.isEmpty { hypernyms = words.words(for: label.name, keywords: [], group: place?.group ?? "").hypernyms }
        return SpriteDescription(
            key: "\(set.style.rawValue)-\(code.concept)", name: label.name, caption: label.caption, article: label.article,
            plural: label.plural, synonyms: label.synonyms, hypernyms: hypernyms,
            colour: isColoured ? DominantColour.name(of: image) : nil, style: set.style, concept: code.concept,
            group: place.map { "\($0.group)/\($0.subgroup)" } ?? (isFlag ? "Flags" : ""), skinTone: code.hasSkinTone,
            weight: code.hasSkinTone ? 0.15 : isFlag ? 0.6 : 1, source: folder.name(of: picture),
            license: picture.license ?? folder.index.license, creator: picture.creator)
    }
}
