import Foundation
import Images

/// The figures of a run by step: a CSV file that grows, and a picture of the curves.
final class TrainingLog {
    private let path: String
    private var columns: [String] = []
    private var rows: [(step: Int, values: [Double])] = []

    /// Reads what an earlier part of the run wrote, up to `step`, and goes on from there.
    init(path: String, resumingAt step: Int) throws {
        self.path = path
        guard step > 0, let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
        let lines = text.split(separator: "\n")
        guard let header = lines.first else { return }
        columns = header.split(separator: ",").dropFirst().map(String.init)
        for line in lines.dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard let row = fields.first.flatMap({ Int($0) }), row <= step, fields.count == columns.count + 1 else { continue }
            rows.append((row, fields.dropFirst().map { Double($0) ?? .nan }))
        }
    }

    func append(step: Int, _ figures: [(name: String, value: Double)]) throws {
        if columns.isEmpty { columns = figures.map(\.name) }
        let byName = Dictionary(figures.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        rows.append((step, columns.map { byName[$0] ?? .nan }))
    }

    /// Writes the whole file anew, so that a stop at any moment leaves one that is complete up to some step.
    func write() throws {
        var text = (["step"] + columns).joined(separator: ",") + "\n"
        for row in rows {
            text += "\(row.step)," + row.values.map { $0.isNaN ? "" : String(format: "%.6g", $0) }.joined(separator: ",") + "\n"
        }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// The curves of the columns whose names hold "loss" or are wanted otherwise, smoothed over the neighbours.
    func plot(title: String, columns wanted: (String) -> Bool) -> Image {
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
