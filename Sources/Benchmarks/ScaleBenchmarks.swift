import CKernels
import Foundation
import Networks
import Tensors

/// How time and memory grow with what is asked for: one series of measurements for each thing that can grow.
public struct ScaleReport: Sendable, Codable {
    /// The measurements over one size, the others staying.
    public struct Series: Sendable, Codable {
        /// What grows: `batch`, `tokens`, `side` (of the image, in pixels) or `threads`.
        public var name: String
        /// The network that is measured: `velocity` (one guided evaluation) or `decode`.
        public var network: String
        public var points: [Point]
        /// e in seconds ~ value^e, and in bytes ~ value^e, by least squares of the logarithms; nil of fewer than two points.
        public var timeExponent: Double?
        public var memoryExponent: Double?

        enum CodingKeys: String, CodingKey {
            case name, network, points
            case timeExponent = "time_exponent"
            case memoryExponent = "memory_exponent"
        }
    }

    /// One measurement.
    public struct Point: Sendable, Codable {
        public var value: Int
        /// The median of the rounds, in seconds.
        public var seconds: Double
        /// The most bytes in use at once beside weights.
        public var bytes: Int
    }

    public var flowtok: String
    public var cpu: String
    public var kernels: String
    public var threads: Int
    public var precision: String
    public var size: String
    public var series: [Series]

    public init(
        flowtok: String, cpu: String, kernels: String, threads: Int, precision: String, size: String, series: [Series]
    ) {
        self.flowtok = flowtok
        self.cpu = cpu
        self.kernels = kernels
        self.threads = threads
        self.precision = precision
        self.size = size
        self.series = series
    }
}

/// Measures how time and memory of a size's networks grow: over pictures at once (1 to 64), tokens (32 to 256), the side of the
/// image (128 to 512 pixels) and threads (1 to those in use).
///
/// - Parameters:
///   - rounds: that count, after one to warm up, in which the points of a series take turns.
///   - progress: called with the fraction that is done and what comes next.
public func measureScale(
    _ size: NetworkSize, _ precision: Precision, rounds: Int, progress: (Double, String) -> Void = { _, _ in }
) throws -> [ScaleReport.Series] {
    let plans = ScalePlan.all(size, precision)
    return try plans.enumerated().map { index, plan in
        try plan.measured(rounds: rounds) { progress((Double(index) + $0) / Double(plans.count), $1) }
    }
}

/// A series that is to be measured.
private struct ScalePlan {
    let name: String
    let network: String
    let values: [Int]
    /// What runs for a value.
    let benchmark: (Int) -> Benchmark

    static func all(_ size: NetworkSize, _ precision: Precision) -> [ScalePlan] {
        let isTiny = size == .tiny
        // Weights are shared by the points of a series where shapes allow it.
        let velocity = Benchmark.network(size.velocity, precision)
        let decoder = Benchmark.tokenizer(size.tokenizer, precision)
        let threads = Machine.threads
        return [
            ScalePlan(name: "batch", network: "velocity", values: isTiny ? [1, 2] : [1, 2, 4, 8, 16, 32, 64]) {
                .velocity(velocity, size: size.rawValue, precision, batch: $0)
            },
            ScalePlan(name: "batch", network: "decode", values: isTiny ? [1, 2] : [1, 2, 4, 8]) {
                .decode(decoder, size: size.rawValue, precision, batch: $0)
            },
            ScalePlan(name: "tokens", network: "velocity", values: [32, 64, 128, 256]) {
                var form = size.velocity
                form.tokens = $0
                return .velocity(Benchmark.network(form, precision), size: size.rawValue, precision, batch: 1)
            },
            ScalePlan(name: "side", network: "decode", values: isTiny ? [32, 64] : [128, 192, 256, 384, 512]) {
                var form = size.tokenizer
                form.imageSize = $0
                return .decode(Benchmark.tokenizer(form, precision), size: size.rawValue, precision, batch: 1)
            },
            ScalePlan(name: "threads", network: "velocity", values: Array(1...threads)) { count in
                let one = Benchmark.velocity(velocity, size: size.rawValue, precision, batch: 1)
                return Benchmark(one.name, one.kind, precision: precision, size: one.size) {
                    Machine.threads = count
                    defer { Machine.threads = threads }
                    return try one.run()
                }
            },
        ]
    }

    func measured(rounds: Int, progress: (Double, String) -> Void) throws -> ScaleReport.Series {
        let benchmarks = values.map(benchmark)
        var samples = [[Double]](repeating: [], count: values.count)
        var bytes = [Int](repeating: 0, count: values.count)
        for round in 0...rounds {
            for (index, benchmark) in benchmarks.enumerated() {
                progress(Double(round * values.count + index) / Double((rounds + 1) * values.count), "\(network), \(name) \(values[index])")
                if round == 0 {
                    // Blocks in use tell more than what is resident: the allocator keeps what earlier points gave back.
                    ck_forget_most_bytes()
                    let before = ck_bytes_in_use()
                    _ = try benchmark.run()
                    bytes[index] = ck_most_bytes() - before
                } else {
                    samples[index].append(try benchmark.run().seconds)
                }
            }
        }
        let points = values.indices.map { ScaleReport.Point(value: values[$0], seconds: median(samples[$0]), bytes: bytes[$0]) }
        return ScaleReport.Series(
            name: name, network: network, points: points,
            timeExponent: fittedExponent(points.map { (Double($0.value), $0.seconds) }),
            memoryExponent: fittedExponent(points.map { (Double($0.value), Double($0.bytes)) }))
    }
}

/// e in y ~ x^e, by least squares of the logarithms; nil of fewer than two points, and where the x are all the same.
func fittedExponent(_ points: [(x: Double, y: Double)]) -> Double? {
    let logarithms = points.filter { $0.x > 0 && $0.y > 0 }.map { (x: log($0.x), y: log($0.y)) }
    guard logarithms.count > 1 else { return nil }
    let count = Double(logarithms.count)
    let x = logarithms.reduce(0) { $0 + $1.x } / count, y = logarithms.reduce(0) { $0 + $1.y } / count
    let across = logarithms.reduce(0) { $0 + ($1.x - x) * ($1.x - x) }
    guard across > 0 else { return nil }
    return logarithms.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / across
}
