import ArgumentParser
import FlowTok
import Networks
import Sampling
import Tensors

extension Solver: ExpressibleByArgument {}

extension NoiseGenerator: ExpressibleByArgument {}

extension Precision: ExpressibleByArgument {
    /// All names of a type mean the same.
    public init?(argument: String) {
        guard let type = NumberType(name: argument) else { return nil }
        self = type.ofProducts
        if let warning = type.warning(asFor: argument) { Console.warn([warning]) }
    }
}

/// A number of bytes as people write it: 90MB, 1.5GB, 512KiB, 100000.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [(String, Double)] = [
            ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("b", 1),
        ]
        let text = argument.lowercased()
        let unit = units.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Double(text.dropLast(unit.0.count)), number > 0, number * unit.1 >= 1, number * unit.1 < 1e18 else {
            return nil
        }
        bytes = Int(number * unit.1)
    }
}

/// Two times of the flow, given as "lo,hi".
struct FlowInterval: ExpressibleByArgument {
    let times: ClosedRange<Float>

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0.trimmed) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low >= 0, low <= high, high <= 1 else { return nil }
        times = low...high
    }
}

extension StringProtocol {
    /// The text without white space around it.
    var trimmed: String {
        var part = self[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }
}
