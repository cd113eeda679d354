import ArgumentParser
import Networks
import Sampling
import Tensors

extension Solver: ExpressibleByArgument {}

extension NoiseGenerator: ExpressibleByArgument {}

/// The number types that commands know, under all names that people give them.
enum NumberType: CaseIterable {
    case float32, bfloat16, float16, int8

    init?(argument: String) {
        switch argument.lowercased() {
        case "float32", "f32", "fp32", "float", "single": self = .float32
        case "bfloat16", "bf16": self = .bfloat16
        case "float16", "f16", "fp16", "half": self = .float16
        case "int8", "i8", "q8": self = .int8
        default: return nil
        }
    }
}

extension Precision: ExpressibleByArgument {
    /// All names of a type mean the same. Products are not computed in float16, whose place bfloat16 takes.
    public init?(argument: String) {
        guard let type = NumberType(argument: argument) else { return nil }
        switch type {
        case .float32: self = .float32
        case .bfloat16: self = .bfloat16
        case .float16:
            self = .bfloat16
            Console.warn(["products are not computed in \(argument) here: bfloat16 takes its place"])
        case .int8: self = .int8
        }
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
