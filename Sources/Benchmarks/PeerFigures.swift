import Files
import Foundation

/// Seconds that a report is held against: what a peer's benchmark printed, or an earlier report of this one.
///
/// The peer's form is one JSON object to a measurement, alone, in an array or one a line, with `what` (`velocity`, `decoder`,
/// `convolution`, `generate` or `train`), `dtype` (`bf16` or `f32`), `seconds`, and where known `peer`, `size`, `batch` and `threads`.
public struct PeerFigures: Sendable {
    /// Why a file of figures cannot be used.
    public enum Problem: Equatable, Sendable, CategorizedError {
        case missing(path: String)
        case unusable(path: String, reason: String)

        public var category: ErrorCategory {
            if case .missing = self { .missing } else { .data }
        }

        public var description: String {
            switch self {
            case .missing(let path): "no file \(path) with figures to hold against"
            case .unusable(let path, let reason): "\(path): \(reason)"
            }
        }
    }

    private struct Figure: Decodable {
        var peer: String?
        var what: String
        var size: String?
        /// Pictures at once; nil for one.
        var batch: Int?
        var dtype: String
        var seconds: Double
    }

    private var figures: [Figure] = []
    private var rows: [String: Double] = [:]

    /// Reads a file.
    ///
    /// - Throws: `Problem` where the file is missing or holds no figures.
    public init(path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { throw Problem.missing(path: path) }
        let data: Data
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= 1 << 24 else {
                throw Problem.unusable(path: path, reason: "it has \(size) bytes, expected a few lines of JSON")
            }
            data = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem.unusable(path: path, reason: "it cannot be read")
        }
        let decoder = JSONDecoder()
        if let report = try? decoder.decode(BenchmarkReport.self, from: data) {
            rows = Dictionary(report.rows.map { ($0.name, $0.seconds) }, uniquingKeysWith: { first, _ in first })
        } else if let list = try? decoder.decode([Figure].self, from: data) {
            figures = list
        } else {
            let lines = data.split(separator: UInt8(ascii: "\n")).filter { !$0.allSatisfy { $0 == 32 || $0 == 13 } }
            for (index, line) in lines.enumerated() {
                do {
                    figures.append(try decoder.decode(Figure.self, from: Data(line)))
                } catch {
                    // An object over several lines.
                    if index == 0, let figure = try? decoder.decode(Figure.self, from: data) {
                        figures = [figure]
                        break
                    }
                    throw Problem.unusable(
                        path: path,
                        reason: "line \(index + 1) is no figure: expected JSON with \"what\", \"dtype\" and \"seconds\"")
                }
            }
        }
        guard !figures.isEmpty || !rows.isEmpty else {
            throw Problem.unusable(path: path, reason: "it holds no figures")
        }
        for seconds in figures.map(\.seconds) + Array(rows.values) where !(seconds > 0 && seconds.isFinite) {
            throw Problem.unusable(path: path, reason: "\"seconds\" is \(seconds), expected a number above 0")
        }
    }

    /// Fills in what each row is held against: the row of the same name, or the peer's figure for the same network. A row
    /// in int8 is held against the peer's bfloat16.
    public func compare(_ rows: inout [BenchmarkReport.Row]) {
        for index in rows.indices {
            guard let (seconds, peer) = match(rows[index]) else { continue }
            rows[index].against = seconds
            rows[index].peer = peer
            rows[index].ratio = seconds / max(rows[index].seconds, 1e-12)
        }
    }

    private func match(_ row: BenchmarkReport.Row) -> (Double, String)? {
        if let seconds = rows[row.name] { return (seconds, "earlier flowtok") }
        let dtype = row.precision == "float32" ? "f32" : "bf16"
        let found = figures.last { figure in
            guard figure.dtype == dtype, figure.batch ?? 1 == row.batch ?? 1 else { return false }
            switch row.kind {
            case .velocity: return figure.what == "velocity" && figure.size ?? "xl" == row.size
            case .decode: return figure.what == "decoder" && row.size == "256"
            case .train: return figure.what == "train"
            case .convolution: return figure.what == "convolution" && figure.size == row.size
            case .generate: return figure.what == "generate" && figure.size == row.size
            case .peak, .gemm, .load, .t2i, .i2t, .draw, .scale: return false
            }
        }
        return found.map { ($0.seconds, "\($0.peer ?? "peer") \($0.dtype)") }
    }
}
