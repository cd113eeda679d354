import Checkpoints
import Files
import Foundation
import Images

/// The metrics of a run by step: a CSV file that grows, and a picture of the curves.
package final class TrainingLog {
    private let path: String
    private var columns: [String] = []
    private var rows: [(step: Int, values: [Double])] = []
    private var written: ContinuousClock.Instant?

    /// Reads what an earlier part of the run wrote, up to `step`, and goes on from there.
    package init(path: String, resumingAt step: Int) {
        self.path = path
        guard step > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
        let lines = text.split(whereSeparator: \.isNewline)
        guard let header = lines.first?.split(separator: ","), header.first == "step" else { return }
        columns = header.dropFirst().map(String.init)
        for line in lines.dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            // A run that was killed may have logged steps that no checkpoint kept; they come again.
            guard let row = fields.first.flatMap({ Int($0) }), row > (rows.last?.step ?? 0), row <= step,
                fields.count == columns.count + 1
            else { continue }
            rows.append((row, fields.dropFirst().map { Double($0) ?? .nan }))
        }
    }

    /// The number of rows.
    package var count: Int { rows.count }

    /// Adds a row. Figures that no row had before become columns at the end.
    package func append(step: Int, _ metrics: [(name: String, value: Double)]) {
        let new = metrics.map(\.name).filter { !columns.contains($0) }
        if !new.isEmpty {
            columns += new
            for row in rows.indices { rows[row].values += Array(repeating: .nan, count: new.count) }
        }
        let byName = Dictionary(metrics.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        rows.append((step, columns.map { byName[$0] ?? .nan }))
    }

    /// Writes the whole file anew, so that a stop at any moment leaves one that is complete up to some step.
    ///
    /// - Parameter interval: the least time since the last writing: the file grows with the run, and steps may be short.
    package func write(notWithin interval: Duration = .zero) throws {
        let now = ContinuousClock.now
        if let written, now - written < interval { return }
        var text = (["step"] + columns).joined(separator: ",") + "\n"
        for row in rows {
            text += "\(row.step)," + row.values.map { $0.isNaN ? "" : String(format: "%.6g", $0) }.joined(separator: ",") + "\n"
        }
        try AtomicFile.write(to: path, text: text)
        written = now
    }

    /// The curves of the columns whose names `wanted` accepts, each point the mean over its neighbours.
    package func plot(title: String, columns wanted: (String) -> Bool) -> Image {
        let window = max(1, rows.count / 200)
        let series = columns.indices.filter { wanted(columns[$0]) }.map { column in
            var points: [SIMD2<Double>] = []
            for start in stride(from: 0, to: rows.count, by: window) {
                let part = rows[start..<min(rows.count, start + window)].map { $0.values[column] }.filter { $0.isFinite && $0 > 0 }
                guard !part.isEmpty else { continue }
                points.append(SIMD2(Double(rows[start].step), part.reduce(0, +) / Double(part.count)))
            }
            return Plot.Series(columns[column], points: points)
        }
        return Plot(title: title, xLabel: "step", yLabel: "", series: series, isLogarithmic: true).image(width: 800, height: 480)
    }
}

/// The metrics of the steps since the last line of the log: their means, and how many steps were skipped.
struct IntervalMetrics {
    private var names: [String] = []
    private var sums: [String: (total: Double, count: Int)] = [:]
    private var skipped = 0

    /// Whether no step was taken.
    var isEmpty: Bool { sums.isEmpty && skipped == 0 }

    mutating func add(_ metrics: [(name: String, value: Double)]) {
        for (name, value) in metrics {
            if sums[name] == nil { names.append(name) }
            let old = sums[name] ?? (0, 0)
            sums[name] = (old.total + value, old.count + 1)
        }
    }

    /// Counts a step whose loss or gradient was not finite.
    mutating func skip() { skipped += 1 }

    /// The metrics, in the order in which they came first; they start anew after this.
    mutating func taken() -> [(name: String, value: Double)] {
        let means = names.compactMap { name in sums[name].map { (name: name, value: $0.total / Double($0.count)) } }
        defer { self = IntervalMetrics() }
        return means + [("skipped", Double(skipped))]
    }
}
