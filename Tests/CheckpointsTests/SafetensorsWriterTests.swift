import Checkpoints
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsWriterTests {
    @Test func roundTripsFloats() throws {
        let folder = try TemporaryFolder()
        let path = folder("model.safetensors")
        // Exact in every floating-point type.
        let values: [Float] = [0, -0.0, 1.5, -2, 0.25, 96]
        for type in [ElementType.f32, .f16, .bf16, .f64] {
            try Checkpoint.write(
                [("b.weight", Tensor(values, shape: [2, 3])), ("a", Tensor(3)), ("e", Tensor([], shape: [0, 2]))],
                as: type, metadata: ["format": "pt", "quote\"\\\n\u{1}": "é🦊"], to: path)
            let checkpoint = try Checkpoint(path: path)
            #expect(Set(checkpoint.names) == ["a", "b.weight", "e"])
            #expect(checkpoint.entry("a")?.type == type)
            #expect(try checkpoint.tensor("b.weight").shape == [2, 3])
            #expect(try checkpoint.tensor("b.weight").values.map(\.bitPattern) == values.map(\.bitPattern))
            #expect(try checkpoint.tensor("a").item == 3)
            #expect(checkpoint.metadata == ["format": "pt", "quote\"\\\n\u{1}": "é🦊"])
        }
        #expect(folder.files == ["model.safetensors"])
    }

    @Test func roundTripsIntegers() throws {
        let folder = try TemporaryFolder()
        let limits: [(ElementType, [Int64])] = [
            (.i64, [.min, .max]), (.u64, [0, .max]), (.i32, [Int64(Int32.min), Int64(Int32.max)]), (.u32, [0, Int64(UInt32.max)]),
            (.i16, [-32768, 32767]), (.u16, [0, 65535]), (.i8, [-128, 127]), (.u8, [0, 255]), (.bool, [0, 1]),
        ]
        let declarations = limits.map { SafetensorsWriter.Declaration(name: $0.0.rawValue, type: $0.0, shape: [2]) }
        let writer = try SafetensorsWriter(to: folder("x"), tensors: declarations)
        for (type, values) in limits.reversed() { try writer.write(type.rawValue, integers: values) }
        try writer.finish()
        let checkpoint = try Checkpoint(path: folder("x"))
        for (type, values) in limits {
            #expect(checkpoint.entry(type.rawValue)?.type == type)
            #expect(try checkpoint.integers(type.rawValue) == values)
        }
        for (type, value) in [(ElementType.i32, Int64(Int32.max) + 1), (.u8, -1), (.u8, 256), (.bool, 2), (.u64, -1), (.i8, -129)] {
            let writer = try SafetensorsWriter(to: folder("y"), tensors: [.init(name: "a", type: type, shape: [1])])
            #expect(
                failure { try writer.write("a", integers: [value]) }
                    == .valueOutOfRange(path: folder("y"), tensor: "a", index: 0, type: type))
        }
    }

    @Test func layoutIsTheReferenceOne() throws {
        let folder = try TemporaryFolder()
        let writer = try SafetensorsWriter(
            to: folder("x"),
            tensors: [
                .init(name: "c", type: .u8, shape: [1]), .init(name: "b", type: .f32, shape: [1]), .init(name: "a", type: .f32, shape: []),
                .init(name: "d", type: .i64, shape: [1]),
            ], metadata: ["k": "v"])
        try writer.write("a", Tensor(1))
        try writer.write("b", Tensor([2], shape: [1]))
        try writer.write("c", integers: [3])
        try [UInt8](Int64(4).bytes).withUnsafeBytes { try writer.write("d", bytes: $0) }
        try writer.finish()
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder("x"))))
        let header = """
            {"__metadata__":{"k":"v"},"d":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[],\
            "data_offsets":[8,12]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},"c":{"dtype":"U8","shape":[1],"data_offsets":[16,17]}}
            """
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        #expect(bytes == safetensors(padded, Int64(4).bytes + [Float(1), 2].bytes + [3]))
    }

    /// Longer than the piece that conversions work on.
    @Test func longTensors() throws {
        let folder = try TemporaryFolder()
        let values = (0..<200_001).map { Float($0 % 256) }
        try Checkpoint.write([("a", Tensor(values, shape: [values.count]))], as: .bf16, to: folder("x"))
        #expect(try Checkpoint(path: folder("x")).tensor("a").values == values)
    }

    @Test func misuse() throws {
        let folder = try TemporaryFolder()
        let path = folder("x")
        let one = Tensor([1], shape: [1])
        #expect(failure { try Checkpoint.write([("a", one), ("a", one)], to: path) } == .duplicateName(path: path, name: "a"))
        #expect(failure { try Checkpoint.write([("__metadata__", one)], to: path) }?.kind == "invalidWrite")
        #expect(failure { try Checkpoint.write([("a", one)], as: .i32, to: path) }?.kind == "invalidWrite")
        let long = String(repeating: "n", count: 513)
        #expect(failure { try Checkpoint.write([(long, one)], to: path) }?.kind == "limitExceeded")
        #expect(failure { _ = try SafetensorsWriter(to: path, tensors: [.init(name: "a", shape: [.max, 2])]) }?.kind == "invalidWrite")
        #expect(failure { _ = try SafetensorsWriter(to: path, tensors: [.init(name: "a", shape: [-1])]) }?.kind == "invalidWrite")

        let writer = try SafetensorsWriter(to: path, tensors: [.init(name: "a", shape: [1]), .init(name: "i", type: .i64, shape: [2])])
        #expect(failure { try writer.write("b", one) }?.kind == "invalidWrite")
        #expect(failure { try writer.write("a", Tensor(1)) }?.kind == "invalidWrite")
        #expect(failure { try writer.write("a", integers: [1]) }?.kind == "invalidWrite")
        #expect(failure { try writer.write("i", integers: [1]) }?.kind == "invalidWrite")
        #expect(failure { try writer.write("i", bytes: UnsafeRawBufferPointer(start: nil, count: 0)) }?.kind == "invalidWrite")
        #expect(failure { try writer.finish() }?.kind == "invalidWrite")
        try writer.write("a", one)
        #expect(failure { try writer.write("a", one) }?.kind == "invalidWrite")
        try writer.write("i", integers: [1, 2])
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.finish()
        #expect(folder.files == ["x"])
        #expect(throws: FileError.self) { try writer.finish() }
        #expect(try Checkpoint(path: path).integers("i") == [1, 2])
    }

    @Test func anUnfinishedFileLeavesNothing() throws {
        let folder = try TemporaryFolder()
        try Checkpoint.write([("a", Tensor(1))], to: folder("x"))
        do {
            let writer = try SafetensorsWriter(to: folder("x"), tensors: [.init(name: "a", shape: [])])
            try writer.write("a", Tensor(2))
        }
        #expect(folder.files == ["x"])
        #expect(try Checkpoint(path: folder("x")).tensor("a").item == 1)
    }

    /// The old file stays readable through checkpoints that have it open.
    @Test func overwritingAnOpenFile() throws {
        let folder = try TemporaryFolder()
        try Checkpoint.write([("a", Tensor(1))], to: folder("x"))
        let old = try Checkpoint(path: folder("x"))
        try Checkpoint.write([("a", old.tensor("a"))], as: .f16, to: folder("x"))
        #expect(try old.tensor("a").item == 1)
        #expect(try Checkpoint(path: folder("x")).entry("a")?.type == .f16)
    }
}
