import Files
import Images
import TextTokenizers

/// Makes "a green car" of the car: emoji of things that come in colours, in colours that they do not have.
struct RecolouredSprites {
    /// The most colours that a thing gets.
    static let coloursPerConcept = 6

    let names: EmojiNames

    /// Recoloured copies of those of `sprites` that have one main colour and come in others.
    ///
    /// - Parameter progress: called with sprites done and in all; an error that it throws stops the work.
    func harvest(_ sprites: [Sprite], progress: (Int, Int) throws -> Void) throws -> [Sprite] {
        let candidates = sprites.filter { $0.description.style == .emoji && Self.comesInColours($0.description) }
        var looks: [String: [SpriteThumbnail]] = [:]
        for sprite in sprites where sprite.description.style == .emoji && !sprite.description.skinTone {
            looks[sprite.description.group, default: []].append(SpriteThumbnail(sprite.image))
        }
        var result: [Sprite] = []
        for (index, sprite) in candidates.enumerated() {
            try progress(index, candidates.count)
            guard let recolouring = Recolouring(sprite.image) else { continue }
            let own = sprite.description.colour ?? DominantColour.name(of: sprite.image)
            // Which colours come first differs from thing to thing, so that no colour is rare.
            let colours = ColourName.allCases.filter { $0 != .gray && $0 != own }.sorted {
                StableHash.fraction("colour/\(sprite.description.key)/\($0.rawValue)") < StableHash.fraction("colour/\(sprite.description.key)/\($1.rawValue)")
            }
            var made: [Sprite] = []
            for colour in colours where made.count < Self.coloursPerConcept {
                let caption = "\(colour.rawValue) \(sprite.description.caption)"
                // "green apple" is an emoji of its own.
                guard names[name: caption] == nil else { continue }
                let image = recolouring.painted(colour)
                guard DominantColour.name(of: image) == colour, Self.isClear(image, colour) else { continue }
                let look = SpriteThumbnail(image)
                guard looks[sprite.description.group, default: []].allSatisfy({ $0.distance(to: look) > 5 }) else { continue }
                looks[sprite.description.group, default: []].append(look)
                made.append(Sprite(description: describe(sprite.description, colour, caption), image: image))
            }
            for index in made.indices { made[index].description.weight = 0.25 / Float(made.count) }
            result += made
        }
        return result
    }

    private func describe(_ original: SpriteDescription, _ colour: ColourName, _ caption: String) -> SpriteDescription {
        func coloured(_ name: String) -> String { "\(colour.rawValue) \(name)" }
        var description = original
        description.key = "\(original.key)-\(colour.rawValue)"
        description.name = coloured(original.name)
        description.caption = caption
        if ["a", "an"].contains(original.article) { description.article = NounPhrase.article(before: colour.rawValue) }
        description.plural = original.plural.map(coloured)
        description.synonyms = original.synonyms.filter { ColourWords.allows($0) }.map(coloured).filter { names[name: $0] == nil }
        description.colour = colour
        description.recoloured = true
        return description
    }

    /// Whether something can be seen of a black thing but its outline, and of a white one on paper.
    private static func isClear(_ image: RGBAImage, _ colour: ColourName) -> Bool {
        guard colour == .black || colour == .white else { return true }
        var visible = 0
        var different = 0
        for index in stride(from: 0, to: image.pixels.count, by: 4) where image.pixels[index + 3] > 128 {
            visible += 1
            let luminance = (299 * Int(image.pixels[index]) + 587 * Int(image.pixels[index + 1]) + 114 * Int(image.pixels[index + 2])) / 1000
            if colour == .black ? luminance > 80 : luminance < 200 { different += 1 }
        }
        return different * 100 > visible * (colour == .black ? 10 : 20)
    }

    private static func comesInColours(_ sprite: SpriteDescription) -> Bool {
        guard !sprite.skinTone, !sprite.recoloured, ColourWords.allows(sprite.caption), !excluded.contains(sprite.caption) else { return false }
        let subgroup = sprite.group.split(separator: "/").last.map(String.init) ?? ""
        return groups.contains(subgroup) || included.contains(sprite.caption)
    }

    /// Subgroups of Unicode's list whose things come in colours.
    private static let groups: Set<String> = [
        "transport-ground", "transport-water", "transport-air", "animal-mammal", "animal-bird", "animal-amphibian", "animal-reptile",
        "animal-marine", "animal-bug", "plant-flower", "clothing", "sport", "game", "household", "lock", "tool", "writing",
        "musical-instrument",
    ]

    /// Things of other subgroups.
    private static let included: Set<String> = [
        "alarm clock", "ball of yarn", "balloon", "bell", "birthday cake", "bowl with spoon", "briefcase", "cactus", "candle", "candy",
        "Christmas tree", "computer mouse", "crescent moon", "cup of coffee", "cupcake", "donut", "firecracker", "flashlight", "folder",
        "gift", "hotel bell", "house", "hut", "ice cream cone", "jack-o-lantern", "jar", "leaf", "light bulb", "lightning bolt", "mailbox",
        "maple leaf", "mushroom", "package", "palm tree", "paperclip", "pine tree", "playground slide", "postbox", "pushpin", "radio",
        "ribbon", "round pushpin", "ruler", "star", "suitcase", "teapot", "telephone", "tent", "trash can", "tree", "TV", "umbrella",
        "closed umbrella", "water drop", "filing cabinet",
    ]

    /// Things of the subgroups that have their colour by nature, or whose main colour is not the thing's own.
    private static let excluded: Set<String> = [
        "bouquet", "wilted flower", "bowling ball", "construction barrier", "cricket bat and ball", "diamond suit", "fishing pole",
        "flower playing cards", "golf hole", "heart suit", "highway", "joker", "llama", "magic wand", "mahjong tile", "microbe", "necktie",
        "panda", "paw prints", "pig nose", "polar bear", "railway track", "sheep", "skis", "soccer ball", "spider web", "stop sign",
        "tennis ball", "turkey", "unicorn", "zebra", "bubbles", "elevator", "horizontal traffic light", "traffic light", "bus stop",
        "roll of toilet paper", "balance scale", "skunk", "bullseye",
    ]
}
