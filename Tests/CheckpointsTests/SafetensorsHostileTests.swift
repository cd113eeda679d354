import Checkpoints
import Tensors
import Testing

@Suite struct SafetensorsHostileTests {
    private func tensor(_ name: String = "a", _ type: String = "F32", _ shape: String = "[2]", _ offsets: String = "[0,8]") -> String {
        "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }

    private let eight = [Float(1), 2].bytes

    @Test func truncationAtEveryByte() throws {
        let whole = safetensors("{\"__metadata__\":{\"k\":\"v\"},\(tensor())}", eight)
        try readAll(whole)
        for count in whole.indices { #expect(failure(Array(whole[..<count])) != nil, "cut to \(count) bytes") }
    }

    @Test func headerLengths() {
        let header = [UInt8].utf8("{\(tensor())}")
        func file(_ length: UInt64) -> [UInt8] { length.bytes + header + eight }
        #expect(failure(file(UInt64(header.count))) == nil)
        #expect(failure(file(0))?.kind == "malformedHeader")
        #expect(failure(file(1))?.kind == "malformedHeader")
        #expect(failure(file(UInt64(header.count) - 1))?.kind == "malformedHeader")
        #expect(failure(file(UInt64(header.count) + 1))?.kind == "malformedHeader")
        #expect(failure(file(UInt64(header.count + 9)))?.kind == "truncated")
        #expect(failure(file(99_999_999))?.kind == "truncated")
        #expect(failure(file(100_000_001))?.kind == "limitExceeded")
        #expect(failure(file(.max))?.kind == "limitExceeded")
        #expect(failure(file(1 << 63))?.kind == "limitExceeded")
        #expect(failure([UInt8](repeating: 0, count: 8))?.kind == "unrecognisedFormat")
        #expect(failure([UInt8](repeating: 0, count: 7))?.kind == "unrecognisedFormat")
    }

    @Test func offsets() {
        func kind(_ header: String, _ data: [UInt8]) -> String? { failure(safetensors("{\(header)}", data))?.kind }
        let other = { (offsets: String) in self.tensor() + "," + self.tensor("b", "F32", "[2]", offsets) }
        #expect(kind(other("[8,16]"), eight + eight) == nil)
        #expect(kind(other("[0,8]"), eight) == "misplacedData")  // the same bytes twice
        #expect(kind(other("[4,12]"), eight + eight) == "misplacedData")  // overlap
        #expect(kind(other("[9,17]"), eight + eight + [0]) == "misplacedData")  // hole
        #expect(kind(other("[8,16]"), eight + eight + [0]) == "misplacedData")  // trailing byte
        #expect(kind(other("[8,16]"), eight) == "truncated")
        #expect(kind(tensor("a", "F32", "[2]", "[1,9]"), eight + [0]) == "misplacedData")
        #expect(kind(tensor("a", "F32", "[2]", "[8,0]"), eight) == "invalidTensor")
        #expect(kind(tensor("a", "F32", "[2]", "[0]"), eight) == "invalidTensor")
        #expect(kind(tensor("a", "F32", "[2]", "[0,8,8]"), eight) == "invalidTensor")
        #expect(kind(tensor("a", "F32", "[2]", "[-8,0]"), eight) == "malformedHeader")
        #expect(kind(tensor("a", "F32", "[2]", "[9223372036854775800,9223372036854775808]"), eight) == "malformedHeader")
        #expect(kind(tensor("a", "U8", "[9223372036854775807]", "[0,9223372036854775807]"), eight) == "truncated")
        #expect(kind("", [0]) == "misplacedData")
    }

    @Test func shapesAndTypes() {
        func kind(_ type: String, _ shape: String) -> String? { failure(safetensors("{\(tensor("a", type, shape))}", eight))?.kind }
        #expect(kind("F32", "[2]") == nil)
        #expect(kind("F32", "[1,2,1]") == nil)
        #expect(kind("F64", "[]") == nil)
        #expect(kind("F32", "[3]") == "invalidTensor")
        #expect(kind("F16", "[2]") == "invalidTensor")
        #expect(kind("F32", "[]") == "invalidTensor")
        #expect(kind("F32", "[0]") == "invalidTensor")
        #expect(kind("F8_E4M3", "[8]") == nil)
        #expect(kind("F8_E4M3", "[7]") == "invalidTensor")
        #expect(kind("C64", "[2]") == "invalidTensor")
        #expect(kind("F4", "[16]") == "unknownElementType")
        #expect(kind(String(repeating: "F", count: 65), "[2]") == "unknownElementType")
        #expect(kind("f32", "[2]") == "unknownElementType")
        #expect(kind("F32", "[4294967296,4294967296,2]") == "invalidTensor")  // the product wraps to 0
        #expect(kind("F32", "[4611686018427387906]") == "invalidTensor")  // the size in bytes wraps to 8
        #expect(kind("F32", "[-2]") == "malformedHeader")
        #expect(kind("F32", "[2.0]") == "malformedHeader")
        #expect(kind("F32", "[2e0]") == "malformedHeader")
        #expect(kind("F32", "[02]") == "malformedHeader")
        #expect(kind("F32", "[\\\"2\\\"]") == "malformedHeader")
        #expect(kind("F32", "[1,1,1,1,1,1,1,2]") == nil)
        #expect(kind("F32", "[1,1,1,1,1,1,1,1,2]") == "invalidTensor")
        #expect(kind("F32", "2") == "malformedHeader")
    }

    @Test func names() throws {
        func kind(_ name: String) -> String? { failure(safetensors("{\(tensor(name))}", eight))?.kind }
        // Names are never paths, so these are merely odd.
        #expect(kind("../../x") == nil)
        #expect(kind("/etc/passwd") == nil)
        #expect(kind("") == nil)
        #expect(kind("a\\u0000b") == nil)
        #expect(kind(String(repeating: "n", count: 512)) == nil)
        #expect(kind(String(repeating: "n", count: 513)) == "limitExceeded")
        #expect(kind("a\\nb\\u2028c") == nil)
        let checkpoint = try readAll(safetensors("{\(tensor("a\\nb"))}", eight))
        #expect(failure { _ = try checkpoint.tensor("line\nbreak\u{2028}\u{202e}") }?.kind == "missingTensor")
    }

    @Test func duplicates() {
        let data = eight + eight
        #expect(
            failure(safetensors("{\(tensor()),\(tensor("a", "F32", "[2]", "[8,16]"))}", data)) == .duplicateName(path: "test", name: "a"))
        #expect(
            failure(safetensors("{\(tensor()),\(tensor("\\u0061", "F32", "[2]", "[8,16]"))}", data))
                == .duplicateName(path: "test", name: "a"))
        #expect(failure(safetensors("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"))?.kind == "duplicateName")
        #expect(failure(safetensors("{\"__metadata__\":{},\"__metadata__\":{}}"))?.kind == "duplicateName")
        #expect(
            failure(safetensors("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,8]}}", eight))?.kind
                == "duplicateName")
    }

    @Test(arguments: [
        "", " {}", "[]", "{", "{\"a\"", "{\"a\":", "{\"a\":1}", "{\"a\":null}", "{\"a\":{}}", "{}{}", "{}\u{0}", "{},", "{,}", "{\"a\" {}}",
        "{\"__metadata__\":{\"a\":1}}", "{\"__metadata__\":[]}", "{\"__metadata__\":{\"a\":\"\\x\"}}", "{\"__metadata__\":{\"a\":\"\\ud800\"}}",
        "{\"__metadata__\":{\"a\":\"\\ud800\\u0041\"}}", "{\"__metadata__\":{\"a\":\"\\udc00\"}}", "{\"__metadata__\":{\"a\":\"\\u00g0\"}}",
        "{\"__metadata__\":{\"a\":\"\n\"}}", "{\"__metadata__\":{\"a\":\"b\"},}", "{\"__metadata__\":{\"a\":\"b}}", "{'a':{}}",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,0],\"x\":tru}}", "{\"a\":{\"x\":01}}", "{\"a\":{\"x\":1.}}", "{\"a\":{\"x\":-}}",
        "{\"a\":{\"x\":[1,]}}", "{\"a\":{\"x\":1e}}",
    ])
    func malformedHeaders(header: String) {
        #expect(failure(safetensors(header)) != nil)
    }

    @Test func invalidUTF8() {
        var bytes = safetensors("{\"__metadata__\":{\"a\":\"bb\"}}")
        bytes[bytes.count - 5] = 0xc3
        #expect(failure(bytes)?.kind == "malformedHeader")
        bytes[bytes.count - 5] = 0xff
        #expect(failure(bytes)?.kind == "malformedHeader")
    }

    @Test func nestingIsBounded() {
        for symbol in ["[", "{\"k\":"] {
            let nest = String(repeating: symbol, count: 1_000_000)
            #expect(failure(safetensors("{\"a\":{\"x\":\(nest)"))?.kind == "malformedHeader")
        }
    }

    @Test func theNumberOfTensorsIsBounded() {
        let items = (0...100_000).map { "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}" }
        #expect(failure(safetensors("{\(items.joined(separator: ","))}"))?.kind == "limitExceeded")
    }

    @Test func unknownFiles() {
        #expect(failure([])?.kind == "unrecognisedFormat")
        #expect(failure(.utf8("GGUF and what follows"))?.kind == "unrecognisedFormat")
        #expect(failure([0x89] + .utf8("HDF\r\n\u{1a}\n") + [UInt8](repeating: 1, count: 64))?.kind == "unrecognisedFormat")
    }
}
