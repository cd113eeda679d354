import Files
import Foundation
import Images
import TestSupport
import Testing

@Suite("Pictures of other programs")
struct ForeignPictureTests {
    @Test("decode to the pixels that the other program reads", arguments: ForeignPicture.all)
    func parity(picture: ForeignPicture) throws {
        let read = try RGBAImage.read(data: picture.bytes, name: "a")
        #expect(read.format == picture.format)
        #expect((read.image.width, read.image.height) == (ForeignPicture.width, ForeignPicture.height))
        let isAnimation = picture.name.contains("animation")
        #expect(read.warnings == (isAnimation ? ["a: an animation: its first picture is read"] : []))
        let found: [UInt8] = picture.channels == 4 ? read.image.pixels : try Image(data: picture.bytes).pixels
        let worst = zip(found, picture.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
        #expect(found.count == picture.pixels.count && worst <= 2, "differs by \(worst)")
        if picture.channels == 3 { #expect(read.image == RGBAImage(try Image(data: picture.bytes))) }
    }

    @Test("contents decide, not names")
    func names() throws {
        try withTemporaryFolder { folder in
            for picture in ForeignPicture.all {
                for name in ["a.png", "a.jpg", "a.webp", "a", "a.txt"] {
                    try put(picture.bytes, at: folder + "/" + name)
                    #expect(try Image(path: folder + "/" + name) == Image(data: picture.bytes))
                    #expect(try RGBAImage(path: folder + "/" + name).width == ForeignPicture.width)
                }
            }
            #expect(throws: ImageError.self) { try Image(png: ForeignPicture.all[0].bytes) }
            #expect(throws: ImageError.self) { try RGBAImage(png: ForeignPicture.all[0].bytes) }
            #expect(try Image(data: Data(ForeignPicture.all[0].bytes)).width == ForeignPicture.width)
        }
    }

    @Test("cut at every byte: an error, or the whole picture with a warning", arguments: ForeignPicture.all)
    func cut(picture: ForeignPicture) throws {
        let whole = try Image(data: picture.bytes)
        var survived = 0
        for count in 0..<picture.bytes.count {
            let cut = Array(picture.bytes.prefix(count))
            _ = try? ImageMetadata(data: cut)
            do throws(ImageError) {
                let read = try Image.read(data: cut, name: "a")
                #expect(read.image == whole, "cut to \(count) of \(picture.bytes.count) bytes")
                #expect(!read.warnings.isEmpty)
                survived += 1
            } catch {
                #expect(!"\(error)".contains("\n"))
                #expect(error.category == .data)
            }
        }
        // A JPEG may lack the marker at its end, and a still WebP its last byte of padding.
        #expect(survived < (picture.name.contains("animation") ? picture.bytes.count : 8))
        if picture.format == .jpeg { #expect(survived >= 2) }
    }

    @Test("changed bytes never trap", arguments: ForeignPicture.all)
    func changed(picture: ForeignPicture) {
        var random = TestRandom(seed: 23)
        for round in 0..<2000 {
            var bytes = picture.bytes
            for _ in 0..<(1 + round % 4) {
                // Half of the time in the headers.
                let end = round % 2 == 0 ? min(60, bytes.count) : bytes.count
                bytes[Int.random(in: 0..<end, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if round % 7 == 0 { bytes.removeSubrange(Int.random(in: 0..<bytes.count, using: &random)...) }
            do throws(ImageError) {
                _ = try Image.read(data: bytes)
                _ = try RGBAImage.read(data: bytes)
            } catch {
                #expect(!"\(error)".contains("\n"))
            }
            _ = try? ImageMetadata(data: bytes)
        }
    }

    @Test("too many pixels, by the header alone")
    func tooLarge() throws {
        var jpeg = try ForeignPicture.named("JPEG, baseline 4:4:4").bytes
        let frame = try #require((0..<jpeg.count - 1).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFD, 0xE8, 0xFD, 0xE8])
        #expect(throws: ImageError.tooManyPixels(file: "picture data", width: 65_000, height: 65_000)) { try Image(data: jpeg) }
        jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x3F, 0xFF, 0x3F, 0xFF])
        #expect(throws: ImageError.tooManyPixels(file: "picture data", width: 16_383, height: 16_383)) { try Image(data: jpeg) }

        var webp = try ForeignPicture.named("WebP, lossy").bytes
        // After the containers' 20 bytes: three bytes of frame header, three of start code, width and height.
        webp.replaceSubrange(26..<30, with: [0xFF, 0x3F, 0xFF, 0x3F])
        #expect(throws: ImageError.tooManyPixels(file: "picture data", width: 16_383, height: 16_383)) { try Image(data: webp) }
        var animation = try ForeignPicture.named("WebP, animation").bytes
        animation.replaceSubrange(24..<30, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
        #expect(throws: ImageError.tooManyPixels(file: "picture data", width: 1 << 24, height: 1 << 24)) { try Image(data: animation) }
    }

    @Test("a picture of an animation that covers a part of the canvas lies in its place")
    func placed() throws {
        var bytes = try ForeignPicture.named("WebP, animation").bytes
        let frame = try #require((0..<bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual("ANMF".utf8) })
        bytes[24] = 29
        bytes[27] = 15
        bytes[frame + 8] = 2
        bytes[frame + 11] = 1
        let read = try RGBAImage(data: bytes)
        #expect((read.width, read.height) == (30, 16))
        let inner = read.cropped(to: PixelRect(x: 4, y: 2, width: 20, height: 12))
        #expect(try inner == RGBAImage(data: ForeignPicture.named("WebP, animation").bytes))
        #expect(read.contentBounds() == PixelRect(x: 4, y: 2, width: 20, height: 12))
        // A place outside of the canvas, wholly and in part.
        bytes[frame + 8] = 200
        #expect(try RGBAImage(data: bytes).contentBounds() == nil)
        bytes[frame + 8] = 13
        #expect(try RGBAImage(data: bytes).contentBounds() == PixelRect(x: 26, y: 2, width: 4, height: 12))
    }

    @Test("more scans than a picture needs are refused")
    func scans() throws {
        let bytes = try ForeignPicture.named("JPEG, progressive grey").bytes
        // The last scan, again and again.
        let scan = try #require((0..<bytes.count - 1).last { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
        let part = bytes[scan..<bytes.count - 2]
        let many = Array(bytes.prefix(scan)) + Array(repeatElement(part, count: 3000).joined()) + [0xFF, 0xD9]
        #expect(throws: ImageError.self) { try Image(data: many) }
    }

    @Test("files of the collection of cases", .enabled(if: InputFile.isFolder(casesFolder), "no collection of cases here"))
    func cases() throws {
        let folder = casesFolder
        let upright = try Image(path: folder + "/exif-orientation/plain.png")
        let turned = try Image.read(path: folder + "/exif-orientation/exif_orient.png")
        #expect(turned.warnings == [] && (turned.image.width, turned.image.height) == (upright.height, upright.width))
        #expect(try Image.read(path: folder + "/jpeg/a.jpg").format == .jpeg)
        for name in ["no_iend.png", "text_badcrc.png"] {
            #expect(try Image.read(path: folder + "/png-strict/" + name).warnings.count == 1)
            #expect(try ImageMetadata(path: folder + "/png-strict/" + name).warnings.count == 1)
        }
        let text = try #require(try ImageMetadata(path: folder + "/user-files/a1111.png")["parameters"])
        let parameters = try #require(GenerationParameters(parsing: text))
        #expect(parameters["Sampler"] == "Euler a" && parameters["Model hash"] == "3eddf31755")
    }
}

private let casesFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/cases")
    .standardizedFileURL.path
