import Datasets
import Files
import Foundation
import Images
import TestSupport
import Testing

@Suite struct SceneTests {
    let sprites = SampleSprites.sprites()

    private func configuration(_ change: (inout SceneConfiguration) -> Void = { _ in }) -> SceneConfiguration {
        var configuration = SceneConfiguration()
        configuration.side = 32
        configuration.single = 1
        configuration.pair = 1
        configuration.several = 1
        change(&configuration)
        return configuration
    }

    @Test func aSceneDependsOnSeedAndIndexAlone() throws {
        let first = try SceneComposer(sprites: sprites, configuration: configuration(), seed: 3)
        let second = try SceneComposer(sprites: sprites, configuration: configuration(), seed: 3)
        let other = try SceneComposer(sprites: sprites, configuration: configuration(), seed: 4)
        let forward = (0..<50).map(first.scene)
        let backward = (0..<50).reversed().map(second.scene).reversed()
        #expect(zip(forward, backward).allSatisfy { $0.plan == $1.plan && $0.image == $1.image })
        #expect((0..<50).contains { other.plan($0) != forward[$0].plan })
        #expect(forward.map(\.plan) == (0..<50).map(first.plan))
    }

    @Test func theTruthFitsTheKinds() throws {
        let composer = try SceneComposer(sprites: sprites, configuration: configuration { $0.holdout = .none }, seed: 1)
        var kinds: [ScenePlan.Kind: Int] = [:]
        for plan in (0..<900).map(composer.plan) {
            kinds[plan.kind, default: 0] += 1
            #expect(!plan.caption.isEmpty && !plan.caption.contains("{") && !plan.caption.contains("  "))
            switch plan.kind {
            case .single: #expect(plan.count == 1 && plan.relation == nil)
            case .pair:
                #expect(plan.count == 2 && plan.objects[0].sprite != plan.objects[1].sprite)
                let (a, b) = (plan.objects[0].box, plan.objects[1].box)
                switch plan.relation {
                case .leftOf, .and: #expect(a.x + a.width <= b.x + 0.01)
                case .rightOf: #expect(b.x + b.width <= a.x + 0.01)
                case .above: #expect(a.y + a.height <= b.y + 0.01)
                case .below: #expect(b.y + b.height <= a.y + 0.01)
                case nil: Issue.record("a pair without a relation")
                }
            case .several:
                #expect((2...4).contains(plan.count) && Set(plan.objects.map(\.sprite)).count == 1)
                #expect(sprites[plan.objects[0].sprite].description.plural != nil)
            }
            for object in plan.objects {
                #expect(object.box.x >= -0.01 && object.box.y >= -0.01 && object.box.x + object.box.width <= 32.01 && object.box.y + object.box.height <= 32.01)
            }
        }
        #expect(kinds.values.allSatisfy { $0 > 200 })
    }

    @Test func heldOutThingsStayOut() throws {
        var holdout = Holdout()
        holdout.sprites = .excludeHeldOut
        holdout.pairFraction = 0.4
        holdout.backgroundFraction = 0.3
        let training = try SceneComposer(sprites: sprites, configuration: configuration { $0.holdout = holdout }, seed: 9)
        for plan in (0..<1500).map(training.plan) {
            let names = plan.objects.map { sprites[$0.sprite].description.caption }
            #expect(!names.contains("boat"))
            #expect(!names.contains { holdout.isHeldOut($0, on: plan.background.name) })
            if plan.kind == .pair { #expect(!holdout.isHeldOut(pair: names[0], names[1])) }
        }
        var opposite = holdout
        opposite.sprites = .all
        opposite.pairs = .onlyHeldOut
        opposite.backgrounds = .all
        let pairs = try SceneComposer(
            sprites: sprites,
            configuration: configuration {
                $0.holdout = opposite; $0.single = 0; $0.several = 0
            }, seed: 9)
        for plan in (0..<200).map(pairs.plan) {
            #expect(opposite.isHeldOut(pair: sprites[plan.objects[0].sprite].description.caption, sprites[plan.objects[1].sprite].description.caption))
        }
        opposite.pairs = .all
        opposite.backgrounds = .onlyHeldOut
        opposite.sprites = .onlyHeldOut
        opposite.backgroundFraction = 0.7
        let backgrounds = try SceneComposer(
            sprites: sprites,
            configuration: configuration {
                $0.holdout = opposite; $0.pair = 0; $0.several = 0
            }, seed: 9)
        for plan in (0..<100).map(backgrounds.plan) {
            #expect(sprites[plan.objects[0].sprite].description.caption == "boat")
            #expect(opposite.isHeldOut("boat", on: plan.background.name))
        }
    }

    @Test func pairsAreHeldOutInEitherOrder() {
        let holdout = Holdout()
        for a in SampleSprites.names { for b in SampleSprites.names { #expect(holdout.isHeldOut(pair: a, b) == holdout.isHeldOut(pair: b, a)) } }
        let share = Double((0..<10_000).count { holdout.isHeldOut(pair: "a\($0)", "b\($0 / 3)") }) / 10_000
        #expect(abs(share - 0.1) < 0.015)
        #expect(!(0..<1000).contains { holdout.isHeldOut("a\($0)", on: "white") })
    }

    @Test func plainScenesForEvaluation() throws {
        let composer = try SceneComposer(sprites: sprites, configuration: configuration { $0.layout.positionJitter = 0.2 }, seed: 0)
        let blue = try #require(BackgroundColour.palette.first { $0.name == "blue" })
        let orange = try #require(BackgroundColour.palette.first { $0.name == "orange" })
        #expect(composer.single(0).caption == "a fox")
        #expect(composer.single(3, background: orange).caption == "an umbrella on an orange background")
        #expect(composer.single(4, background: blue).caption == "glasses on a blue background")
        #expect(composer.pair(0, 1, relation: .leftOf).caption == "a fox to the left of an apple")
        #expect(composer.pair(0, 1, relation: .rightOf).caption == "a fox to the right of an apple")
        #expect(composer.pair(0, 1, relation: .above).caption == "a fox above an apple")
        #expect(composer.pair(0, 1, relation: .below).caption == "a fox below an apple")
        #expect(composer.pair(0, 1, relation: .and).caption == "a fox and an apple")
        #expect(composer.several(0, count: 3, background: blue).caption == "three foxes on a blue background")
        let scene = composer.single(0, background: blue)
        #expect(scene.image[0, 0] == blue.color)
        #expect(scene.image[16, 16] == Color(red: 0, green: 255, blue: 128))
        #expect(scene.image == composer.single(0, background: blue).image)
        let box = scene.plan.objects[0].box
        #expect(abs(box.height - 0.85 * 32) < 0.001)
        #expect(abs(box.x + box.width / 2 - 16) < 0.001)
        // Left and right are where they say.
        let pair = composer.pair(0, 11, relation: .leftOf)
        #expect(pair.image[7, 16].red < pair.image[24, 16].red)
    }

    /// However it came about, a picture of two has one plain caption, and it is true.
    @Test func plainCaptionsOfPairsAreInReadingOrder() throws {
        let composer = try SceneComposer(sprites: sprites, configuration: configuration(), seed: 0)
        let cases: [(SceneRelation, String)] = [
            (.leftOf, "a fox to the left of an apple"), (.and, "a fox to the left of an apple"),
            (.rightOf, "an apple to the left of a fox"), (.above, "a fox above an apple"), (.below, "an apple above a fox"),
        ]
        for (relation, caption) in cases {
            #expect(composer.plainCaption(of: composer.pair(0, 1, relation: relation).plan) == caption, "\(relation)")
        }
        let twins = [composer.pair(0, 1, relation: .leftOf), composer.pair(1, 0, relation: .rightOf)]
        #expect(twins[0].image == twins[1].image)
        #expect(Set(twins.map { composer.plainCaption(of: $0.plan) }).count == 1)
        #expect(composer.plainCaption(of: composer.single(0).plan) == "a fox")
    }

    @Test func captionsVary() throws {
        let composer = try SceneComposer(
            sprites: sprites,
            configuration: configuration {
                $0.pair = 0; $0.several = 0; $0.backgroundProbability = 0.3; $0.captions.hypernym = 0.1
            }, seed: 2)
        let captions = Set((0..<4000).map { composer.plan($0).caption })
        for caption in [
            "a fox", "fox", "an orange fox", "a fox emoji", "a picture of a fox", "clip art of a car", "an automobile", "an animal", "glasses emoji",
            "draw a fox",
        ] { #expect(captions.contains(caption), "\(caption)") }
        #expect(captions.contains { $0.hasSuffix("on a white background") })
        #expect(!captions.contains { $0.contains("a glasses") || $0.contains("a umbrella") || $0.contains("orange fox on an orange") })
        #expect(!captions.contains("a fox clip art"))
        for start in ["draw ", "please draw ", "can you draw ", "draw me "] { #expect(captions.contains { $0.hasPrefix(start) }, "\(start)") }
        for end in [".", "?", ", emoji", ", clip art"] { #expect(captions.contains { $0.hasSuffix(end) }, "\(end)") }
    }

    @Test func configurationsNameOnlyWhatDiffers() throws {
        let json =
            #"{"side": 64, "relations": {"above": 2}, "layout": {"position_jitter": 0.1}, "captions": {"style": 0}, "holdout": {"pairs": "all"}, "styles": {"flat": 1}}"#
        let read = try JSONDecoder().decode(SceneConfiguration.self, from: Data(json.utf8))
        var expected = SceneConfiguration()
        expected.side = 64
        expected.relations = [.above: 2]
        expected.layout.positionJitter = 0.1
        expected.captions.style = 0
        expected.holdout.pairs = .all
        expected.styles = [.flat: 1]
        #expect(read == expected)
        #expect(try JSONDecoder().decode(SceneConfiguration.self, from: JSONEncoder().encode(expected)) == expected)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(SceneConfiguration.self, from: Data(#"{"relations": {"inside": 1}}"#.utf8)) }
        #expect(throws: (any Error).self) { try JSONDecoder().decode(SceneConfiguration.self, from: Data(#"{"styles": {"oil": 1}}"#.utf8)) }
        #expect(throws: (any Error).self) { try JSONDecoder().decode(SceneConfiguration.self, from: Data(#"{"holdout": {"pairs": "some"}}"#.utf8)) }
    }

    /// Configurations of before keys were in snake_case.
    @Test func formerKeys() throws {
        let json = #"""
            {"emojiShare": 0.9, "backgroundProbability": 0.25, "skinToneWeight": 2, "allowsSameColour": true, "relations": {"leftOf": 2, "right_of": 1},
             "layout": {"pairOffset": 0.2, "positionJitter": 0.1, "size_jitter": 0.05}, "holdout": {"sprites": "excludeHeldOut", "pairs": "only_held_out", "pairFraction": 0.5},
             "captions": {"sourceName": 0.03, "colourWord": 0.5, "severalOfAKind": [{"text": "{several}", "weight": 1}]}}
            """#
        let read = try JSONDecoder().decode(SceneConfiguration.self, from: Data(json.utf8))
        #expect(read.styles == [.emoji: 0.9, .clipArt: 1 - 0.9] && read.backgroundProbability == 0.25 && read.skinToneWeight == 2 && read.allowsSameColour)
        #expect(read.relations == [.leftOf: 2, .rightOf: 1])
        #expect(read.layout.pairOffset == 0.2 && read.layout.positionJitter == 0.1 && read.layout.sizeJitter == 0.05)
        #expect(read.holdout.sprites == .excludeHeldOut && read.holdout.pairs == .onlyHeldOut && read.holdout.pairFraction == 0.5)
        #expect(read.captions.sourceName == 0.03 && read.captions.colourWord == 0.5 && read.captions.severalOfAKind.count == 1)
        let written = String(decoding: try JSONEncoder().encode(read), as: UTF8.self)
        for key in DataConfiguration.formerKeys.keys { #expect(!written.contains("\"\(key)\""), "\(key)") }
        for key in DataConfiguration.formerKeys.values { #expect(written.contains("\"\(key)\""), "\(key)") }
        // A file that is read strictly may have them, and nothing else that is unknown.
        let folder = try TemporaryFolder()
        let file = try folder.write("scenes.json", json).path
        #expect(try JSONFile.readStrictly(SceneConfiguration.self, from: file, formerKeys: DataConfiguration.formerKeys) == read)
        try folder.write("scenes.json", json.replacingOccurrences(of: "allowsSameColour", with: "allowsSameColor"))
        #expect(
            refusal { try JSONFile.readStrictly(SceneConfiguration.self, from: file, formerKeys: DataConfiguration.formerKeys) }.text.contains(
                "unknown key allowsSameColor"))
    }

    // MARK: Styles

    /// A fox, an apple and glasses in each style, and in all but one a lamp, which no emoji shows.
    private func styledSprites() -> [Sprite] {
        SpriteStyle.allCases.flatMap { style in
            ["fox", "apple", "glasses", "lamp"].filter { $0 != "lamp" || style != .emoji }.enumerated().map { index, name in
                let phrase = NounPhrase(name)
                return Sprite(
                    description: SpriteDescription(
                        key: "\(style)-\(name)", name: name, caption: name, article: phrase.article, plural: phrase.plural, style: style,
                        concept: name == "lamp" ? nil : name),
                    image: SampleSprites.image(index))
            }
        }
    }

    @Test func aSceneHasOneStyle() throws {
        let sprites = styledSprites()
        let composer = try SceneComposer(
            sprites: sprites,
            configuration: configuration {
                $0.holdout = .none; $0.styles = [.emoji: 1, .flat: 2, .sticker: 1, .threeD: 1, .clipArt: 0]
            }, seed: 5)
        var counts: [SpriteStyle: Int] = [:]
        for plan in (0..<2000).map(composer.plan) {
            let styles = Set(plan.objects.map { sprites[$0.sprite].description.style })
            #expect(styles.count == 1)
            for style in styles { counts[style, default: 0] += 1 }
        }
        #expect(counts[.clipArt] == nil && counts.count == 4)
        #expect(abs(Double(counts[.flat, default: 0]) / 2000 - 0.4) < 0.05)
    }

    @Test func otherStylesAreNamed() throws {
        let sprites = styledSprites()
        func captions(_ style: SpriteStyle, _ change: (inout SceneConfiguration) -> Void = { _ in }) throws -> [(captions: String, sprite: String)] {
            let composer = try SceneComposer(
                sprites: sprites,
                configuration: configuration {
                    $0.holdout = .none
                    $0.styles = [style: 1]
                    $0.captions.typed = 0
                    change(&$0)
                }, seed: 6)
            return (0..<1500).map {
                let plan = composer.plan($0); return (plan.caption, sprites[plan.objects[0].sprite].description.caption)
            }
        }
        let words: [SpriteStyle: [String]] = [.flat: ["flat"], .sticker: ["sticker"], .threeD: ["3D"], .clipArt: ["clip art"]]
        for (style, words) in words {
            let all = try captions(style)
            // Where an emoji shows the same, a name without its style would mean the emoji.
            #expect(all.allSatisfy { caption, sprite in sprite == "lamp" || words.contains { caption.contains($0) } || caption.contains("lamp") }, "\(style)")
            let lamps = try captions(style) {
                $0.pair = 0; $0.several = 0
            }.filter { $0.sprite == "lamp" }.map(\.captions)
            let named = Double(lamps.count { caption in words.contains { caption.contains($0) } }) / Double(lamps.count)
            #expect(abs(named - 0.5) < 0.1, "\(style)")
        }
        let emoji = try captions(.emoji).map(\.captions)
        #expect(!emoji.contains { caption in ["flat", "sticker", "3D", "clip art"].contains { caption.contains($0) } })
        let flat = Set(try captions(.flat).map(\.captions))
        for caption in ["a flat fox", "an apple, flat", "a flat icon of a fox", "a fox in flat style", "flat glasses", "two foxes, flat"] {
            #expect(flat.contains(caption), "\(caption)")
        }
        #expect(flat.contains { $0.hasPrefix("a fox on a ") && $0.hasSuffix(" background, flat") })
        #expect(flat.contains { $0.contains(" and ") && $0.hasSuffix(", flat") })
        let model = Set(try captions(.threeD).map(\.captions))
        for caption in ["a 3D fox", "a 3D model of an apple", "a fox in 3D", "a fox, 3D", "3D glasses"] { #expect(model.contains(caption), "\(caption)") }
        let sticker = Set(try captions(.sticker).map(\.captions))
        for caption in ["a fox sticker", "fox sticker", "a sticker of an apple", "glasses sticker", "a sticker of glasses"] {
            #expect(sticker.contains(caption), "\(caption)")
        }
    }

    @Test func plainCaptionsNameTheStyle() throws {
        let sprites = styledSprites()
        let composer = try SceneComposer(sprites: sprites, configuration: configuration { $0.holdout = .none }, seed: 0)
        func place(_ key: String) throws -> Int { try #require(sprites.firstIndex { $0.description.key == key }) }
        for (key, caption) in [
            ("emoji-fox", "a fox"), ("flat-fox", "a flat fox"), ("sticker-apple", "an apple sticker"), ("threeD-lamp", "a 3D lamp"),
            ("clipArt-glasses", "clip art of glasses"),
        ] {
            #expect(composer.plainCaption(of: composer.single(try place(key)).plan) == caption)
        }
        let blue = try #require(BackgroundColour.palette.first { $0.name == "blue" })
        #expect(composer.single(try place("flat-fox"), background: blue).caption == "a flat fox on a blue background")
        #expect(composer.several(try place("flat-fox"), count: 2, background: blue).caption == "two foxes on a blue background, flat")
        #expect(composer.pair(try place("sticker-fox"), try place("sticker-apple"), relation: .above).caption == "a fox above an apple, sticker")
    }

    /// "a green car" has its colour said once.
    @Test func recolouredThings() throws {
        let car = SpriteDescription(
            key: "emoji-car-green", name: "green automobile", caption: "green car", plural: "green cars", synonyms: ["green auto"], hypernyms: ["vehicle"],
            colour: .green, recoloured: true)
        let composer = try SceneComposer(
            sprites: [Sprite(description: car, image: SampleSprites.image(0))],
            configuration: configuration {
                $0.pair = 0; $0.captions.colourWord = 0.9; $0.holdout = .none
            }, seed: 1)
        let captions = (0..<600).map { composer.plan($0).caption }
        #expect(!captions.contains { $0.contains("green green") || $0.contains("on a green") })
        for caption in ["a green car", "a green automobile", "a green auto"] { #expect(captions.contains { $0.contains(caption) }, "\(caption)") }
        #expect(captions.contains { $0.contains("green cars") })
    }

    /// Other names of a thing take their own article.
    @Test func articlesOfSynonyms() throws {
        func captions(_ description: SpriteDescription) throws -> Set<String> {
            let composer = try SceneComposer(
                sprites: [Sprite(description: description, image: SampleSprites.image(0))],
                configuration: configuration {
                    $0.pair = 0
                    $0.several = 0
                    $0.backgroundProbability = 0
                    $0.captions = .plain
                    $0.captions.synonym = 1
                    $0.holdout = .none
                }, seed: 1)
            return Set((0..<200).map { composer.plan($0).caption })
        }
        let glasses = SpriteDescription(key: "g", name: "glasses", caption: "glasses", article: "", synonyms: ["eyeglasses", "pair of glasses"])
        #expect(try captions(glasses) == ["eyeglasses", "a pair of glasses"])
        let smiley = SpriteDescription(
            key: "s", name: "smiling face with heart-eyes", caption: "face with heart eyes", synonyms: ["heart eyes", "adoring face", "flag: x"])
        #expect(try captions(smiley) == ["heart eyes", "an adoring face"])
    }

    @Test func impossibleConfigurations() {
        let changes: [(inout SceneConfiguration) -> Void] = [
            { $0.side = 2 },
            {
                $0.single = 0; $0.pair = 0; $0.several = 0
            }, { $0.single = .nan }, { $0.counts = [1] }, { $0.relations = [:] },
            { $0.palette = [] }, { $0.layout.sizeJitter = 1 }, { $0.captions.object = [] }, { $0.styles = [.emoji: -1] }, { $0.styles = [:] },
            { $0.styles = [.sticker: 1] },
            { $0.styles = [.emoji: .infinity] }, { $0.captions.flat = [] }, { $0.captions.requests = [] },
        ]
        for change in changes {
            #expect(throws: DatasetError.self) { try SceneComposer(sprites: sprites, configuration: configuration(change), seed: 0) }
        }
        #expect(throws: DatasetError.self) { try SceneComposer(sprites: [], seed: 0) }
    }

    @Test func speed() throws {
        var configuration = SceneConfiguration()
        configuration.side = 128
        let large = sprites.map { Sprite(description: $0.description, image: $0.image.resized(width: 120, height: 128)) }
        let composer = try SceneComposer(sprites: large, configuration: configuration, seed: 1)
        let start = ContinuousClock.now
        for index in 0..<300 { _ = composer.scene(index) }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print("scenes of 128x128 on one core: \(Int(300 / seconds)) per second")
    }
}
