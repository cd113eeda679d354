import Benchmarks
import Foundation

/// A report of benchmarks as people read it.
enum BenchmarkTable {
    static func print(_ report: BenchmarkReport) {
        let load = report.load.map { String(format: ", load %.2f before", $0) } ?? ""
        Console.print("\(report.cpu), \(report.kernels) kernels, \(report.threads) threads\(load)")
        let width = report.rows.map(\.name.count).max() ?? 0
        Console.print(
            "benchmark".padding(toLength: width, withPad: " ", startingAt: 0)
                + "       median      fastest   GFLOP/s  of peak        memory  ratio")
        for row in report.rows { Console.print(line(row, width: width)) }
    }

    private static func line(_ row: BenchmarkReport.Row, width: Int) -> String {
        var line = row.name.padding(toLength: width, withPad: " ", startingAt: 0)
        line += right(seconds(row.seconds), 13) + right(seconds(row.fastest), 13)
        line += right(row.gigaflopsPerSecond.map { String(format: "%.1f", $0) } ?? "", 10)
        line += right(row.shareOfPeak.map { String(format: "%.1f %%", 100 * $0) } ?? "", 9)
        line += right(row.bytes.map { String(format: "%.1f MB", Double($0) / 1e6) } ?? "", 14)
        if let ratio = row.ratio, let peer = row.peer { line += right(String(format: "%.2f", ratio), 7) + " × \(peer)" }
        // What only drawing and memory have stands behind the columns.
        let further = [
            row.tokensPerSecond.map { String(format: "%.4g tokens/s", $0) }, row.imagesPerSecond.map { String(format: "%.3g images/s", $0) },
            row.gigabytesPerSecond.map { String(format: "%.1f GB/s", $0) },
            row.shareOfBandwidth.map { String(format: "%.0f %% of the memory's", 100 * $0) },
        ].compactMap { $0 }
        if !further.isEmpty { line += "  " + further.joined(separator: ", ") }
        while line.last == " " { line.removeLast() }
        return line
    }

    private static func seconds(_ value: Double) -> String {
        value < 1e-3
            ? String(format: "%.2f µs", 1e6 * value)
            : value < 1 ? String(format: "%.2f ms", 1e3 * value) : String(format: "%.3f s", value)
    }
}
