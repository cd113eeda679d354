import Foundation

/// The range of one axis of a plot and the values named on it.
struct Axis {
    struct Tick {
        /// From 0, the start of the axis, to 1, its end.
        let place: Double
        let label: String
    }

    private let low: Double
    private let high: Double
    private(set) var ticks: [Tick] = []

    /// An axis that shows all `values`, which are finite; on a logarithmic axis they are exponents of 10.
    init(_ values: [Double], isLogarithmic: Bool) {
        // Halved, so that no difference below can overflow.
        let limit = Double.greatestFiniteMagnitude / 4
        var low = max(values.min() ?? 0, -limit)
        var high = min(values.max() ?? 1, limit)
        // A constant still needs an axis with two ends that differ.
        let least = max(max(abs(low), abs(high)) * 1e-9, 1e-300)
        if !(high - low > least) {
            let margin = max(abs(low) * 0.1, isLogarithmic ? 0.5 : least)
            low -= margin
            high += margin
        }
        self.low = low
        self.high = high
        let isDecades = isLogarithmic && high - low >= 2
        let step = isDecades ? max(1, ((high - low) / 8).rounded(.up)) : Self.roundStep((high - low) / 6)
        let first = (low / step).rounded(.up)
        for index in 0..<40 {
            let value = (first + Double(index)) * step
            if !(value <= high + step * 1e-6) { break }
            // What should be zero and is a rounding error would print as 1e-17.
            let named = abs(value) < step * 1e-6 ? 0 : value
            ticks.append(Tick(place: place(of: value), label: Self.text(isLogarithmic ? pow(10, named) : named)))
        }
    }

    /// Where `value` lies: 0 at the start of the axis, 1 at its end.
    func place(of value: Double) -> Double {
        min(max((value - low) / (high - low), 0), 1)
    }

    /// The next 1, 2 or 5 times a power of 10.
    private static func roundStep(_ least: Double) -> Double {
        let power = pow(10, log10(least).rounded(.down))
        for factor in [1.0, 2, 5] where power * factor >= least { return power * factor }
        return power * 10
    }

    private static func text(_ value: Double) -> String {
        String(format: "%.4g", value)
    }
}
