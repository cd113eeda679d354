import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct TorchFileTests {
    /// The state that both the archive and the legacy fixture hold.
    private func check(_ checkpoint: Checkpoint) throws {
        #expect(
            checkpoint.names == [
                "a", "a.t", "f16", "bf16", "f64", "i64", "i32", "i16", "i8", "u8", "bool", "p", "slice", "empty", "scalar",
            ])
        #expect(try checkpoint.tensor("a").shape == [2, 3])
        #expect(try checkpoint.tensor("a").values == [0, 1, 2, 3, 4, 5])
        #expect(try checkpoint.tensor("a.t").shape == [3, 2])
        #expect(try checkpoint.tensor("a.t").values == [0, 3, 1, 4, 2, 5])
        #expect(try checkpoint.rawBytes("a.t") { Array($0) } == [Float(0), 3, 1, 4, 2, 5].bytes)
        for name in ["f16", "bf16", "f64", "i64", "i32", "i16", "i8", "u8"] {
            #expect(checkpoint.entry(name)?.type.rawValue.lowercased() == name)
            #expect(try checkpoint.tensor(name).values == [0, 1, 3])
            if name.contains("i") || name.contains("u") { #expect(try checkpoint.integers(name) == [0, 1, 3]) }
        }
        #expect(try checkpoint.integers("bool") == [0, 1, 1])
        #expect(try checkpoint.tensor("p").values == [1.5, -2])
        #expect(try checkpoint.tensor("slice").shape == [2, 2])
        #expect(try checkpoint.tensor("slice").values == [5, 6, 9, 10])
        #expect(try checkpoint.tensor("empty").shape == [0, 4])
        #expect(try checkpoint.tensor("scalar").item == 7)
    }

    @Test func archive() throws {
        let checkpoint = try readAll(Fixtures.archive)
        #expect(checkpoint.format == .torchArchive)
        try check(checkpoint)
        #expect(try checkpoint.verifyChecksums() == 15)
    }

    @Test func legacy() throws {
        let checkpoint = try readAll(Fixtures.legacy)
        #expect(checkpoint.format == .torchLegacy)
        try check(checkpoint)
    }

    @Test func legacyOfNewerProtocol() throws {
        let checkpoint = try readAll(Fixtures.legacyFramed)
        #expect(checkpoint.format == .torchLegacy)
        #expect(try checkpoint.tensor("a").shape == [3, 2])
        #expect(try checkpoint.tensor("a").values == [0, 3, 1, 4, 2, 5])
        #expect(checkpoint.entry("b")?.type == .bf16)
        #expect(try checkpoint.tensor("b").values == [1, 2])
    }

    @Test func script() throws {
        let checkpoint = try readAll(Fixtures.script)
        #expect(checkpoint.format == .torchScript)
        #expect(Set(checkpoint.names) == ["hp", "inner.b", "inner.lin.weight", "inner.lin.bias"])
        #expect(try checkpoint.tensor("inner.lin.weight").values == [0.5, -0.25])
        #expect(try checkpoint.tensor("inner.lin.weight").shape == [1, 2])
        #expect(try checkpoint.tensor("inner.lin.bias").values == [3])
        #expect(try checkpoint.integers("inner.b") == [0, 1, 2])
        #expect(checkpoint.entry("hp")?.type == .f16)
        #expect(try checkpoint.tensor("hp").values == [1, 1, 1, 1])
    }

    @Test func trainingCheckpoint() throws {
        let checkpoint = try readAll(Fixtures.nested)
        #expect(checkpoint.names == ["w", "n", "e"])
        #expect(checkpoint.metadata == ["epoch": "3", "name": "run"])
        #expect(try checkpoint.tensor("w").values == [1, 2])
        #expect(checkpoint.entry("n")?.type == .u16)
        #expect(try checkpoint.integers("n") == [1, 65535])
        #expect(try checkpoint.tensor("e").values == [1, 1, 1, 1, 1, 1])
        #expect(checkpoint.entry("e")?.byteCount == 24)

        let folder = try TemporaryFolder()
        let path = try folder.write(Fixtures.nested, "checkpoint.pth")
        let whole = try Checkpoint(path: path, verifyingChecksums: true, strippingPrefixes: false, containers: [])
        #expect(
            whole.names == ["state", "optimizer.state.0.step", "model.module._orig_mod.w", "model.module.n", "model.module.e"])
        #expect(try Checkpoint(path: path, containers: ["optimizer"]).names == ["state.0.step"])
    }

    @Test func averagedWeightsComeFirst() throws {
        let pickle = PickleBuilder.build { pickle in
            pickle.op("}")
            for name in ["model", "ema"] {
                pickle.text(name)
                pickle.op("}")
                pickle.text(name + ".w")
                pickle.tensor("0", storage: 1, size: [1], stride: [1])
                pickle.op("ss")
            }
        }
        #expect(try readAll(ZipBuilder(pickle: pickle, storages: [[Float(1)].bytes]).build()).names == ["ema.w"])
    }

    @Test func aListAndASingleTensor() throws {
        let list = PickleBuilder.build { pickle in
            pickle.op("](")
            pickle.tensor("0", storage: 1, size: [], stride: [])
            pickle.tensor("0", storage: 1, size: [1], stride: [1])
            pickle.op("e")
        }
        #expect(try readAll(ZipBuilder(pickle: list, storages: [[Float(1)].bytes]).build()).names == ["0", "1"])
        let single = PickleBuilder.build { $0.tensor("0", storage: 1, size: [1], stride: [1]) }
        #expect(try readAll(ZipBuilder(pickle: single, storages: [[Float(1)].bytes]).build()).names == ["tensor"])
    }

    /// Every order of the axes of a small tensor, and gaps between them.
    @Test func stridesOfEveryKind() throws {
        let values = (0..<64).map { Float($0) }
        let types: [(String, Int)] = [("FloatStorage", 64), ("DoubleStorage", 32), ("HalfStorage", 128), ("ByteStorage", 256)]
        for (type, held) in types {
            let strides = [[12, 4, 1], [1, 2, 6], [4, 1, 8], [1, 1, 1], [0, 0, 0], [0, 3, 1], [8, 2, 0], [1, 8, 4]]
            for stride in strides {
                let pickle = PickleBuilder.one(type: type, storage: held, offset: 3, size: [2, 3, 2], stride: stride)
                let checkpoint = try readAll(ZipBuilder(pickle: pickle, storages: [values.bytes]).build())
                let flat = PickleBuilder.one(type: type, storage: held, size: [held], stride: [1])
                let storage = try readAll(ZipBuilder(pickle: flat, storages: [values.bytes]).build()).tensor("w").values
                var expected: [UInt32] = []
                for i in 0..<2 {
                    for j in 0..<3 {
                        for k in 0..<2 { expected.append(storage[3 + i * stride[0] + j * stride[1] + k * stride[2]].bitPattern) }
                    }
                }
                #expect(try checkpoint.tensor("w").values.map(\.bitPattern) == expected, "\(type) \(stride)")
            }
        }
    }

    @Test func zip64() throws {
        let pickle = PickleBuilder.one(storage: 2, size: [2], stride: [1])
        var zip = ZipBuilder(pickle: pickle, storages: [[Float(1), 2].bytes])
        for position in zip.records.indices { zip.records[position].isWide = true }
        zip.hasWideEnd = true
        #expect(try readAll(zip.build()).tensor("w").values == [1, 2])
    }

    @Test func deflatedPickle() throws {
        let empty: [UInt8] = [0x80, 2, UInt8(ascii: "}"), UInt8(ascii: ".")]
        let stored: [UInt8] = [1, 4, 0, 0xfb, 0xff] + empty  // deflate's own uncompressed block
        var zip = ZipBuilder(pickle: stored)
        zip.records[0].method = 8
        zip.records[0].count = empty.count
        zip.records[0].checksum = 0
        guard case .checksumMismatch(_, _, _, let checksum) = failure(zip.build()) else {
            Issue.record("expected a wrong checksum to be found")
            return
        }
        zip.records[0].checksum = checksum
        #expect(try readAll(zip.build()).entries.isEmpty)
    }
}
