import Checkpoints
import Tensors
import Testing

@Suite struct LegacyHostileTests {
    private static let magic: [UInt8] = [
        0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]

    private func file(
        version: Int = 1001, littleEndian: Bool = true, object: [UInt8]? = nil, keys: [String] = ["0"], counts: [Int] = [2],
        data: [UInt8] = [Float(1), 2].bytes
    ) -> [UInt8] {
        var bytes = Self.magic + PickleBuilder.build { $0.integer(version) }
        bytes += PickleBuilder.build { pickle in
            pickle.op("}")
            pickle.text("little_endian")
            pickle.raw([littleEndian ? 0x88 : 0x89])
            pickle.op("s")
        }
        bytes += object ?? PickleBuilder.one(storage: 2, size: [2], stride: [1])
        bytes += PickleBuilder.build { pickle in
            pickle.op("](")
            for key in keys { pickle.text(key) }
            pickle.op("e")
        }
        for count in counts { bytes += Int64(count).bytes }
        return bytes + data
    }

    @Test func theUnchangedFileLoads() throws {
        #expect(try readAll(file()).tensor("w").values == [1, 2])
    }

    @Test func truncationAtEveryByte() {
        let whole = file()
        for count in whole.indices { #expect(failure(Array(whole[..<count])) != nil, "cut to \(count) bytes") }
        #expect(failure(whole + [0])?.kind == "malformedPickle")
    }

    @Test func headers() {
        #expect(failure(file(version: 1002))?.kind == "malformedPickle")
        #expect(failure(file(littleEndian: false))?.kind == "malformedPickle")
    }

    @Test func storages() {
        #expect(failure(file(keys: []))?.kind == "malformedPickle")
        #expect(failure(file(keys: ["1"]))?.kind == "malformedPickle")
        #expect(failure(file(counts: [1]))?.kind == "malformedPickle")
        #expect(failure(file(counts: [-2]))?.kind == "malformedPickle")
        #expect(failure(file(counts: [.max]))?.kind == "malformedPickle")
        #expect(failure(file(data: []))?.kind == "truncated")
        let huge = PickleBuilder.one(storage: .max, size: [2], stride: [1])
        #expect(failure(file(object: huge, counts: [.max]))?.kind == "truncated")
        let twice = [UInt8](Int64(2).bytes + [Float(1), 2].bytes)
        #expect(failure(file(keys: ["0", "0"], data: [Float(1), 2].bytes + twice))?.kind == "duplicateName")
    }

    @Test func views() throws {
        func object(_ offset: Int, _ count: Int, size: Int) -> [UInt8] {
            PickleBuilder.build { pickle in
                pickle.op("}")
                pickle.text("w")
                pickle.global("torch._utils", "_rebuild_tensor_v2")
                pickle.op("((")
                pickle.text("storage")
                pickle.global("torch", "FloatStorage")
                pickle.text("0")
                pickle.text("cpu")
                pickle.integer(2)
                pickle.op("(")
                pickle.text("view")
                pickle.integer(offset)
                pickle.integer(count)
                pickle.op("ttQ")
                pickle.integer(0)
                pickle.tuple([size])
                pickle.tuple([1])
                pickle.op("NNtRs")
            }
        }
        #expect(try readAll(file(object: object(1, 1, size: 1))).tensor("w").values == [2])
        #expect(failure(file(object: object(1, 1, size: 2)))?.kind == "invalidTensor")
        #expect(failure(file(object: object(1, 2, size: 1)))?.kind == "malformedPickle")
        #expect(failure(file(object: object(-1, 1, size: 1)))?.kind == "malformedPickle")
        #expect(failure(file(object: object(.max, .max, size: 1)))?.kind == "malformedPickle")
    }
}
