import Benchmarks
import Foundation
import Images

/// How time and memory grow, as people read it.
enum ScaleTable {
    static func print(_ report: ScaleReport) {
        Console.print("\(report.cpu), \(report.kernels) kernels, \(report.threads) threads; networks of size \(report.size), \(report.precision)")
        for series in report.series {
            Console.print("\n\(title(series))")
            Console.print("   value         time   time/value        memory")
            for point in series.points {
                let each = point.seconds / Double(max(1, point.value))
                Console.print(
                    right(String(point.value), 8) + right(seconds(point.seconds), 13) + right(seconds(each), 13)
                        + right(String(format: "%.1f MB", Double(point.bytes) / 1e6), 14))
            }
            let fitted = [
                series.timeExponent.map { String(format: "time ~ value^%.2f", $0) },
                series.memoryExponent.map { String(format: "memory ~ value^%.2f", $0) },
            ].compactMap { $0 }
            if !fitted.isEmpty { Console.print("   " + fitted.joined(separator: ", ")) }
        }
    }

    /// Times over sizes, both as multiples of the smallest size's, on logarithmic axes: a straight line is a power.
    static func plot(_ report: ScaleReport) -> Image {
        let series = report.series.map { series in
            let first = series.points.first
            return Plot.Series(
                series.timeExponent.map { String(format: "\(series.network) over \(series.name): %.2f", $0) } ?? "\(series.network) over \(series.name)",
                points: series.points.map { point in
                    SIMD2(
                        Double(point.value) / Double(max(1, first?.value ?? 1)), point.seconds / max(first?.seconds ?? 1, 1e-12))
                })
        }
        return Plot(
            title: "time, size \(report.size), \(report.precision)", xLabel: "times the smallest", yLabel: "times its time",
            series: series, isLogarithmic: true, isLogarithmicAcross: true
        ).image(width: 800, height: 560)
    }

    private static func title(_ series: ScaleReport.Series) -> String {
        let network = series.network == "velocity" ? "velocity, one guided evaluation" : "decode"
        switch series.name {
        case "side": return "\(network), over the side of the image in pixels"
        case "batch": return "\(network), over pictures at once"
        default: return "\(network), over \(series.name)"
        }
    }

    private static func seconds(_ value: Double) -> String {
        value < 1 ? String(format: "%.2f ms", 1e3 * value) : String(format: "%.3f s", value)
    }
}
