import Foundation
import Server
import Testing

@Suite struct MultipartTests {
    private static let type = "multipart/form-data; boundary=xyzzy"

    private func refused(_ body: String, _ contentType: String = type) -> String {
        do {
            _ = try MultipartForm(Array(body.utf8), contentType: contentType)
            Issue.record("nothing was refused")
            return ""
        } catch let error as APIError {
            #expect(error.status == 400)
            return error.message
        } catch {
            Issue.record("another error: \(error)")
            return ""
        }
    }

    @Test func fieldsAndFilesAreTakenApart() throws {
        let bytes: [UInt8] = [0, 13, 10, 45, 45, 255]
        let form = try MultipartForm(Sample.form([("prompt", "a red fox"), ("n", "2"), ("empty", "")], file: ("image", bytes)), contentType: Self.type)
        #expect(form.parts.map(\.name) == ["prompt", "n", "empty", "image"])
        #expect(String(decoding: form.parts[0].body, as: UTF8.self) == "a red fox")
        #expect(form.parts[2].body.isEmpty && form.parts[2].fileName == nil)
        #expect(form.parts[3].body == bytes && form.parts[3].fileName == "a.png" && form.parts[3].contentType == "image/png")
    }

    @Test func quotedBoundariesNamesAndAPreambleAreUnderstood() throws {
        let body = "to be ignored\r\n--a b\r\nContent-disposition: FORM-DATA; name=\"a;\\\"b\"\r\n\r\nx\r\n--a b--"
        let form = try MultipartForm(Array(body.utf8), contentType: "Multipart/Form-Data; boundary=\"a b\"")
        #expect(form.parts.map(\.name) == ["a;\"b"] && form.parts[0].body == Array("x".utf8))
    }

    @Test func whatStandsInTheContentsIsNoBoundary() throws {
        let contents = Array("--xyzz\r\n--not-xyzzy\r\n-xyzzy".utf8)
        #expect(try MultipartForm(Sample.form([], file: ("image", contents)), contentType: Self.type).parts[0].body == contents)
    }

    @Test func aFormWithoutABoundaryIsRefused() {
        #expect(refused("--xyzzy--", "multipart/form-data").contains("names no boundary"))
        #expect(refused("--xyzzy--", "multipart/form-data; boundary=").contains("names no boundary"))
        #expect(refused("nothing", Self.type).contains("does not contain its boundary"))
        #expect(refused("", Self.type).contains("does not contain its boundary"))
        #expect(refused("--x--", "multipart/form-data; boundary=" + String(repeating: "x", count: 71)).contains("at most 70"))
    }

    @Test func aFormThatIsCutOffIsRefusedWhereverItIsCut() throws {
        let whole = Sample.form([("prompt", "a red fox")], file: ("image", Array(repeating: 7, count: 50)))
        // The last line break and hyphens may be missing without anything being lost.
        for count in 0..<whole.count - 4 {
            #expect(throws: APIError.self, "cut at \(count)") { try MultipartForm(Array(whole[..<count]), contentType: Self.type) }
        }
    }

    @Test func hugeHeadersManyPartsAndPartsWithoutNamesAreRefused() {
        let huge = "--xyzzy\r\nX: " + String(repeating: "y", count: 100_000) + "\r\n\r\nz\r\n--xyzzy--"
        #expect(refused(huge).contains("headers of part 1 are too large"))
        let many = String(repeating: "--xyzzy\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n", count: 300) + "--xyzzy--"
        #expect(refused(many).contains("more than 200 parts"))
        #expect(refused("--xyzzy\r\nContent-Type: text/plain\r\n\r\nz\r\n--xyzzy--").contains("has no name"))
        #expect(refused("--xyzzy\r\n\r\nz\r\n--xyzzy--").contains("has no name"))
    }

    @Test func arbitraryBytesTrapNowhere() {
        var state: UInt64 = 88_172_645_463_325_252
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let pieces = ["--xyzzy", "\r\n", "--", "\r", "\n", ":", "Content-Disposition: form-data; name=a", ";", "\"", "\\", " ", "a"]
        for _ in 0..<5000 {
            let body = (0..<next() % 14).map { _ in pieces[Int(next() % UInt64(pieces.count))] }.joined()
            _ = try? MultipartForm(Array(body.utf8), contentType: Self.type)
        }
    }
}
