import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ElementTypeTests {
    private func file(_ type: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
        safetensors(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"b\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[4,\(4 + data.count)]}}",
            Float(5).bitPattern.bytes + data)
    }

    /// Values of the specification of OCP FP8, table 1 and 2, and of the types of AMD and Graphcore (2206.02915).
    @Test(
        arguments: [
            ("F8_E4M3", [0x00, 0x01, 0x07, 0x08, 0x38, 0x7e, 0xb8, 0xfe], [0, 0x1p-9, 0x1.cp-7, 0x1p-6, 1, 448, -1, -448]),
            ("F8_E5M2", [0x00, 0x01, 0x03, 0x04, 0x3c, 0x7b, 0xbc, 0xfb], [0, 0x1p-16, 0x1.8p-15, 0x1p-14, 1, 57344, -1, -57344]),
            ("F8_E4M3FNUZ", [0x00, 0x01, 0x40, 0x7f, 0xc0, 0xff], [0, 0x1p-10, 1, 240, -1, -240]),
            ("F8_E5M2FNUZ", [0x00, 0x01, 0x40, 0x7f, 0xc0, 0xff], [0, 0x1p-17, 1, 57344, -1, -57344]),
            ("F8_E8M0", [0x00, 0x7f, 0x80, 0xfe], [0x1p-127, 1, 2, 0x1p127]),
        ] as [(String, [UInt8], [Float])])
    func eightBits(type: String, bytes: [UInt8], values: [Float]) throws {
        let checkpoint = try readAll(file(type, "[\(bytes.count)]", bytes))
        #expect(checkpoint.entry("b")?.type.rawValue == type)
        #expect(try checkpoint.tensor("b").values == values)
        #expect(try checkpoint.rawBytes("b") { Array($0) } == bytes)
        #expect(checkpoint.entry("b")?.type.isFloatingPoint == true)
    }

    @Test func eightBitsThatAreNotFinite() throws {
        #expect(try readAll(file("F8_E4M3", "[2]", [0x7f, 0xff])).tensor("b").values.allSatisfy(\.isNaN))
        #expect(try readAll(file("F8_E5M2", "[3]", [0x7c, 0xfc, 0x7d])).tensor("b").values[..<2] == [.infinity, -.infinity])
        #expect(try readAll(file("F8_E4M3FNUZ", "[1]", [0x80])).tensor("b").values[0].isNaN)
        let broken = try Checkpoint(contents: file("F8_E5M2", "[2]", [0, 0x7c]), path: "test")
        #expect(failure { try broken.checkFinite() } == .notFinite(path: "test", tensor: "b", index: 1, value: .infinity))
    }

    /// What is no number here is listed, and makes nothing else unreadable.
    @Test(arguments: [("C64", "[1]", 8), ("F4", "[2,4]", 4), ("F6_E2M3", "[4]", 3), ("Q7_NEW", "[2]", 5)])
    func otherTypesAreListed(type: String, shape: String, count: Int) throws {
        let data = (0..<count).map { UInt8($0) }
        let checkpoint = try Checkpoint(contents: file(type, shape, data), path: "test")
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.entry("b")?.type.rawValue == type && checkpoint.entry("b")?.byteCount == count)
        #expect(try checkpoint.tensor("a").values == [5])
        let error = failure { _ = try checkpoint.tensor("b") }
        #expect(error?.description.contains("'b'") == true && error?.description.contains(type) == true)
        #expect(failure { _ = try checkpoint.integers("b") }?.kind == "typeMismatch")
        try checkpoint.checkFinite()
    }

    @Test func conversionTakesAlongWhatCanBeWritten() throws {
        let folder = try TemporaryFolder()
        let complex = try Checkpoint(contents: file("C64", "[1]", [Float(1), 2].bytes), path: "test")
        try complex.convert(to: folder("c.safetensors"), as: .bf16)
        let written = try Checkpoint(path: folder("c.safetensors"))
        #expect(written.entry("a")?.type == .bf16 && written.entry("b")?.type == .c64)
        #expect(try written.rawBytes("b") { Array($0) } == [Float(1), 2].bytes)
        let narrow = try Checkpoint(contents: file("F4", "[4]", [1, 2]), path: "test")
        #expect(narrow.unwritable.map(\.name) == ["b"])
        try narrow.convert(to: folder("n.safetensors"))
        #expect(try Checkpoint(path: folder("n.safetensors")).names == ["a"])
        let eight = try Checkpoint(contents: file("F8_E4M3", "[1]", [0x38]), path: "test")
        try eight.convert(to: folder("e.safetensors"), as: .f32)
        #expect(try Checkpoint(path: folder("e.safetensors")).tensor("b").values == [1])
    }
}
