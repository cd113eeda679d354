import Files
import Foundation
import Images
import TextTokenizers

/// Makes sprites of rendered models.
struct ModelSprites {
    let folder: PictureFolder
    let size: Int
    let wordNet: WordNet
    let words: WordFamilies

    func harvest(progress: @Sendable (Int, Int) throws -> Void) throws -> SpriteHarvest {
        var harvest = SpriteHarvest(source: .init(.models, folder.index))
        let drawn = try PictureDrawing(size: size, refusesFaint: true).draw(folder.index.pictures.map(folder.url(of:)), progress: progress)
        var looks: [String: [SpriteThumbnail]] = [:]
        for (picture, drawing) in zip(folder.index.pictures, drawn) {
            func drop(_ reason: String) { harvest.dropped.append(.init(file: folder.name(of: picture), reason: reason)) }
            guard let name = picture.name.flatMap(ModelNaming.name) else { drop("no name"); continue }
            guard case .sprite(let image) = drawing else {
                if case .failed(let reason) = drawing { drop(reason) }
                continue
            }
            let look = SpriteThumbnail(image)
            guard looks[name, default: []].allSatisfy({ $0.distance(to: look) > 5 }) else { drop("looks like another sprite of its name"); continue }
            looks[name, default: []].append(look)
            let family = words.words(for: name, keywords: picture.tags ?? [], group: picture.category ?? "")
            let phrase = NounPhrase(name, isNoun: wordNet.isNoun, singular: wordNet.singular)
            harvest.sprites.append(
                Sprite(
                    description: SpriteDescription(
                        key: "model-" + FilePath.withoutSuffix(picture.file).replacingOccurrences(of: ".", with: "-"),
                        name: name.lowercased(), caption: name, article: phrase.article, plural: phrase.plural,
                        synonyms: family.synonyms, hypernyms: family.hypernyms,
                        colour: picture.category == "Characters" ? nil : DominantColour.name(of: image), style: .threeD,
                        concept: EmojiNames.shared[name: name]?.concept, group: picture.category ?? "",
                        source: folder.name(of: picture), license: picture.license ?? folder.index.license, creator: picture.creator),
                    image: image))
        }
        harvest.sprites.weighByName()
        harvest.source.sprites = harvest.sprites.count
        return harvest
    }
}

extension [Sprite] {
    /// n sprites of one name together weigh as much as √n things.
    mutating func weighByName() {
        var counts: [String: Int] = [:]
        for sprite in self { counts[sprite.description.caption, default: 0] += 1 }
        for index in indices {
            self[index].description.weight = 1 / Float(counts[self[index].description.caption, default: 1]).squareRoot()
        }
    }
}
