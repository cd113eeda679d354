import Datasets
import Files
import Foundation
import Images
import TestSupport
import Testing

@Suite struct NamingTests {
    @Test(arguments: [
        ("fox", "a", "foxes"), ("apple", "an", "apples"), ("unicorn", "a", "unicorns"), ("umbrella", "an", "umbrellas"), ("hourglass", "an", "hourglasses"),
        ("face with tears of joy", "a", "faces with tears of joy"), ("person running", "a", "people running"), ("old woman", "an", "old women"),
        ("flag of Japan", "the", "flags of Japan"), ("A button (blood type)", "an", "A buttons (blood type)"), ("cherry", "a", "cherries"),
        ("leaf", "a", "leaves"),
        ("play or pause button", "a", "play or pause buttons"), ("Japanese \"free of charge\" button", "a", "Japanese \"free of charge\" buttons"),
        ("black and white hot dog", "a", "black and white hot dogs"), ("FREE button", "a", "FREE buttons"), ("SOS button", "an", "SOS buttons"),
    ]) func articlesAndPlurals(name: String, article: String, plural: String) {
        let phrase = NounPhrase(name)
        #expect(phrase.article == article)
        #expect(phrase.plural == plural)
    }

    @Test(arguments: ["glasses", "scissors", "fire", "clinking glasses", "no smoking", "three o'clock", "one-thirty", "keycap 7", "keycap #", ""])
    func namesWithoutArticle(name: String) {
        let phrase = NounPhrase(name)
        #expect(phrase.article == "")
        #expect(phrase.plural == nil)
    }

    @Test func headNouns() {
        #expect(NounPhrase.head(of: "red apple") == "apple")
        #expect(NounPhrase.head(of: "cloud with rain") == "cloud")
        #expect(NounPhrase.head(of: "person surfing") == "person")
    }

    @Test(
        arguments: [
            ("fox", "fox", nil), ("flag: Japan", "flag of Japan", "Japanese flag"), ("flag: Hong Kong SAR China", "flag of Hong Kong", "Hong Kong flag"),
            ("flag: United States", "flag of United States", "flag of the United States"), ("keycap: 7", "keycap 7", "number seven"),
            ("woman: medium skin tone", "woman with medium skin tone", nil), ("person: bald", "bald person", nil),
            ("family: man, woman, boy", "family of man, woman and boy", nil),
        ] as [(String, String, String?)]) func emojiNames(name: String, caption: String, synonym: String?)
    {
        let names = EmojiNaming.names(for: name)
        #expect(names.caption == caption)
        // Who asks by CLDR's own name must be understood.
        #expect(names.caption == name || names.synonyms.contains(name.lowercased()))
        if let synonym { #expect(names.synonyms.contains(synonym)) }
    }

    @Test func codePointsOfFileNames() {
        #expect(EmojiCode(stem: "1f98a")?.codePoints == [0x1f98a])
        #expect(EmojiCode(stem: "1f44d-1f3fb")?.codePoints == [0x1f44d, 0x1f3fb])
        #expect(EmojiCode(stem: "2708-fe0f")?.concept == "2708")
        for bad in ["notes", "", "1f98a-", "110000", "1f98a_1f3fb"] { #expect(EmojiCode(stem: bad) == nil, "\(bad)") }
        #expect(EmojiCode([0x1f1ef, 0x1f1f5]).isFlag && !EmojiCode([0x1f98a]).isFlag)
        #expect(EmojiCode([0x1f44d, 0x1f3fb]).hasSkinTone && EmojiCode([0x1f44d, 0x1f3fb]).withoutSkinTones.codePoints == [0x1f44d])
        #expect(!EmojiCode([0x1f3fb]).hasSkinTone)
    }

    @Test func theListOfEmoji() throws {
        let folder = try TemporaryFolder()
        let text =
            "# group: Animals & Nature\n# subgroup: animal-mammal\n1F98A ; fully-qualified # 🦊 E3.0 fox\n2708 FE0F ; fully-qualified # ✈️ E0.6 airplane\n2708 ; unqualified # ✈ E0.6 airplane\n"
        let list = try EmojiList(contentsOf: folder.write("list.txt", text))
        let fox = try #require(list[EmojiCode([0x1f98a])])
        #expect(fox.group == "Animals & Nature" && fox.subgroup == "animal-mammal" && fox.name == "fox")
        #expect(list.code(named: "airplane") == EmojiCode([0x2708, 0xfe0f]) && list[EmojiCode([0x2708])]?.name == "airplane")
        #expect(list[EmojiCode([0x1f98b])] == nil && list.code(named: "moth") == nil)
        #expect(refusal { try EmojiList(contentsOf: folder.write("empty.txt", "# nothing\n")) }.category == .data)
        #expect(refusal { try EmojiList(contentsOf: folder.url.appendingPathComponent("none")) }.category == .missing)
    }

    @Test(arguments: [
        ("Armchair", "armchair"), ("Sofa 3 seats", "sofa"), ("TV stand", "TV stand"), ("TV 16:9", "TV"), ("Bill 20€", "banknote"),
        ("Air conditioning - External unit", "air conditioner"), ("Letters box", "letter box"), ("Concept Sedan 02 Sport", "car"),
        ("French fries", "French fries"), ("Siamese cat", "Siamese cat"), ("SUV", "SUV"),
        ("Rubik's cube", "Rubik's cube"), ("Captain's bed", "captain's bed"),
    ]) func namesOfModels(catalogue: String, name: String) {
        #expect(ModelNaming.name(catalogue) == name)
    }

    @Test func modelsWithoutAName() {
        #expect(ModelNaming.name("") == nil && ModelNaming.name("12") == nil && ModelNaming.name("Rails") == nil)
    }

    @Test func pluralsBySpelling() {
        for plural in ["heart eyes", "jeans", "fries", "tears of joy"] { #expect(NounPhrase.looksPlural(plural), "\(plural)") }
        for singular in ["bus", "lens", "grass", "tennis", "rhinoceros", "fox", "gas"] { #expect(!NounPhrase.looksPlural(singular), "\(singular)") }
    }

    @Test func annotationsWithAndWithoutVariationSelectors() throws {
        let xml = """
            <?xml version="1.0"?><ldml><annotations>
            <annotation cp="☀">bright | sunny &amp; warm</annotation>
            <annotation cp="☀" type="tts">sun</annotation>
            <annotation cp="🦊">no name</annotation>
            </annotations></ldml>
            """
        let cldr = try CLDRAnnotations(Data(xml.utf8), path: "en.xml")
        #expect(cldr[[0x2600, 0xfe0f]]?.name == "sun")
        #expect(cldr[[0x2600]]?.keywords == ["bright", "sunny & warm"])
        #expect(cldr[[0x1f98a]] == nil)
        #expect(throws: DatasetError.self) { try CLDRAnnotations(Data("<ldml><broken".utf8), path: "en.xml") }
    }

    @Test func annotationsThatAreDamaged() throws {
        let whole = "<?xml?>\n<ldml><!-- <annotation cp=\"x\"> -->\n<annotation note=\"a>b\" type='tts' cp = '&amp;'>and &lt;or&gt;</annotation></ldml>"
        #expect(try CLDRAnnotations(Data(whole.utf8), path: "en.xml")[[0x26]]?.name == "and <or>")
        for length in 0..<whole.utf8.count {
            #expect(throws: DatasetError.self) { try CLDRAnnotations(Data(whole.utf8.prefix(length)), path: "en.xml") }
        }
        for (text, reason) in [
            ("<ldml>\n<annotation type=\"tts\">fox</annotation></ldml>", "line 2: <annotation> has no cp"),
            ("<ldml>\n\n<annotation cp=\"a\">fox</ldml>", "line 3: <annotation> is not closed"), ("<ldml></ldml>", "no <annotation cp"),
        ] {
            #expect(refusal { try CLDRAnnotations(Data(text.utf8), path: "en.xml") }.text.contains(reason))
        }
        // An input of the fuzzer that ended the process in the system's XML parser.
        let input =
            Array("<?xml versio".utf8) + [6, 6, 6, 6, 6] + Array("n fox</an".utf8) + [UInt8](repeating: 255, count: 35)
            + Array("notation><a".utf8) + [255, 255, 255, 255] + Array("notation><annotation cp=\"x\" type=\"tts\">fox</annotation></ldmm>".utf8)
        #expect(refusal { try CLDRAnnotations(Data(input), path: "en.xml") }.text.contains("not valid UTF-8"))
    }

    @Test func metadataOfSVGFiles() {
        let svg = """
            <svg xmlns="http://www.w3.org/2000/svg"><metadata><rdf:RDF><cc:Work rdf:about="">
            <dc:title>Dog &amp;
              Cat</dc:title><dc:subject><rdf:Bag><rdf:li>dog</rdf:li><rdf:li></rdf:li><rdf:li>cat</rdf:li></rdf:Bag></dc:subject>
            <dc:creator><cc:Agent><dc:title>Jane Doe</dc:title></cc:Agent></dc:creator></cc:Work></rdf:RDF></metadata></svg>
            """
        #expect(SVGMetadata(svg: Data(svg.utf8)) == SVGMetadata(title: "Dog & Cat", keywords: ["dog", "cat"], creator: "Jane Doe"))
        #expect(SVGMetadata(svg: Data("<svg><title/></svg>".utf8)).title == "")
        #expect(SVGMetadata(svg: Data("<svg><cc:Work><cc:Agent><dc:title>Jane</dc:title></cc:Agent></cc:Work></svg>".utf8)).title == "")
        #expect(SVGMetadata(svg: Data("<metadata><cc:Work>".utf8)) == SVGMetadata())
    }

    private let naming = ClipArtNaming(
        isWord: {
            ["dog", "cat", "yellow", "duck", "book", "button", "red", "arrow", "down", "horse", "ice", "cream", "cone", "hard", "drive", "black", "white"]
                .contains($0)
        },
        isNoun: { ["dog", "cat", "duck", "book", "horse"].contains($0) })

    @Test(arguments: [
        ("animals/birds", "duck_yellow_01", SVGMetadata(title: "Duck (Yellow)"), "yellow duck"),
        ("education", "book_01", SVGMetadata(title: "Clipart by Somebody - cat"), "book"),
        ("animals", "cavallo_x_01", SVGMetadata(title: "Cavallo"), "horse"),
        ("animals", "xqz", SVGMetadata(title: "Xqz", keywords: ["animal", "dog"]), "dog"),
        ("recreation/games/cards/white", "white_h_q", SVGMetadata(title: "card"), "queen of hearts"),
        ("signs_and_symbols/flags/africa", "togo", SVGMetadata(), "flag of Togo"),
        ("signs_and_symbols/flags/america/united_states", "usa_alaska", SVGMetadata(title: "Clipart by Chris - United States - Alaska"), "flag of Alaska"),
        ("computer/buttons", "x", SVGMetadata(title: "arrow-down-red"), "red down arrow"),
        ("food/desserts", "x", SVGMetadata(title: "Ice Cream Cone (B and W)"), "black and white ice cream cone"),
        ("signs_and_symbols/led", "led_round_h_red", SVGMetadata(title: "LED"), "red round LED"),
    ]) func clipArtNames(folder: String, stem: String, metadata: SVGMetadata, name: String) {
        #expect(naming.name(folder: folder, stem: stem, metadata: metadata) == .named(name))
    }

    @Test func clipArtWithoutAName() {
        guard case .unnamed = naming.name(folder: "animals", stem: "qqq", metadata: SVGMetadata(title: "Zzz")) else {
            Issue.record("a name out of nothing")
            return
        }
    }

    @Test func dominantColours() {
        func square(_ red: UInt8, _ green: UInt8, _ blue: UInt8, alpha: UInt8 = 255) -> RGBAImage {
            RGBAImage(width: 4, height: 4, pixels: (0..<16).flatMap { _ in [red, green, blue, alpha] })
        }
        #expect(DominantColour.name(of: square(230, 30, 30)) == .red)
        #expect(DominantColour.name(of: square(255, 150, 20)) == .orange)
        #expect(DominantColour.name(of: square(255, 220, 60)) == .yellow)
        #expect(DominantColour.name(of: square(40, 160, 60)) == .green)
        #expect(DominantColour.name(of: square(40, 90, 220)) == .blue)
        #expect(DominantColour.name(of: square(130, 50, 170)) == .purple)
        #expect(DominantColour.name(of: square(250, 150, 190)) == .pink)
        #expect(DominantColour.name(of: square(120, 70, 35)) == .brown)
        #expect(DominantColour.name(of: square(10, 10, 12)) == .black)
        #expect(DominantColour.name(of: square(250, 250, 250)) == .white)
        #expect(DominantColour.name(of: square(140, 140, 140)) == .gray)
        #expect(DominantColour.name(of: square(230, 30, 30, alpha: 0)) == nil)
        let halves = RGBAImage(width: 4, height: 4, pixels: (0..<16).flatMap { $0 % 2 == 0 ? [230, 30, 30, 255] : [40, 90, 220, 255] as [UInt8] })
        #expect(DominantColour.name(of: halves) == nil)
    }

    @Test func stableHashesNeverChange() {
        #expect(StableHash.hash("") == StableHash.mix(0xcbf2_9ce4_8422_2325))
        let share = Double((0..<20_000).count { StableHash.fraction("key-\($0)") < 0.1 }) / 20_000
        #expect(abs(share - 0.1) < 0.01)
    }
}
