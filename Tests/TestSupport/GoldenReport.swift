import Foundation
import Tensors

/// The comparisons of one case, printed as a table: case, tensor, largest absolute difference, tolerance.
package final class GoldenReport {
    private struct Row {
        let tensor: String
        let difference: Float
        let tolerance: Float
        let note: String
        var fails: Bool { !(difference <= tolerance) }
    }

    private let name: String
    private var rows: [Row] = []

    package init(_ name: String) {
        self.name = name
    }

    /// Notes the largest absolute difference between a result and a golden; infinite where the shapes differ or the
    /// result is not finite.
    package func compare(_ tensor: String, _ actual: Tensor, _ golden: Golden, tolerance: Float) {
        guard actual.shape == golden.shape else {
            note(tensor, .infinity, tolerance, "shape \(actual.shape), golden \(golden.shape)")
            return
        }
        let values = actual.values
        let expected = (values.count + golden.stride - 1) / golden.stride
        guard golden.values.count == expected, expected > 0 else {
            note(tensor, .infinity, tolerance, "\(golden.values.count) golden values, expected \(expected)")
            return
        }
        var worst: Float = 0
        for (i, value) in golden.values.enumerated() {
            let difference = abs(values[i * golden.stride] - value)
            worst = difference.isNaN ? .infinity : max(worst, difference)
        }
        note(tensor, worst, tolerance, "")
    }

    package func compare(_ tensor: String, _ actual: Tensor, _ golden: Tensor, tolerance: Float) {
        compare(tensor, actual, Golden(golden), tolerance: tolerance)
    }

    package func compare(_ tensor: String, _ actual: [Float], _ golden: [Float], tolerance: Float) {
        compare(
            tensor, Tensor(actual, shape: [actual.count]), Tensor(golden, shape: [golden.count]), tolerance: tolerance)
    }

    private func note(_ tensor: String, _ difference: Float, _ tolerance: Float, _ note: String) {
        rows.append(Row(tensor: tensor, difference: difference, tolerance: tolerance, note: note))
    }

    /// The names compared so far.
    package var compared: Set<String> { Set(rows.map(\.tensor)) }

    /// The rows outside their tolerance; empty where all is well.
    package var failures: [String] { rows.filter(\.fails).map { line($0) } }

    /// Prints the table.
    package func print() {
        Swift.print(rows.map { line($0) }.joined(separator: "\n"))
    }

    private func line(_ row: Row) -> String {
        let columns = [
            name.padded(to: 24), row.tensor.padded(to: 36),
            String(format: "%.2e", row.difference).padded(to: 10), String(format: "%.0e", row.tolerance),
        ]
        return columns.joined(separator: " | ") + (row.fails ? "  FAILS " + row.note : "")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        count >= width ? self : self + String(repeating: " ", count: width - count)
    }
}
