import Checkpoints
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsReaderTests {
    @Test func readsTensorsInFileOrderAndMetadata() throws {
        let header = """
            { "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},
             "__metadata__":{"format":"pt","note":"\\u00e9\\ud83e\\udd8a\\n\\/"},
             "a":{"shape":[],"data_offsets":[0,4],"dtype":"F32","extra":[1,{"x":null}]} }
            """
        let checkpoint = try Checkpoint(contents: safetensors(header, [Float(1), 2, 3].bytes), path: "test")
        #expect(checkpoint.format == .safetensors)
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.metadata == ["format": "pt", "note": "é🦊\n/"])
        #expect(try checkpoint.tensor("a").shape == [])
        #expect(try checkpoint.tensor("a").item == 1)
        #expect(try checkpoint.tensor("b").values == [2, 3])
        #expect(checkpoint.entry("b") == checkpoint.entries[1])
        #expect(checkpoint.entry("b")?.byteCount == 8)
        #expect(checkpoint.contains("a"))
        #expect(!checkpoint.contains("c"))
        #expect(failure { _ = try checkpoint.tensor("c") } == .missingTensor(path: "test", tensor: "c", held: 2))
        #expect(
            failure { _ = try checkpoint.tensor("b", shape: [3]) }
                == .shapeMismatch(path: "test", tensor: "b", expected: [3], found: [2]))
        #expect(failure { _ = try checkpoint.integers("b") }?.kind == "typeMismatch")
        #expect(try checkpoint.verifyChecksums() == 0)
    }

    @Test func readsFilesWithNoTensors() throws {
        #expect(try readAll(safetensors("{}")).entries.isEmpty)
        #expect(try readAll(safetensors("{\"__metadata__\":{}}     ")).entries.isEmpty)
    }

    @Test func readsEmptyTensors() throws {
        let header = """
            {"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},\
            "c":{"dtype":"F16","shape":[0],"data_offsets":[8,8]}}
            """
        let checkpoint = try readAll(safetensors(header, Int64(-5).bytes))
        #expect(try checkpoint.tensor("a").values == [])
        #expect(try checkpoint.tensor("c").shape == [0])
        #expect(try checkpoint.integers("b") == [-5])
    }

    /// A header whose length is no multiple of four leaves float32 values unaligned: they are copied then, not borrowed.
    @Test(arguments: 0..<8) func readsUnalignedValues(padding: Int) throws {
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}" + String(repeating: " ", count: padding)
        let checkpoint = try readAll(safetensors(header, [Float(1.5), -2, 3].bytes))
        #expect(try checkpoint.tensor("a").values == [1.5, -2, 3])
    }

    @Test func convertsEveryType() throws {
        let cases: [(String, [UInt8], [Float])] = [
            ("F64", 1.5.bitPattern.bytes + (-2.0).bitPattern.bytes, [1.5, -2]),
            ("F32", Float(1.5).bitPattern.bytes + Float(-2).bitPattern.bytes, [1.5, -2]),
            ("F16", UInt16(0x3e00).bytes + UInt16(0xc000).bytes, [1.5, -2]),
            ("BF16", UInt16(0x3fc0).bytes + UInt16(0xc000).bytes, [1.5, -2]),
            ("I64", Int64(7).bytes + Int64(-2).bytes, [7, -2]),
            ("I32", Int32(7).bytes + Int32(-2).bytes, [7, -2]),
            ("I16", Int16(7).bytes + Int16(-2).bytes, [7, -2]),
            ("I8", Int8(7).bytes + Int8(-2).bytes, [7, -2]),
            ("U64", UInt64(7).bytes + UInt64(1 << 40).bytes, [7, 1_099_511_627_776]),
            ("U32", UInt32(7).bytes + UInt32.max.bytes, [7, 4_294_967_296]),
            ("U16", UInt16(7).bytes + UInt16.max.bytes, [7, 65535]),
            ("U8", [7, 255], [7, 255]),
            ("BOOL", [0, 1], [0, 1]),
        ]
        for (type, data, expected) in cases {
            for padding in 0..<3 {
                let header = "{\"a\":{\"dtype\":\"\(type)\",\"shape\":[2],\"data_offsets\":[0,\(data.count)]}}"
                let checkpoint = try readAll(safetensors(header + String(repeating: " ", count: padding), data))
                #expect(try checkpoint.tensor("a").values == expected, "\(type)")
                #expect(checkpoint.entry("a")?.type.rawValue == type)
                if checkpoint.entry("a")?.type.isFloatingPoint == false, type != "U32" {
                    #expect(try checkpoint.integers("a") == expected.map { Int64($0) })
                }
                #expect(try checkpoint.rawBytes("a") { Array($0) } == data)
            }
        }
        let wide = try Checkpoint(
            contents: safetensors("{\"a\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[0,8]}}", UInt64.max.bytes), path: "test")
        #expect(failure { _ = try wide.integers("a") } == .valueOutOfRange(path: "test", tensor: "a", index: 0, type: .i64))
    }

    @Test func stripsPrefixesOfWrappers() throws {
        func entry(_ name: String, _ at: Int) -> String {
            "\"\(name)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\(at),\(at + 1)]}"
        }
        let folder = try TemporaryFolder()
        let wrapped = safetensors("{\(entry("module._orig_mod.a.module.b", 0)),\(entry("n_averaged", 1))}", [1, 2])
        let path = try folder.write(wrapped, "x")
        #expect(try Checkpoint(path: path).names == ["a.module.b", "n_averaged"])
        #expect(try Checkpoint(path: path, strippingPrefixes: false).names == ["module._orig_mod.a.module.b", "n_averaged"])
        // Two names would become one: all stay.
        #expect(try readAll(safetensors("{\(entry("module.a", 0)),\(entry("a", 1))}", [1, 2])).names == ["module.a", "a"])
    }

    @Test func mapsOrReadsTheFile() throws {
        let folder = try TemporaryFolder()
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} "
        let path = try folder.write(safetensors(header, [Float(1), 2].bytes), "model.bin")
        for mapping in [true, false] {
            // The tensor outlives the checkpoint, and the file its name.
            let tensor = try Checkpoint(path: path, mapping: mapping).tensor("a")
            #expect(tensor.values == [1, 2])
        }
        let tensor = try Checkpoint(path: path).tensor("a")
        try FileManager.default.removeItem(atPath: path)
        #expect(tensor.values == [1, 2])
    }

    /// A sparse file of 64 GiB opens at once and gives up a tensor from its middle.
    @Test func opensLargeFilesWithoutReadingThem() throws {
        let folder = try TemporaryFolder()
        let (half, end) = (1 << 35, 1 << 36)
        let header = """
            {"big":{"dtype":"U8","shape":[\(half)],"data_offsets":[0,\(half)]},"mid":{"dtype":"F32","shape":[2],\
            "data_offsets":[\(half),\(half + 8)]},"rest":{"dtype":"F64","shape":[\(end / 8 - half / 8 - 1)],"data_offsets":[\(half + 8),\(end)]}}
            """
        let bytes = safetensors(header)
        let path = try folder.write(bytes, "model.safetensors")
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        do {
            try handle.truncate(atOffset: UInt64(bytes.count + end))
            try handle.seek(toOffset: UInt64(bytes.count + half))
            try handle.write(contentsOf: [Float(1.5), 2].bytes)
            try handle.close()
        } catch {
            return  // a file system without sparse files
        }
        let checkpoint = try Checkpoint(path: path)
        #expect(try checkpoint.tensor("mid").values == [1.5, 2])
        // As float32 this would take 128 GiB: refused rather than attempted.
        #expect(failure { _ = try checkpoint.tensor("big") }?.kind == "limitExceeded")
    }

    @Test func findsValuesThatAreNotFinite() throws {
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}"
        try Checkpoint(contents: safetensors(header, [Float(1), 2, 3].bytes), path: "test").checkFinite()
        let broken = try Checkpoint(contents: safetensors(header, [Float(1), .infinity, 3].bytes), path: "test")
        #expect(failure { try broken.checkFinite() } == .notFinite(path: "test", tensor: "a", index: 1, value: .infinity))
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FileError.missing(path: folder("none"))) { try Checkpoint(path: folder("none")) }
        #expect(throws: FileError.notRegular(path: folder.path, found: "a folder")) { try Checkpoint(path: folder.path) }
        // Nobody will ever write to this pipe: opening it must not wait.
        #expect(mkfifo(folder("pipe"), 0o600) == 0)
        #expect(throws: FileError.notRegular(path: folder("pipe"), found: "a named pipe")) { try Checkpoint(path: folder("pipe")) }
        #expect(throws: FileError.notRegular(path: "/dev/zero", found: "a device")) { try Checkpoint(path: "/dev/zero") }
        let empty = try folder.write([], "empty")
        #expect(failure { _ = try Checkpoint(path: empty) }?.kind == "unrecognisedFormat")
    }
}
