import Datasets
import Foundation
import Images
import TestSupport
import Testing

@Suite("Formats of a user's own pictures")
struct PictureFormatTests {
    @Test("folders and shards hold pictures of every format", arguments: ["png", "jpg", "JPEG", "webp"])
    func formats(suffix: String) throws {
        let image = Image(width: 16, height: 8, filled: .white)
        let format = try #require(ImageFormat(extensionOf: "x." + suffix))
        let folder = try TemporaryFolder()
        try folder.write("pictures/a." + suffix, Data(image.encoded(as: format)))
        try folder.write("pictures/a.txt", "a white box")
        let pictures = try CaptionedDataset(folder: folder.url.appendingPathComponent("pictures"))
        #expect(try pictures.count == 1 && pictures.sample(0).image == image)

        var writer = TarWriter()
        try writer.append("a." + suffix.lowercased(), Data(image.encoded(as: format)))
        try writer.append("a.txt", Data("a white box".utf8))
        try folder.write("shards/note.md", "")
        try writer.write(to: folder.url.appendingPathComponent("shards/0.tar"))
        let shards = try CaptionedDataset(folder: folder.url.appendingPathComponent("shards"))
        #expect(try shards.count == 1 && shards.sample(0).image == image)
    }
}
