import Foundation
import Tensors

/// Post-training quantization of latents (TokenBridge, 2503.16430, section 3.1): values are taken for standard normal ones,
/// cut into bins of equal probability, and stand for the means of their bins. Nothing is learned.
public struct GaussianQuantizer: Sendable, Hashable {
    /// n, the number of bins; codes are 0..<n and grow with the value.
    public let levels: Int
    /// Values are quantized from -range to range, which is where the bins' `limit` lies.
    public let range: Float
    /// Where the outermost bins are cut off, in standard deviations.
    public static let limit: Float = 3

    /// The n + 1 borders between bins; not used for coding, which takes the nearest centre.
    public let edges: [Float]
    /// The n means of a standard normal distribution cut to a bin, in order.
    public let centers: [Float]

    /// How many bins there may be: of 740 and more, the outermost would lie beyond three deviations and hold nothing.
    public static let bounds = 2...512

    /// - Parameters:
    ///   - levels: 2 to 512.
    ///   - range: above 0.
    public init(levels: Int, range: Float = 5) {
        precondition(Self.bounds.contains(levels) && range > 0, "\(levels) levels of ±\(range)")
        self.levels = levels
        self.range = range
        let edges = (0...levels).map { index -> Float in
            let quantile = Float(normalQuantile(Double(index) / Double(levels)))
            return min(max(quantile, -Self.limit), Self.limit)
        }
        self.edges = edges
        centers = levels <= Self.mostInFloat ? Self.means(edges) : Self.means(edges.map { Double($0) }).map { Float($0) }
    }

    /// Up to this number of bins means are computed in float32, as the official code does: what cancels makes its table. More
    /// of them would not be in order.
    private static let mostInFloat = 256

    /// The means of a standard normal distribution cut to each of some bins.
    private static func means(_ edges: [Float]) -> [Float] {
        zip(edges, edges.dropFirst()).map { low, high in
            let share = (1 + erf(high / Float(2).squareRoot())) / 2 - (1 + erf(low / Float(2).squareRoot())) / 2
            let difference = exp(-(low * low) / 2) / Float(2 * Double.pi).squareRoot() - exp(-(high * high) / 2) / Float(2 * Double.pi).squareRoot()
            return difference / (share == 0 ? 1e-10 : share)
        }
    }

    private static func means(_ edges: [Double]) -> [Double] {
        zip(edges, edges.dropFirst()).map { low, high in
            let share = 0.5 * (erfc(-high / 2.0.squareRoot()) - erfc(-low / 2.0.squareRoot()))
            let difference = (exp(-(low * low) / 2) - exp(-(high * high) / 2)) / (2 * Double.pi).squareRoot()
            return difference / (share == 0 ? 1e-10 : share)
        }
    }

    /// With a table that a file holds: n means in growing order.
    ///
    /// - Returns: nil where they are not that.
    public init?(centers: [Float], range: Float = 5) {
        guard Self.bounds.contains(centers.count), range > 0, centers.allSatisfy(\.isFinite),
            zip(centers, centers.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        levels = centers.count
        self.range = range
        self.centers = centers
        edges = []
    }

    /// The code of a value: that of the nearest centre, the lower one on ties.
    public func code(_ value: Float) -> Int32 {
        let limit = Self.limit
        // In this order, as the official code rounds it.
        let scaled = (value + range) / (2 * range) * (2 * limit) - limit
        let place = min(max(scaled, -limit), limit)
        // The first centre that is not below.
        var (low, high) = (0, levels - 1)
        while low < high {
            let middle = (low + high) / 2
            if centers[middle] < place { low = middle + 1 } else { high = middle }
        }
        let below = max(0, low - 1)
        return Int32(abs(place - centers[below]) <= abs(place - centers[low]) ? below : low)
    }

    /// The value that a code stands for.
    public func value(_ code: Int32) -> Float {
        let limit = Self.limit
        return (centers[Int(code)] + limit) / (2 * limit) * (2 * range) - range
    }

    /// The codes of all values, row-major.
    public func codes(_ values: Tensor) -> [Int32] {
        values.withUnsafeBufferPointer { $0.map { code($0) } }
    }

    /// The values of codes, which must be below `levels`.
    public func values(_ codes: [Int32], shape: [Int]) -> Tensor {
        let table = (0..<levels).map { value(Int32($0)) }
        return Tensor(codes.map { table[Int($0)] }, shape: shape)
    }

    /// The values rounded to those that codes stand for.
    public func rounded(_ values: Tensor) -> Tensor { self.values(codes(values), shape: values.shape) }
}

/// The quantile of a standard normal distribution: infinite at 0 and 1.
func normalQuantile(_ probability: Double) -> Double {
    guard probability > 0 else { return -.infinity }
    guard probability < 1 else { return .infinity }
    if probability > 0.5 { return -normalQuantile(1 - probability) }
    // A start that is good to three digits (Abramowitz and Stegun, 26.2.23), and Halley's method on erfc, which triples
    // the digits every time.
    let t = (-2 * log(probability)).squareRoot()
    var x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))))
    for _ in 0..<3 {
        let error = 0.5 * erfc(-x / 2.0.squareRoot()) - probability
        let step = error * (2 * Double.pi).squareRoot() * exp(x * x / 2)
        x -= step / (1 + x * step / 2)
    }
    return x
}
