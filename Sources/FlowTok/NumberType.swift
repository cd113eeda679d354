import Tensors

/// The number types that programs know, under all names that people give them.
package enum NumberType: CaseIterable, Sendable {
    case float32, bfloat16, float16, int8

    package init?(name: String) {
        switch name.lowercased() {
        case "float32", "f32", "fp32", "float", "single": self = .float32
        case "bfloat16", "bf16": self = .bfloat16
        case "float16", "f16", "fp16", "half": self = .float16
        case "int8", "i8", "q8": self = .int8
        default: return nil
        }
    }

    /// What products are computed in where this is asked for: not in float16, whose place bfloat16 takes.
    package var ofProducts: Precision {
        switch self {
        case .float32: .float32
        case .bfloat16, .float16: .bfloat16
        case .int8: .int8
        }
    }

    /// What is to be said where products are asked for in this type by the name `name`; nil where they are computed in it.
    package func warning(asFor name: String) -> String? {
        self == .float16 ? "products are not computed in \(name) here: bfloat16 takes its place" : nil
    }
}
