import Checkpoints
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing

/// The memory that the largest FlexTok takes, 2.5 billion parameters, from a file as it is published but for its type. Minutes
/// and gigabytes: with FLOWTOK_FULL=1 only.
@Suite(.serialized, .enabled(if: Goldens.fullWanted, "full-size checks run with FLOWTOK_FULL=1"))
struct FlexTokMemoryTests {
    private static let settings = FlexTokSettings.d18d28

    /// Names and shapes of all parameters, without their values.
    private static func parameters() throws -> [(name: String, shape: [Int])] {
        var found: [(name: String, shape: [Int])] = []
        let source = ExpectedWeights(holds: { _ in true }) { found.append(($0, $1)) }
        _ = FlexTok(
            try JSONDecoder().decode(FlexTokConfiguration.self, from: Data(settings.json.utf8)), weights: Weights(source))
        return found
    }

    /// Writes made-up values, a tensor at a time, as bfloat16.
    private static func write(_ all: [(name: String, shape: [Int])], to path: String) throws {
        let writer = try SafetensorsWriter(
            to: path, tensors: all.map { .init(name: $0.name, type: .bf16, shape: $0.shape) }, metadata: settings.header)
        // The same uniform values over and over: making 2.5 billion of them would take longer than what is measured.
        let block = SyntheticValues.tensor("block", shape: [1 << 20], base: 0, scale: 1)
        for (name, shape) in all {
            let values = Tensor(uninitialized: shape) { buffer in
                block.withUnsafeBufferPointer { block in
                    for start in stride(from: 0, to: buffer.count, by: block.count) {
                        let count = min(block.count, buffer.count - start)
                        _ = UnsafeMutableBufferPointer(rebasing: buffer[start..<start + count])
                            .update(from: UnsafeBufferPointer(rebasing: block[..<count]))
                    }
                }
            }
            let inputs = Float(shape.dropFirst().reduce(1, *))
            let isScale = shape.count == 1 && name.hasSuffix("weight")
            try writer.write(
                name, shape.count > 1 ? values * (3 / inputs).squareRoot() : isScale ? values * 0.1 + 1 : values * 0.05)
        }
        try writer.finish()
    }

    private static func count(_ all: [(name: String, shape: [Int])], _ isUsed: (String) -> Bool) -> Int {
        all.filter { isUsed($0.name) }.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    @Test func decodingTakesTheWeightsAndLittleMore() throws {
        let scratch = try Scratch()
        let all = try Self.parameters()
        try scratch.makeFolder("m")
        try Self.write(all, to: scratch.path("m/model.safetensors"))
        #expect(try Tool.run(["import", "m", "--fast"], in: scratch).status == 0)
        var image = Image(width: 256, height: 256, filled: Color(hex: 0x204080))
        image.fill(PixelRect(x: 60, y: 60, width: 100, height: 120), with: Color(hex: 0xFFC040))
        try image.write(to: scratch.path("fox.png"))
        let size = try #require(
            FileManager.default.attributesOfItem(atPath: scratch.path("m/model.safetensors"))[.size] as? Int)
        let whole = 2 * Self.count(all) { _ in true }
        let drawing = 2 * Self.count(all) { $0.hasPrefix("decoder.") || $0.hasPrefix("vae.vae.decoder.") || $0.contains("post_quant_conv") }
        for (arguments, bytes) in [
            (["tokenize", "fox.png"], whole), (["detokenize", "fox.json", "--tokens", "16", "--steps", "2"], drawing),
            (["reconstruct", "fox.png", "-o", "again.png", "--steps", "2"], whole),
        ] {
            let clock = ContinuousClock()
            let start = clock.now
            // The addresses that the file is mapped at are no memory.
            let (errors, peak) = try Measured.run(
                arguments + ["--model", "m", "--precision", "bf16"], in: scratch, addressLimit: bytes / 100 * 115 + size)
            let ratio = Double(peak) / Double(bytes)
            print(
                "FlexTok d18-d28, bfloat16, \(arguments[0]): \(peak >> 20) MiB at most, \(bytes >> 20) MiB of weights in use, ratio \(ratio); \((clock.now - start) / .seconds(1)) s"
            )
            #expect(errors.isEmpty, "\(errors)")
            #expect(ratio <= 1.15, "\(arguments[0])")
        }
        // Converted to be used where it is mapped, the file is nearly all that there is.
        let (errors, peak) = try Measured.run(["convert", "m", "packed", "--type", "bf16", "--packed"], in: scratch)
        print("convert of FlexTok d18-d28 to packed bfloat16: \(peak >> 20) MiB at most")
        #expect(errors.isEmpty, "\(errors)")
        try FileManager.default.removeItem(atPath: scratch.path("m"))
        let packed = try Measured.run(
            ["detokenize", "fox.json", "-o", "limited.png", "--tokens", "16", "--steps", "1", "--model", "packed"], in: scratch,
            addressLimit: whole / 100 * 130)
        #expect(packed.errors.isEmpty, "\(packed.errors)")
        #expect(try Image(path: scratch.path("limited.png")).width == 256)
    }
}
