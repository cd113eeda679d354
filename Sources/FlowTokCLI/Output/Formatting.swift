import Foundation

extension Double {
    /// The number with a fixed number of digits after the point.
    func formatted(digits: Int) -> String {
        String(format: "%.\(digits)f", self)
    }
}

extension Int {
    /// A number of bytes in the unit that suits it: "3.1 MiB".
    var asBytes: String {
        if self < 1024 { return "\(self) B" }
        var value = Double(self)
        var unit = "B"
        for larger in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
            value /= 1024
            unit = larger
        }
        return value.formatted(digits: 1) + " " + unit
    }
}

extension String {
    /// The last `count` characters, with a mark where something is left out.
    func ending(_ count: Int) -> String {
        self.count <= count ? self : "…" + suffix(count)
    }
}

/// A cell of a table: the text at the right of so many columns.
func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
