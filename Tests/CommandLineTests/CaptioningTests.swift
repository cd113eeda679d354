import Foundation
import Images
import TestSupport
import Testing

@Suite struct CaptioningTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        for (name, color) in [("b.png", 0xFF0000), ("a.png", 0x00FF00), ("C.png", 0x0000FF)] as [(String, UInt32)] {
            try Image(width: 40, height: 30, filled: Color(hex: color)).write(to: scratch.path(name))
        }
    }

    private func i2t(_ arguments: String...) throws -> Tool.Result { try Tool.run(["i2t"] + arguments, in: scratch) }

    @Test func printsASingleCaptionAlone() throws {
        let result = try i2t("a.png")
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(result.output.hasSuffix("\n") && !result.output.contains("a.png"))
        #expect(try i2t("a.png", "--threads", "2").output == result.output)
    }

    @Test func namesThePictureOfEachOfSeveral() throws {
        let result = try i2t("b.png", "a.png")
        #expect(result.status == 0)
        #expect(result.lines.count == 2)
        #expect(result.lines[0].hasPrefix("a.png: ") && result.lines[1].hasPrefix("b.png: "))
        #expect(try "a.png: " + i2t("a.png").output == result.lines[0] + "\n")
    }

    @Test func printsJSONLinesInFileNameOrder() throws {
        try scratch.write("not a picture", to: "notes.txt")
        let result = try i2t(".", "--jsonl")
        #expect(result.status == 0)
        let objects = try result.lines.map {
            try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(objects.map { $0["file"] as? String } == ["./C.png", "./a.png", "./b.png"])
        #expect(objects.allSatisfy { $0["caption"] is String })
    }

    @Test func givesSeveralCaptions() throws {
        let result = try i2t("a.png", "--count", "3")
        #expect(result.status == 0)
        #expect(Set(result.lines).count == result.lines.count)
        let line = try i2t("a.png", "--count", "3", "--jsonl").output
        let object = try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let captions = try #require(object["captions"] as? [String])
        #expect(captions.first == object["caption"] as? String && captions.count <= 3)
    }

    @Test func tellsHowSureItIs() throws {
        func object(_ arguments: String...) throws -> [String: Any] {
            let result = try Tool.run(["i2t", "a.png", "--jsonl"] + arguments, in: scratch)
            #expect(result.status == 0, "\(result.errors)")
            return try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        }
        let single = try object()
        let confidence = try #require(single["confidence"] as? Double)
        #expect(confidence > 0 && confidence <= 1)
        #expect(single["captions"] == nil && single["familiar"] == nil)
        let several = try object("--count", "5")
        let confidences = try #require(several["confidences"] as? [Double])
        #expect(confidences.first == confidence && confidences == confidences.sorted(by: >))
        #expect(confidences.count == (several["captions"] as? [String])?.count && confidences.reduce(0, +) < 1.001)
    }

    @Test func saysWhatIsUnlikeAnythingLearnt() throws {
        try TinyModel.copy(to: scratch, as: "model")
        for (distance, isFamiliar) in [(1e-6, false), (1e6, true)] {
            var configuration = try #require(JSONSerialization.jsonObject(with: scratch.data("model/config.json")) as? [String: Any])
            configuration["captioning"] = ["familiar_distance": distance]
            try scratch.write(JSONSerialization.data(withJSONObject: configuration), to: "model/config.json")
            let result = try i2t("a.png", "--jsonl", "--model", "model")
            #expect(result.status == 0 && result.output.contains("\"familiar\":\(isFamiliar)"), "\(result.errors)")
            #expect(result.errors.contains("a.png: unlike anything that the model has learnt") != isFamiliar)
            #expect(try i2t("a.png", "b.png", "--model", "model", "--sidecar", "--quiet", "--existing", "replace").errorLines.count == (isFamiliar ? 0 : 2))
        }
    }

    @Test func writesSidecars() throws {
        let result = try i2t("a.png", "b.png", "--sidecar", "--quiet")
        #expect(result.status == 0 && result.output.isEmpty)
        #expect(try scratch.names() == ["C.png", "a.png", "a.txt", "b.png", "b.txt"])
        #expect(try scratch.text("a.txt") == i2t("a.png").output)
    }

    @Test func passesOverABadPicture() throws {
        try scratch.write("no picture", to: "bad.png")
        try scratch.write(Data([0xFF, 0xD8, 0xFF, 0xE0]), to: "photo.jpg")
        let result = try i2t(".", "--jsonl", "--sidecar")
        #expect(result.status == 65)
        #expect(result.lines.count == 3)
        #expect(result.errorLines.count == 3)
        #expect(result.errors.contains("bad.png: is a text file") && result.errors.contains("photo.jpg: a damaged JPEG"))
        #expect(result.errors.hasSuffix("2 of 5 pictures could not be captioned\n"))
        #expect(!scratch.has("bad.txt"))
    }

    @Test func tellsWhatIsMissing() throws {
        expectFailure(try i2t("none.png"), 66, "none.png: no such file")
        let result = try i2t("a.png", "none.png", "--quiet")
        #expect(result.status == 66)
        try scratch.makeFolder("empty")
        expectFailure(try i2t("empty"), 65, "empty: no pictures")
    }

    @Test(arguments: BadPicture.all) func refusesBadPictures(picture: BadPicture) throws {
        try scratch.write(Data(picture.bytes), to: "bad.png")
        for command in [["i2t"], ["tokenize"], ["reconstruct"]] {
            expectFailure(try Tool.run(command + ["bad.png"], in: scratch), 65, picture.message)
        }
        #expect(try scratch.names() == ["C.png", "a.png", "b.png", "bad.png"])
    }

    @Test func takesATinyPicture() throws {
        try Image(width: 1, height: 1, filled: .black).write(to: scratch.path("dot.png"))
        #expect(try i2t("dot.png").status == 0)
    }
}
