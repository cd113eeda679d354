import Datasets
import Evaluation
import Images
import Testing
import Training

@Suite struct ReaderTests {
    static let sprites = ShapeSprites.sprites()
    let composer: SceneComposer

    init() throws { composer = try SceneComposer(sprites: ReaderTests.sprites, seed: 1) }

    /// Whether a caption tells a scene of a disc and a bar truly.
    private func holds(_ caption: String, _ relation: SceneRelation) -> Bool {
        RelationReader.holds(
            caption, composer.pair(0, 3, relation: relation),
            first: { CaptionReader.names($0, ReaderTests.sprites[0].description) },
            second: { CaptionReader.names($0, ReaderTests.sprites[3].description) })
    }

    @Test(arguments: [
        ("a disc to the left of a bar", SceneRelation.leftOf, true),
        ("a bar to the right of a disc", .leftOf, true),
        ("disc on the left of bar", .leftOf, true),
        ("A DISC, left of a BAR!", .leftOf, true),
        ("a full moon to the left of a bar", .leftOf, true),
        ("a disc and a bar", .leftOf, true),
        ("a bar next to a disc", .leftOf, true),
        ("a disc to the right of a bar", .leftOf, false),
        ("a disc above a bar", .leftOf, false),
        ("a disc to the left of a cross", .leftOf, false),
        ("a disc", .leftOf, false),
        ("a disc bar left of", .leftOf, false),
        ("", .leftOf, false),
        ("a disc to the right of a bar", .rightOf, true),
        ("a disc above a bar", .above, true),
        ("a disc over a bar on a blue background", .above, true),
        ("a bar underneath a disc", .above, true),
        ("a disc and a bar", .above, false),
        ("a disc under a bar", .below, true),
        ("a disc below a bar", .below, true),
        ("a disc below a bar", .above, false),
        ("a disc beside a bar", .and, true),
        ("a disc to the left of a bar", .and, true),
        ("a disc to the right of a bar", .and, false),
        ("a discus to the left of a bar", .leftOf, false),
    ])
    func relations(_ caption: String, _ relation: SceneRelation, _ isTrue: Bool) {
        #expect(holds(caption, relation) == isTrue)
    }

    @Test func namesWithRelationsInThem() {
        let bow = SpriteDescription(key: "b", name: "bow and arrow", caption: "bow and arrow")
        let fox = SpriteDescription(key: "f", name: "fox", caption: "fox")
        let scene = composer.pair(0, 3, relation: .leftOf)
        #expect(
            RelationReader.holds(
                "a bow and arrow left of a fox", scene, first: { CaptionReader.names($0, bow) },
                second: { CaptionReader.names($0, fox) }))
    }

    @Test func namesStandWordForWord() {
        let sprite = SpriteDescription(
            key: "k", name: "flag: côte d’ivoire", caption: "flag of Côte d’Ivoire", synonyms: ["CI", ""])
        #expect(CaptionReader.names("the Flag of côte d’ivoire on red", sprite))
        #expect(CaptionReader.names("flag  Côte-D’Ivoire", sprite))
        #expect(CaptionReader.names("ci", sprite))
        #expect(!CaptionReader.names("circle", sprite) && !CaptionReader.names("", sprite))
        #expect(CaptionReader.words(" A red, red   FOX! (2) ") == "a red red fox 2")
    }

    @Test func theEdgeGivesTheBackground() {
        for colour in [BackgroundColour.white] + BackgroundColour.palette {
            let image = composer.single(0, background: colour).image
            #expect(image.edgeColor == colour.color)
            #expect(BackgroundReader.background(of: image) == colour)
        }
        // An object may reach the edge in places, and a colour be somewhat off.
        var image = Image(width: 30, height: 20, filled: Color(red: 70, green: 100, blue: 220))
        image.fill(PixelRect(x: 0, y: 0, width: 12, height: 8), with: .black)
        #expect(image.edgeColor == Color(red: 70, green: 100, blue: 220))
        #expect(BackgroundReader.background(of: image).name == "blue")
    }

    @Test func linesOfTheReport() {
        #expect(
            Metric(name: "PSNR", value: 23.456, unit: "dB", cases: 300, goal: 25).line
                == " 23.46 dB  PSNR, 300 cases  (goal 25 dB)")
        #expect(
            Metric(name: "right", value: 100, unit: "%", cases: 12, goal: 62.5).line
                == " 100.0 %  right, 12 cases  (goal 62.5 %)")
        #expect(Metric(name: "right", value: 0, unit: "%", cases: 0).line == "   0.0 %  right, 0 cases")
    }
}
