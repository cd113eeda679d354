import Files
import Foundation
import Layers
import ModelFolders
import Networks
import Sampling
import Tensors

/// Why no benchmark of a generator can be made.
public enum GeneratorBenchmarkError: Equatable, Sendable, CategorizedError {
    /// No family of generators of that name; `known` are those that can be measured.
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
    /// Drawing with generators of a family, with weights of no meaning: `generate.SIZE.PRECISION`. A run is one step of one
    /// image, guided as published: the mean over the steps of some seconds. The image tokenizer is not in it.
    ///
    /// - Parameters:
    ///   - family: the id of a family of the registry, or what the ids of several begin with: `rar`, `maskgen`.
    ///   - size: a published size by its name; nil for the first.
    ///   - quick: tiny networks, to try the benchmark with.
    /// - Throws: `GeneratorBenchmarkError`.
    public static func generators(
        _ family: String, size: String?, _ precisions: [Precision], quick: Bool = false
    ) throws -> [Benchmark] {
        let known = ModelFamilies.all.compactMap { family -> (id: String, type: any TokenGeneratorConfiguration.Type)? in
            guard case .generator(let type) = family.network, !type.publishedSizes.isEmpty else { return nil }
            return (family.id, type)
        }
        let found = known.filter { $0.id == family || $0.id.hasPrefix(family + "-") }
        guard !found.isEmpty else { throw GeneratorBenchmarkError.unknownFamily(family, known: known.map(\.id)) }
        let named = found.flatMap { $0.type.publishedSizes }
        if let size, !named.contains(where: { $0.name.lowercased() == size.lowercased() }) {
            throw GeneratorBenchmarkError.unknownSize(size, known: named.map(\.name))
        }
        return found.flatMap { entry -> [Benchmark] in
            let sizes = entry.type.publishedSizes
            // Small networks come last.
            let chosen =
                if let size {
                    sizes.filter { $0.name.lowercased() == size.lowercased() }
                } else {
                    Array(quick ? sizes.suffix(1) : sizes.prefix(1))
                }
            return chosen.flatMap { size in precisions.map { drawing(size.name, size.configuration, $0, quick: quick) } }
        }
    }

    private static func drawing(
        _ name: String, _ configuration: any TokenGeneratorConfiguration, _ precision: Precision, quick: Bool
    ) -> Benchmark {
        let work = DrawingWork(tokens: configuration.tokens.count)
        let label = name.lowercased().replacing(" ", with: "-")
        return Benchmark(
            "generate.\(label).\(precision.rawValue)", .generate, precision: precision, size: name, work: { work.figures }
        ) {
            // Networks come and go: several of them need not fit into memory side by side.
            Machine.releaseCachedMemory()
            let before = ResidentMemory.bytes
            let generator = configuration.generator(Weights(PackingWeights(RecurringWeights(), as: precision)))
            let seconds = try Precision.$current.withValue(precision) {
                try work.run(generator, configuration.subjects, most: quick ? .milliseconds(50) : .seconds(2))
            }
            let after = ResidentMemory.bytes
            return (seconds, before.flatMap { before in after.map { max(0, $0 - before) } })
        }
    }
}

/// What a run of a drawing benchmark found besides its seconds.
private final class DrawingWork {
    private struct Stop: Error {}

    private let tokens: Int
    private var steps = 1
    private var bytesPerStep: Int?

    init(tokens: Int) { self.tokens = tokens }

    var figures: Benchmark.Work {
        Benchmark.Work(
            bytesRead: bytesPerStep, tokens: Double(tokens) / Double(steps), images: 1 / Double(steps))
    }

    /// Draws for some time, and returns the seconds of a step after the first.
    func run(_ generator: any TokenGenerator, _ subjects: GeneratorSubjects, most: Duration) throws -> Double {
        bytesPerStep = generator.bytesReadPerStep
        var noise: any NoiseSource = CounterRandom(seed: 1)
        let clock = ContinuousClock()
        let start = clock.now
        var (first, last) = (start, start)
        var taken = 0
        do {
            _ = try generator.generate(condition(subjects), settings: generator.defaults, noise: &noise) { step in
                steps = step.steps
                taken = step.step
                last = clock.now
                if step.step == 1 { first = last }
                if step.step > 2, last - start > most { throw Stop() }
            }
        } catch is Stop {}
        return taken > 1 ? (last - first) / .seconds(1) / Double(taken - 1) : (last - start) / .seconds(1)
    }

    private func condition(_ subjects: GeneratorSubjects) -> GeneratorCondition {
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

/// What this process has in memory.
enum ResidentMemory {
    /// Bytes; nil where the system does not say.
    static var bytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * 4096
    }
}
