import ArgumentParser
import Benchmarks
import FlowTok
import Foundation
import ModelFolders
import Tensors

/// `flowtok bench`.
struct Bench: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Measure how fast flowtok is on this machine, against its peak and against a peer.",
            discussion: """
                Every row is the median of rounds in which all benchmarks take turns, after one round to warm up. Products \
                are quoted as a share of what the CPU's multiply-and-add instruction of that type reaches on registers \
                alone, measured in the same rounds. Nothing else should run meanwhile.

                ROWS
                  peak.TYPE                   multiply-and-add on registers, all threads
                  peak.memory                 reading memory, all threads
                  gemm.TYPE.MxNxK             x Wᵀ with packed weights, as in inference
                  gemm.loose.TYPE.MxNxK       the same with both sides packed each time, as in training
                  gemm.openblas.MxNxK         the same by OpenBLAS, float32
                  velocity.SIZE.TYPE          one guided evaluation: a batch of two
                  decode.256.TYPE             the tokens of one picture to its pixels
                  convolution.NETWORK.TYPE    the convolutions of an image tokenizer, one picture of 256 pixels
                  train.tokenizer.TYPE        one step of the default tokenizer, 24 pictures
                  train.transformers.TYPE     one step of its two transformers alone, as the peer's script has them
                  generate.SIZE.TYPE          one step of a network of --family, see below
                  load.TYPE                   start of the program until the model stands
                  t2i.TYPE                    start of the program until the picture is written
                  i2t.TYPE                    start of the program until the caption is printed
                  draw.TYPE                   a picture by the library, whose model is open
                  velocity and decode end in .batchN where --batch says so.

                The networks of velocity and decode have the official shapes and random weights, or are those of --model. \
                load, t2i, i2t and draw need a model; without one they are left out unless they are asked for. generate measures the \
                networks of --family, a family of models, with random weights of a published size: tokens and images a \
                second, and of autoregressive ones what is read of memory for a token as a share of its bandwidth, \
                which is measured between the steps. A step is one of drawing, guided as published, without the image \
                tokenizer; of FlexTok it is one of its decoder, of GigaTok's tokenizer an image from its tokens.

                scale, which is asked for alone, tells how time and memory grow over pictures at once, tokens, the side of \
                the image and threads, with the exponents that fit best; --plot draws it.

                JSON
                  flowtok, cpu, kernels, threads, load (of the machine, before), rows: name, kind, precision, size, batch, seconds \
                (median), fastest, slowest, rounds, gigaflops, gigaflops_per_second, share_of_peak, bytes (most in memory), \
                against (seconds), peer, ratio (how many times faster than that), \
                gigabytes_per_second, share_of_bandwidth, tokens_per_second, images_per_second.

                EXAMPLES
                  flowtok bench peak gemm
                  flowtok bench velocity decode train --against torch.jsonl --json > bench.json
                  flowtok bench --against bench.json
                  flowtok bench generate --family rar --published RAR-XL --precision bf16
                  flowtok bench velocity --batch 8 --precision bf16
                  flowtok bench scale --size b --precision bf16 --plot scale.png
                """)
    }

    @Argument(help: "What to measure: peak, gemm, velocity, decode, train, generate, load, t2i, i2t, draw, scale (default: all but generate and scale).")
    var kinds: [Benchmark.Kind] = []

    @Option(help: "A model folder, whose networks velocity and decode measure then.", completion: .directory)
    var model: String?

    @Option(
        help: "The networks of velocity, decode and scale: tiny, s, b, l, xl or h (default: xl, of scale b). With tiny, everything is tiny.")
    var size: NetworkSize?

    @Option(parsing: .unconditional, help: "Pictures at once, of velocity and decode.")
    var batch = 1

    @Option(help: "Draw what scale finds as this picture.", completion: .file(extensions: ["png"]))
    var plot: String?

    @Option(
        help:
            "What generate measures: rar, llamagen, gigatok, tokenbridge, maskgit, maskgen, flextok, or another family; may be given several times."
    )
    var family: [String] = []

    @Option(help: "The published size of the networks of --family, as GPT-XL (default: the first).")
    var published: String?

    @Option(name: [.customLong("precision"), .customLong("type")], help: "A type of products to measure; may be given several times (default: all three).")
    var precision: [Precision] = []

    @Option(
        help: "Figures to hold against: what a peer printed (JSON, one object a line), or bench --json of before.",
        completion: .file())
    var against: String?

    @Option(name: [.customLong("repeat")], parsing: .unconditional, help: "Rounds that count.")
    var rounds = 7

    @Option(parsing: .unconditional, help: "Threads to use (default: the cores that the process may use).")
    var threads: Int?

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print a JSON object.")
    var json = false

    @Flag(help: .hidden)
    var onlyLoad = false

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--repeat is \(rounds), expected 1 to 1000") }
        if let threads { try checkThreads(threads) }
        if kinds.contains(.generate), family.isEmpty {
            throw ValidationError("nothing to draw with: generate expects --family, such as --family rar")
        }
        guard (1...1024).contains(batch) else { throw ValidationError("--batch is \(batch), expected 1 to 1024") }
        if kinds.contains(.scale), kinds != [.scale] { throw ValidationError("scale is measured alone") }
        if kinds.contains(.scale), model != nil || against != nil { throw ValidationError("scale goes without --model and --against") }
        if plot != nil, kinds != [.scale] { throw ValidationError("--plot draws what scale finds: flowtok bench scale --plot FILE") }
        if published != nil, family.count != 1 { throw ValidationError("--published expects one --family") }
    }

    func run() throws {
        if let threads { Machine.threads = threads }
        if onlyLoad {
            _ = try FlowTok(model: model ?? DefaultModel.path(), precision: precision.first)
            return
        }
        if kinds == [.scale] { return try runScale() }
        // What is wrong with the figures should be reported before minutes of measuring.
        let peer = try against.map { try PeerFigures(path: $0) }
        let load = SystemFacts.loadAverage
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let progress = ProgressLine(enabled: true, onlyOnTerminal: true)
        progress.show(0, "making the networks")
        var rows = try measure(try benchmarks(scratch: scratch), rounds: rounds) { progress.show($0, $1) }
        progress.finish()
        peer?.compare(&rows)
        let report = BenchmarkReport(
            flowtok: FlowTok.version, cpu: SystemFacts.processor, kernels: Machine.kernelLevel,
            threads: Machine.threads, load: load, rows: rows)
        if json { try Console.print(json: report) } else { BenchmarkTable.print(report) }
    }

    private func runScale() throws {
        let (size, precision) = (size ?? .b, precision.first ?? .bfloat16)
        try plot.map { OutputFile(named: $0) }?.prepare()
        let progress = ProgressLine(enabled: true, onlyOnTerminal: true)
        progress.show(0, "making the networks")
        let series = try measureScale(size, precision, rounds: rounds) { progress.show($0, $1) }
        progress.finish()
        let report = ScaleReport(
            flowtok: FlowTok.version, cpu: SystemFacts.processor, kernels: Machine.kernelLevel, threads: Machine.threads,
            precision: precision.rawValue, size: size.rawValue, series: series)
        if json { try Console.print(json: report) } else { ScaleTable.print(report) }
        guard let plot else { return }
        var file = OutputFile(named: plot)
        try file.write(ScaleTable.plot(report))
    }

    /// The precisions that were asked for, or all that the model can be had in.
    private func precisions() throws -> [Precision] {
        guard precision.isEmpty else { return precision }
        guard let model else { return Precision.allCases }
        let opened = try ModelFolder(path: model)
        return opened.isPacked ? [opened.precision] : Precision.allCases
    }

    private func benchmarks(scratch: String) throws -> [Benchmark] {
        let wanted = Set(kinds.isEmpty ? Benchmark.Kind.allCases : kinds)
        let precisions = try precisions()
        let size = size ?? .xl
        let isTiny = size == .tiny
        var found: [Benchmark] = []
        if !wanted.isDisjoint(with: [.peak, .gemm, .velocity, .decode, .convolution, .train]) { found += Benchmark.peaks(quick: isTiny) }
        let memory = wanted.contains(.peak) || (wanted.contains(.generate) && !family.isEmpty) ? MemoryBlock(quick: isTiny) : nil
        if let memory { found.append(Benchmark.memory(memory)) }
        if wanted.contains(.gemm) { found += Benchmark.products(precisions, quick: isTiny) }
        if !wanted.isDisjoint(with: [.velocity, .decode]) {
            for precision in precisions {
                let opened = try model.map { try FlowTok(model: $0, precision: precision) }
                if wanted.contains(.velocity) {
                    found.append(opened.map { Benchmark.velocity($0, batch: batch) } ?? Benchmark.velocity(size, precision, batch: batch))
                }
                if wanted.contains(.decode) {
                    found.append(opened.map { Benchmark.decode($0, batch: batch) } ?? Benchmark.decode(size, precision, batch: batch))
                }
            }
        }
        if wanted.contains(.convolution) {
            for precision in precisions where precision != .int8 { found += Benchmark.convolutions(precision, quick: isTiny) }
        }
        if wanted.contains(.train) {
            // Eight bits are too few to learn in.
            for precision in precisions where precision != .int8 { found += Benchmark.training(precision, quick: isTiny) }
        }
        if wanted.contains(.generate), let memory {
            for name in family {
                found += try Benchmark.generators(name, size: published, precisions, memory: memory, quick: isTiny)
            }
        }
        let whole = Benchmark.Kind.allCases.filter { [.load, .t2i, .i2t, .draw].contains($0) && wanted.contains($0) }
        guard !whole.isEmpty else { return found }
        do {
            let folder = try model ?? DefaultModel.path()
            for precision in precisions {
                found += try Benchmark.processes(
                    whole, program: SystemFacts.executable, model: folder, precision: precision, scratch: scratch)
                if wanted.contains(.draw) { found.append(Benchmark.draw(try FlowTok(model: folder, precision: precision))) }
            }
        } catch  where kinds.isEmpty && model == nil {
            Console.report("load, t2i, i2t and draw are left out: \(Failure(error).description)")
        }
        return found
    }
}

extension Benchmark.Kind: ExpressibleByArgument {}
extension NetworkSize: ExpressibleByArgument {}
