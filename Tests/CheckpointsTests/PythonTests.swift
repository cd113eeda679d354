import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// What the reference implementation makes of our files; skipped where it is not installed.
@Suite struct PythonTests {
    static let hasSafetensors = (try? run("import safetensors.numpy"))?.status == 0

    private static func run(_ script: String, _ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = Pipe()
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    @Test(.enabled(if: PythonTests.hasSafetensors)) func pythonReadsAndWritesTheSameBytes() throws {
        let folder = try TemporaryFolder()
        let writer = try SafetensorsWriter(
            to: folder("swift"),
            tensors: [
                .init(name: "z.weight", type: .f32, shape: [2, 3]), .init(name: "half", type: .f16, shape: [2]),
                .init(name: "ids", type: .i64, shape: [2]), .init(name: "counts", type: .i32, shape: [1]),
                .init(name: "mask", type: .bool, shape: [3]), .init(name: "words", type: .u32, shape: [1]),
                .init(name: "é \"q\"", type: .u8, shape: []), .init(name: "empty", type: .f32, shape: [0, 4]),
            ], metadata: ["format": "np"])
        try writer.write("z.weight", Tensor([1, -2.5, 3, 0, .infinity, .leastNonzeroMagnitude], shape: [2, 3]))
        try writer.write("half", Tensor([1.0009765625, 65504], shape: [2]))
        try writer.write("ids", integers: [.min, 7])
        try writer.write("counts", integers: [-1])
        try writer.write("mask", integers: [1, 0, 1])
        try writer.write("words", integers: [4_000_000_000])
        try writer.write("é \"q\"", integers: [200])
        try writer.write("empty", Tensor([], shape: [0, 4]))
        try writer.finish()
        let script = """
            import sys, safetensors, safetensors.numpy as st
            tensors = st.load_file(sys.argv[1])
            with safetensors.safe_open(sys.argv[1], "np") as f: metadata = f.metadata()
            st.save_file(tensors, sys.argv[2], metadata=metadata)
            for name in sorted(tensors): print(name, tensors[name].dtype, list(tensors[name].shape), tensors[name].tobytes().hex())
            """
        let (status, output) = try Self.run(script, folder("swift"), folder("python"))
        try #require(status == 0)
        let checkpoint = try Checkpoint(path: folder("swift"))
        let types: [ElementType: String] = [
            .f32: "float32", .f16: "float16", .i64: "int64", .i32: "int32", .bool: "bool", .u32: "uint32", .u8: "uint8",
        ]
        let expected = try checkpoint.entries.sorted { $0.name < $1.name }.map { entry in
            let bytes = try checkpoint.rawBytes(entry.name) { $0.map { String(Int($0) + 256, radix: 16).suffix(2) }.joined() }
            return "\(entry.name) \(types[entry.type] ?? "") \(entry.shape) \(bytes)"
        }
        #expect(
            Set(output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }) == Set(expected.map { $0.trimmingCharacters(in: .whitespaces) }))
        // Written again by the reference implementation, the file is the same to the last byte.
        let ours = try Data(contentsOf: URL(fileURLWithPath: folder("swift")))
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder("python"))) == ours)
    }

    /// What a conversion writes, in every type, is what Python reads: the same bytes under the same names.
    @Test(.enabled(if: PythonTests.hasSafetensors), arguments: [nil, ElementType.f32, .bf16, .f16])
    func pythonReadsConvertedFiles(type: ElementType?) throws {
        let folder = try TemporaryFolder()
        try TorchArchiveWriter.write(
            [("b.weight", Tensor([1, -2.5, 0.1, 65504, 1e-7, 3], shape: [3, 2])), ("a", Tensor(7))], to: folder("a.pth"))
        try Checkpoint(path: folder("a.pth")).convert(to: folder("out"), as: type)
        let script = """
            import sys, safetensors
            for name, tensor in sorted(safetensors.deserialize(open(sys.argv[1], "rb").read())):
                print(name, tensor["dtype"], list(tensor["shape"]), bytes(tensor["data"]).hex())
            """
        let (status, output) = try Self.run(script, folder("out"))
        try #require(status == 0)
        let checkpoint = try Checkpoint(path: folder("out"))
        #expect(checkpoint.entries.allSatisfy { $0.type == type ?? .f32 })
        let expected = try checkpoint.entries.sorted { $0.name < $1.name }.map { entry in
            let bytes = try checkpoint.rawBytes(entry.name) { $0.map { String(Int($0) + 256, radix: 16).suffix(2) }.joined() }
            return "\(entry.name) \(entry.type.rawValue) \(entry.shape) \(bytes)"
        }
        #expect(output.split(separator: "\n").map(String.init) == expected)
    }
}
