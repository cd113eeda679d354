import ArgumentParser
import Flow
import Tensors

extension Solver: ExpressibleByArgument {}

extension NoiseGenerator: ExpressibleByArgument {}

extension Precision: ExpressibleByArgument {
    /// The usual short names mean the same.
    public init?(argument: String) {
        switch argument {
        case "f32", "fp32": self = .float32
        case "bf16": self = .bfloat16
        default: self.init(rawValue: argument)
        }
    }
}
