import Checkpoints
import FlowTok
import Foundation
import Images
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// The memory that FlowTok-XL takes, from files as they are published. Minutes and gigabytes: with FLOWTOK_FULL=1 only.
@Suite(.serialized, .enabled(if: Goldens.fullWanted, "full-size checks run with FLOWTOK_FULL=1"))
struct MemoryTests {
    /// The published XL at 256 pixels.
    private static let configuration = OfficialFlowTokConfiguration(
        name: "FlowTok-XL", files: ModelFiles(),
        velocity: VelocityConfiguration(depth: 28, width: 1152, heads: 16, tokens: 77, channels: 16),
        textVariationalEncoder: TextVariationalConfiguration(width: 768, channels: 16),
        imageTokenizer: FlowTiTokConfiguration(
            imageSize: 256, patchSize: 16, latentTokens: 77, tokenSize: 16, textContextLength: 77, textEmbeddingWidth: 768,
            encoder: TransformerShape(width: 768, layers: 12, heads: 12),
            decoder: TransformerShape(width: 1024, layers: 24, heads: 16)),
        textEncoder: TextTransformerConfiguration(
            vocabularySize: 49408, contextLength: 77, width: 768, layers: 12, heads: 12))

    /// Names and shapes of all parameters, without their values.
    private static func parameters() -> [(name: String, shape: [Int])] {
        var found: [(name: String, shape: [Int])] = []
        let source = ExpectedWeights(holds: { _ in true }) { found.append(($0, $1)) }
        _ = FlowTokModel(configuration.model, weights: Weights(source))
        return found
    }

    private static func write(_ all: [(name: String, shape: [Int])], to folder: String) throws {
        for (prefix, file, half) in [
            ("flow.", "FlowTok-XL.pth", false), ("image_tokenizer.", "FlowTiTok_512.bin", false),
            ("text_encoder.", "ViT-L-14-336px.pt", true),
        ] {
            let writer = try TorchArchiveWriter(to: folder + "/" + file, half: half)
            for (whole, shape) in all where whole.hasPrefix(prefix) {
                let name = String(whole.dropFirst(prefix.count))
                let inputs = Double(shape.dropFirst().reduce(1, *))
                let isScale = name.hasSuffix("weight") || name.hasSuffix(".g")
                try writer.append(
                    name,
                    SyntheticValues.tensor(
                        name, shape: shape, base: shape.count == 1 && isScale ? 1 : 0,
                        scale: shape.count > 1 ? (3 / inputs).squareRoot() : isScale ? 0.1 : 0.05))
            }
            try writer.finish()
        }
        try Data(ClipVocabularyFiles.merges(tokens: 49408).utf8)
            .write(to: URL(fileURLWithPath: folder + "/bpe_simple_vocab_16e6.txt"))
    }

    @Test func drawingTakesTheWeightsAndLittleMore() throws {
        let scratch = try Scratch()
        let all = Self.parameters()
        try scratch.makeFolder("xl")
        try Self.write(all, to: scratch.path("xl"))
        let imported = try Tool.run(["import", "xl", "--fast", "--image-size", "256"], in: scratch)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("FlowTok-XL, 77×16"))
        // What drawing reads: not the image tokenizer's encoder.
        let needed = all.filter {
            !$0.name.hasPrefix("image_tokenizer.encoder.") && $0.name != "image_tokenizer.latent_tokens"
        }.reduce(0) { $0 + $1.shape.reduce(1, *) }
        for (precision, bytes) in [("bfloat16", 2), ("float32", 4)] {
            let clock = ContinuousClock()
            let start = clock.now
            let (drawn, peak) = try Measured.run(
                ["t2i", "a red fox", "--model", "xl", "--seed", "1", "--steps", "20", "--guidance", "2", "--precision", precision, "--json"],
                in: scratch)
            let seconds = (clock.now - start) / .seconds(1)
            #expect(drawn.isEmpty, "\(drawn)")
            let ratio = Double(peak) / Double(needed * bytes)
            print(
                "FlowTok-XL, 256 px, 20 steps, guidance 2, \(precision): \(peak >> 20) MiB at most, \((needed * bytes) >> 20) MiB of weights, ratio \(ratio); \(seconds) s in all"
            )
            #expect(ratio <= 1.15 && ratio > 0.5, "\(precision)")
        }
        // Converting holds a tensor at a time; the largest of these files is CLIP's table of tokens.
        let (errors, peak) = try Measured.run(["convert", "xl", "small", "--type", "bf16"], in: scratch)
        print("convert of FlowTok-XL's folder to bf16: \(peak >> 20) MiB at most")
        #expect(errors.isEmpty && peak < 512 << 20, "\(errors)")
    }

    /// GigaTok XL-XXL, 2.9 billion parameters in bfloat16: both halves, and the decoder alone.
    @Test func reconstructingTakesTheWeightsAndLittleMore() throws {
        let scratch = try Scratch()
        let configuration = GigaTokConfiguration(
            encoder: TransformerShape(width: 1280, layers: 36, heads: 20),
            decoder: TransformerShape(width: 1536, layers: 48, heads: 24))
        #expect(configuration.publishedName == "XL-XXL")
        let all = try Self.writeHalf(to: scratch.path("giga.safetensors")) { _ = configuration.imageTokenizer($0) }
        try Image(width: 300, height: 280, filled: Color(hex: 0x204080)).write(to: scratch.path("sea.png"))

        func bytes(_ isUsed: (String) -> Bool) -> Int { Self.bytes(all.filter { isUsed($0.name) }) }
        let decoder = ["decoder.", "s1to2decoder.", "post_quant_conv.", "quantize."]
        for (arguments, needed) in [
            (["tokenize", "sea.png"], bytes { name in !decoder.dropLast().contains { name.hasPrefix($0) } }),
            (["detokenize", "sea.json"], bytes { name in decoder.contains { name.hasPrefix($0) } }),
            (["reconstruct", "sea.png", "-o", "again.png"], bytes { _ in true }),
        ] {
            try Self.expectLittleMore("GigaTok XL-XXL", than: needed, arguments + ["--model", "giga.safetensors"], in: scratch)
        }
    }

    /// TokenBridge-H, 0.9 billion parameters in bfloat16, with its image tokenizer's decoder.
    @Test func drawingWithTokenBridgeTakesTheWeightsAndLittleMore() throws {
        let scratch = try Scratch()
        let configuration = try #require(TokenBridgeConfiguration.published.first { $0.name == "TokenBridge-H" }).configuration
        let tokenizer = TokenBridgeTokenizerConfiguration()
        let generating = try Self.writeHalf(to: scratch.path("huge.safetensors")) { _ = configuration.generator($0) }
        let decoding = try Self.writeHalf(to: scratch.path("kl16.safetensors")) { _ = tokenizer.imageTokenizer($0) }
        let needed = Self.bytes(generating) + Self.bytes(decoding.filter { $0.name.hasPrefix("decoder.") || $0.name.hasPrefix("post_quant_conv.") })
        try Self.expectLittleMore(
            "TokenBridge-H", than: needed,
            ["generate", "--class", "1", "--seed", "1", "--steps", "16", "--model", "huge.safetensors", "--tokenizer", "kl16.safetensors"], in: scratch)
    }

    // MARK: - Files and runs

    /// Writes made-up values of the parameters that `build` asks for as bfloat16, a tensor at a time; returns their names and
    /// shapes.
    private static func writeHalf(to path: String, _ build: (Weights) -> Void) throws -> [(name: String, shape: [Int])] {
        var all: [(name: String, shape: [Int])] = []
        build(Weights(ExpectedWeights(holds: { _ in true }) { all.append(($0, $1)) }))
        let writer = try SafetensorsWriter(to: path, tensors: all.map { .init(name: $0.name, type: .bf16, shape: $0.shape) })
        for (name, shape) in all {
            let isScale = shape.count == 1 && name.hasSuffix("weight")
            let spread = shape.count > 1 ? (3 / Double(shape.dropFirst().reduce(1, *))).squareRoot() : isScale ? 0.1 : 0.05
            try writer.write(name, SyntheticValues.tensor(name, shape: shape, base: isScale ? 1 : 0, scale: spread))
        }
        try writer.finish()
        return all
    }

    /// Bytes of parameters as bfloat16.
    private static func bytes(_ all: [(name: String, shape: [Int])]) -> Int { all.reduce(0) { $0 + 2 * $1.shape.reduce(1, *) } }

    /// Runs `flowtok` in bfloat16, within an address space of what it may take and the files that it maps.
    private static func expectLittleMore(_ model: String, than needed: Int, _ arguments: [String], in scratch: Scratch) throws {
        let files = try scratch.names().filter { $0.hasSuffix(".safetensors") }.reduce(0) { sum, name in
            sum + (try FileManager.default.attributesOfItem(atPath: scratch.path(name))[.size] as? Int ?? 0)
        }
        let clock = ContinuousClock()
        let start = clock.now
        // Addresses are no memory: threads and libraries reserve some that they never touch.
        let (errors, peak) = try Measured.run(
            arguments + ["--precision", "bfloat16"], in: scratch, addressLimit: needed / 100 * 115 + files + (2 << 30))
        let seconds = (clock.now - start) / .seconds(1)
        #expect(errors.isEmpty, "\(errors)")
        let ratio = Double(peak) / Double(needed)
        print(
            "\(model), \(arguments[0]), bfloat16: \(peak >> 20) MiB at most, \(needed >> 20) MiB of weights in use, ratio \(ratio); \(seconds) s in all"
        )
        #expect(ratio <= 1.15 && ratio > 0.5, "\(arguments[0])")
    }
}

/// Runs of `flowtok` of which the memory matters.
enum Measured {
    /// Runs `flowtok` and follows the peak of its resident memory, which the system tells as long as it runs.
    static func run(
        _ arguments: [String], in scratch: Scratch, addressLimit: Int? = nil
    ) throws -> (errors: String, peak: Int) {
        let (process, _, errors) = try Tool.start(arguments, in: scratch, addressLimit: addressLimit)
        var peak = 0
        while process.isRunning {
            let status = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)) ?? ""
            if let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) {
                peak = max(peak, (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) << 10)
            }
            Thread.sleep(forTimeInterval: 0.02)
        }
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return (try String(contentsOf: errors, encoding: .utf8), peak)
    }
}
