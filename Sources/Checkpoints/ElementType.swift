/// How the values of a tensor are stored in a file. Every type is little-endian.
///
/// The raw value is the name that safetensors headers use.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case bool = "BOOL"
    case u8 = "U8"
    case i8 = "I8"
    case i16 = "I16"
    case u16 = "U16"
    case f16 = "F16"
    case bf16 = "BF16"
    case i32 = "I32"
    case u32 = "U32"
    case f32 = "F32"
    case f64 = "F64"
    case i64 = "I64"
    case u64 = "U64"

    /// The bytes of one value: 1, 2, 4 or 8.
    public var byteCount: Int {
        switch self {
        case .bool, .u8, .i8: 1
        case .i16, .u16, .f16, .bf16: 2
        case .i32, .u32, .f32: 4
        case .f64, .i64, .u64: 8
        }
    }

    /// Whether values are floating point; the others are integers, `bool` among them.
    public var isFloatingPoint: Bool {
        switch self {
        case .f16, .bf16, .f32, .f64: true
        default: false
        }
    }

    /// The order in which files are laid out: the cases above, by growing size, so that laying out in descending order
    /// keeps every value aligned to its own size. The same order as the reference implementation of safetensors.
    var layoutRank: Int { Self.allCases.firstIndex(of: self)! }
}
