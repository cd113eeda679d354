import Tensors

/// Runs benchmarks in turns, so that a slow minute of the machine falls on all of them: one round to warm up, then
/// `rounds` that count.
///
/// - Parameter progress: called with the fraction that is done and what comes next.
/// - Returns: a row to a benchmark, in order, with shares of the peaks among them.
public func measure(
    _ benchmarks: [Benchmark], rounds: Int, progress: (Double, String) -> Void = { _, _ in }
) throws -> [BenchmarkReport.Row] {
    var samples = [[Double]](repeating: [], count: benchmarks.count)
    var bytes = [Int?](repeating: nil, count: benchmarks.count)
    for round in 0...rounds {
        for (index, benchmark) in benchmarks.enumerated() {
            progress(
                Double(round * benchmarks.count + index) / Double((rounds + 1) * benchmarks.count), benchmark.name)
            let (seconds, most) = try benchmark.run()
            if round > 0 { samples[index].append(seconds) }
            if let most { bytes[index] = max(bytes[index] ?? 0, most) }
        }
    }
    var rows = zip(benchmarks, samples).enumerated().map { index, pair in
        let (benchmark, samples) = pair
        let seconds = median(samples)
        let work = benchmark.work()
        func rate(_ amount: Double?) -> Double? { amount.map { $0 / max(seconds, 1e-12) } }
        return BenchmarkReport.Row(
            name: benchmark.name, kind: benchmark.kind, precision: benchmark.precision?.rawValue, size: benchmark.size,
            batch: benchmark.batch,
            seconds: seconds, fastest: samples.min() ?? 0, slowest: samples.max() ?? 0, rounds: samples.count,
            gigaflops: benchmark.gigaflops,
            gigaflopsPerSecond: benchmark.gigaflops.map { $0 / max(seconds, 1e-12) }, shareOfPeak: nil,
            gigabytesPerSecond: rate(work.bytesRead.map { Double($0) / 1e9 }), shareOfBandwidth: work.shareOfBandwidth,
            tokensPerSecond: rate(work.tokens), imagesPerSecond: rate(work.images),
            bytes: bytes[index], against: nil, peer: nil, ratio: nil)
    }
    let peaks = Dictionary(
        rows.filter { $0.kind == .peak }.map { ($0.precision, $0.gigaflopsPerSecond) }, uniquingKeysWith: { first, _ in first })
    for index in rows.indices where rows[index].kind != .peak {
        // Where the CPU has no instruction for a type, its products are float32.
        let peak = peaks[rows[index].precision] ?? peaks[Precision.float32.rawValue]
        if let speed = rows[index].gigaflopsPerSecond, let peak = peak.flatMap({ $0 }), peak > 0 {
            rows[index].shareOfPeak = speed / peak
        }
    }
    if let bandwidth = rows.first(where: { $0.kind == .peak && $0.gigabytesPerSecond != nil })?.gigabytesPerSecond {
        for index in rows.indices where rows[index].kind != .peak && rows[index].shareOfBandwidth == nil {
            rows[index].shareOfBandwidth = rows[index].gigabytesPerSecond.map { $0 / max(bandwidth, 1e-12) }
        }
    }
    return rows
}

/// The middle value, or the mean of the two middle ones; 0 of none.
func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
