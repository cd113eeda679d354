import Foundation
import Images
import TestSupport
import Testing

@Suite struct PNGAnimationTests {
    private let frames = [Color(red: 255, green: 0, blue: 0), Color(red: 0, green: 255, blue: 0), Color(red: 0, green: 0, blue: 255)].map {
        Image(width: 30, height: 20, filled: $0)
    }

    private func chunks(_ file: [UInt8]) -> [(name: String, data: [UInt8])] {
        var found: [(String, [UInt8])] = []
        var place = 8
        while place + 12 <= file.count {
            let count = file[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            found.append((String(decoding: file[place + 4..<place + 8], as: UTF8.self), Array(file[place + 8..<place + 8 + count])))
            place += 12 + count
        }
        return found
    }

    @Test func programsThatKnowNoAnimationSeeTheFirstFrameAndTheTexts() throws {
        let file = try Image.animatedPNG(frames, delay: 100, text: [ImageText(keyword: "Description", text: "three colours")])
        #expect(try Image(data: file) == frames[0])
        #expect(try ImageMetadata(data: file)["Description"] == "three colours")
    }

    @Test func everyFrameIsThereInOrder() throws {
        let file = try Image.animatedPNG(frames, delay: 300)
        let chunks = chunks(file)
        #expect(chunks.map(\.name) == ["IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"])
        #expect(chunks[1].data == [0, 0, 0, 3, 0, 0, 0, 0])
        // Sequence number, size, offset, delay of 300/1000 s.
        #expect(chunks[2].data == [0, 0, 0, 0, 0, 0, 0, 30, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 44, 3, 232, 0, 0])
        #expect(chunks.filter { ["fcTL", "fdAT"].contains($0.name) }.map { $0.data[3] } == [0, 1, 2, 3, 4])
        // The data of a later frame is that of a file of its own.
        let alone = try self.chunks(frames[2].encodedPNG()).first { $0.name == "IDAT" }
        #expect(Array(chunks[7].data.dropFirst(4)) == alone?.data)
    }

    @Test func oneFrameIsAnAnimationToo() throws {
        #expect(try Image(data: Image.animatedPNG([frames[1]], delay: 1)) == frames[1])
    }

    @Test func whatIsNoAnimationIsRefused() {
        #expect(refusal { try Image.animatedPNG([], delay: 100) }.text.contains("no images"))
        #expect(refusal { try Image.animatedPNG(frames + [Image(width: 5, height: 5, filled: .white)], delay: 100) }.text.contains("5x5"))
        for delay in [0, -1, 65_536] { #expect(refusal { try Image.animatedPNG(frames, delay: delay) }.text.contains("\(delay) ms")) }
    }
}
