import Files
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors

/// Why no benchmark of drawing can be made.
public enum GeneratorBenchmarkError: Equatable, Sendable, CategorizedError {
    /// No family of that name; `known` are those that can be measured.
    case unknownFamily(String, known: [String])
    /// A family has no published size of that name.
    case unknownSize(String, known: [String])

    public var category: ErrorCategory { .usage }

    public var description: String {
        switch self {
        case .unknownFamily(let name, let known): "no generators \"\(name)\", expected one of \(known.joined(separator: ", "))"
        case .unknownSize(let name, let known): "no size \"\(name)\", expected one of \(known.joined(separator: ", "))"
        }
    }
}

extension Benchmark {
    /// Drawing with the networks of a family, with weights of no meaning: `generate.SIZE.PRECISION`. A run of a generator, or
    /// of an image tokenizer whose decoder is a flow, is one step of one image, guided as published: the mean over the steps
    /// of some seconds. A run of another image tokenizer is an image from its tokens.
    ///
    /// - Parameters:
    ///   - family: what means one or more families of the registry: `rar`, `maskgen`, `gigatok`.
    ///   - size: a published size by its name; nil for the first of each family.
    ///   - memory: is read between the steps: how much a second decides what share of it a step reaches.
    ///   - quick: tiny networks, to try the benchmark with.
    /// - Throws: `GeneratorBenchmarkError`.
    public static func generators(
        _ family: String, size: String?, _ precisions: [Precision], memory: MemoryBlock, quick: Bool = false
    ) throws -> [Benchmark] {
        let known = ModelFamilies.all.map { (family: $0, sizes: DrawingNetwork.publishedSizes(of: $0)) }.filter { !$0.sizes.isEmpty }
        let found = known.filter { $0.family.isMeant(by: family) }
        guard !found.isEmpty else { throw GeneratorBenchmarkError.unknownFamily(family, known: known.map(\.family.id)) }
        func isWanted(_ name: String) -> Bool { name.lowercased() == size?.lowercased() }
        let named = found.flatMap(\.sizes).map(\.name)
        if let size, !named.contains(where: isWanted) { throw GeneratorBenchmarkError.unknownSize(size, known: named) }
        return found.flatMap { entry -> [Benchmark] in
            // Small networks come last.
            let chosen = size != nil ? entry.sizes.filter { isWanted($0.name) } : Array(quick ? entry.sizes.suffix(1) : entry.sizes.prefix(1))
            return chosen.flatMap { size in precisions.map { drawing(size.name, size.network, $0, memory, quick: quick) } }
        }
    }

    private static func drawing(
        _ name: String, _ network: DrawingNetwork, _ precision: Precision, _ memory: MemoryBlock, quick: Bool
    ) -> Benchmark {
        let work = DrawingWork(tokens: network.tokens.count, memory: memory)
        let label = name.lowercased().replacing(" ", with: "-")
        return Benchmark(
            "generate.\(label).\(precision.rawValue)", .generate, precision: precision, size: name, work: { work.figures }
        ) {
            // Networks come and go: several of them need not fit into memory side by side.
            Machine.releaseCachedMemory()
            let before = ResidentMemory.bytes
            let seconds = try Precision.$current.withValue(precision) {
                try work.run(try network.drawing(precision), most: quick ? .milliseconds(50) : .seconds(12))
            }
            let after = ResidentMemory.bytes
            return (seconds, before.flatMap { before in after.map { max(0, $0 - before) } })
        }
    }
}

/// What images are drawn with.
private enum DrawingNetwork {
    case generator(any TokenGeneratorConfiguration)
    case imageTokenizer(any ImageTokenizerConfiguration)

    /// Draws an image: its steps as published, the bytes that a step reads, and what runs, given what is called after each
    /// step.
    struct Drawing {
        let steps: Int
        var bytesRead: (Int) -> Int? = { _ in nil }
        let run: ((GenerationStep) throws -> Void) throws -> Void
    }

    /// Steps of an image that are drawn where their number is a choice: as many as give a mean of early and late ones.
    private static let mostSteps = 8

    static func publishedSizes(of family: ModelFamily) -> [(name: String, network: DrawingNetwork)] {
        switch family.network {
        case .generator(let type): type.publishedSizes.map { ($0.name, .generator($0.configuration)) }
        case .imageTokenizer(let type): type.publishedSizes.map { ($0.name, .imageTokenizer($0.configuration)) }
        case .flow, .textEncoder: []
        }
    }

    var tokens: TokenShape {
        switch self {
        case .generator(let configuration): configuration.tokens
        case .imageTokenizer(let configuration): configuration.tokens
        }
    }

    private static func weights(_ precision: Precision) -> Weights { Weights(PackingWeights(RecurringWeights(), as: precision)) }

    func drawing(_ precision: Precision) throws -> Drawing {
        switch self {
        case .generator(let configuration):
            let generator = configuration.generator(Self.weights(precision))
            var settings = generator.defaults
            settings.steps = settings.steps.map { min($0, Self.mostSteps) }
            return Drawing(
                steps: generator.defaults.steps ?? configuration.tokens.count, bytesRead: { generator.bytesRead(inStep: $0) }
            ) { progress in
                var noise: any NoiseSource = CounterRandom(seed: 1)
                _ = try generator.generate(Self.condition(configuration.subjects), settings: settings, noise: &noise, progress: progress)
            }
        case .imageTokenizer(let configuration):
            // What encodes is not drawn with, and is not made.
            let tokenizer = configuration.imageTokenizer(
                Self.weights(precision), expected: Weights(ExpectedWeights(holds: { _ in true }) { _, _ in }),
                later: DeferredWeights { (Self.weights(precision), {}) })
            let codes = ImageTokens.indices([[Int32](repeating: 0, count: configuration.tokens.count * configuration.tokens.channels)])
            let drawing = Drawing(steps: tokenizer.decoderSettings?.steps ?? 1) { progress in
                let steps = tokenizer.decoderSettings.map { min($0.steps, Self.mostSteps) }
                _ = try tokenizer.detokenize(codes, guidedBy: nil, options: DecodeOptions(steps: steps), progress: progress)
            }
            // The first image reads the weights. Where a step is measured, the first one does.
            if tokenizer.decoderSettings == nil { try drawing.run { _ in } }
            return drawing
        }
    }

    private static func condition(_ subjects: GeneratorSubjects) -> GeneratorCondition {
        switch subjects {
        case .classes: return .classes([0])
        case .captions(let width):
            var random = CounterRandom(seed: 2)
            func text() -> TextCondition {
                TextCondition(
                    hidden: .randomNormal([1, 77, width], using: &random), pooled: .randomNormal([1, width], using: &random))
            }
            return .captions(text(), unconditional: text())
        }
    }
}

/// What a run of a drawing benchmark found besides its seconds.
private final class DrawingWork {
    private struct Stop: Error {}

    private let tokens: Int
    private let memory: MemoryBlock
    private var steps = 1
    private var bytesPerStep: Int?
    /// Of every run, shares of the bandwidth that was measured between its steps: neighbours of this process and of this
    /// machine take of it, now more and now less.
    private var shares: [Double] = []

    init(tokens: Int, memory: MemoryBlock) {
        self.tokens = tokens
        self.memory = memory
    }

    var figures: Benchmark.Work {
        Benchmark.Work(
            bytesRead: bytesPerStep, tokens: Double(tokens) / Double(steps), images: 1 / Double(steps),
            shareOfBandwidth: shares.isEmpty ? nil : median(shares))
    }

    /// Draws an image, or its first steps where it takes longer than `most`, and returns the mean of the seconds of a step
    /// after the first.
    func run(_ drawing: DrawingNetwork.Drawing, most: Duration) throws -> Double {
        steps = drawing.steps
        let clock = ContinuousClock()
        let start = clock.now
        var (first, last, lastReading) = (start, start, start)
        var (reading, readings) = (Duration.zero, 0)
        var taken = 0
        do {
            try drawing.run { step in
                taken = step.step
                last = clock.now
                if step.step == 1 { first = last }
                if step.step > 2, last - start > most { throw Stop() }
                // Not after the last step: what is read is taken from the time between the first and the last one.
                guard step.step == 1 || last - lastReading > .milliseconds(100), step.step < step.steps else { return }
                memory.read()
                lastReading = clock.now
                reading += lastReading - last
                readings += 1
            }
        } catch is Stop {}
        guard taken > 1 else { return (clock.now - start) / .seconds(1) }
        let seconds = (last - first - reading) / .seconds(1) / Double(taken - 1)
        let bytes = (2...taken).map { drawing.bytesRead($0) }
        bytesPerStep = bytes.contains(nil) ? nil : bytes.compactMap { $0 }.reduce(0, +) / bytes.count
        if let bytesPerStep, readings > 0 {
            let bandwidth = Double(memory.bytes * readings) / (reading / .seconds(1))
            shares.append(Double(bytesPerStep) / max(seconds, 1e-12) / bandwidth)
        }
        return seconds
    }
}
