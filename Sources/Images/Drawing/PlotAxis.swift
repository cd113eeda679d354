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

    /// An axis that shows all `values`, which are finite; on a logarithmic axis they are exponents of 10. `padding` is left
    /// free at both ends of other axes, as a part of the range.
    init(_ values: [Double], isLogarithmic: Bool, padding: Double = 0) {
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
        if !isLogarithmic {
            // So that a curve does not run along the frame.
            let margin = (high - low) * padding
            low -= margin
            high += margin
        }
        self.low = low
        self.high = high
        for (value, named) in isLogarithmic ? Self.powers(from: low, to: high) : Self.multiples(from: low, to: high) {
            ticks.append(Tick(place: place(of: value), label: String(format: "%.6g", named)))
        }
    }

    /// Where `value` lies: 0 at the start of the axis, 1 at its end.
    func place(of value: Double) -> Double {
        min(max((value - low) / (high - low), 0), 1)
    }

    /// Multiples of a round number, about six of them: their places and names.
    private static func multiples(from low: Double, to high: Double) -> [(Double, Double)] {
        let step = roundStep((high - low) / 6)
        var value = (low / step).rounded(.up) * step
        var found: [(Double, Double)] = []
        while value <= high + step * 1e-6 && found.count < 40 {
            // What should be zero and is a rounding error would print as 1e-17.
            if abs(value) < step * 1e-6 { value = 0 }
            found.append((value, value))
            value += step
        }
        return found
    }

    /// Powers of 10, with their doubles and fivefolds where the axis spans few; places are exponents.
    private static func powers(from low: Double, to high: Double) -> [(Double, Double)] {
        let stride = max(1, ((high - low) / 8).rounded(.up))
        let first = (low / stride).rounded(.down)
        let factors: [Double] = high - low < 3 ? [1, 2, 5] : [1]
        var found: [(Double, Double)] = []
        for index in 0..<20 {
            let exponent = (first + Double(index)) * stride
            for factor in factors {
                let place = exponent + log10(factor)
                if place >= low && place <= high { found.append((place, pow(10, exponent) * factor)) }
            }
        }
        if found.count < 2 {
            // A range as short as this is nearly linear.
            let multiples = multiples(from: pow(10, low), to: pow(10, high)).filter { $0.1 > 0 }
            return multiples.map { (log10($0.0), $0.1) }
        }
        return found
    }

    /// The next 1, 2 or 5 times a power of 10.
    private static func roundStep(_ least: Double) -> Double {
        let power = pow(10, log10(least).rounded(.down))
        for factor in [1.0, 2, 5] where power * factor >= least { return power * factor }
        return power * 10
    }
}
