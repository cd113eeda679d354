/// How the values of a tensor are stored in a file. Every type is little-endian.
public enum ElementType: Sendable, Hashable, CaseIterable, RawRepresentable {
    case bool
    case u8
    case i8
    /// 8-bit floating point: 4 bits of exponent, 3 of fraction, no infinity (OCP FP8).
    case f8E4M3
    /// 8-bit floating point: 5 bits of exponent, 2 of fraction (OCP FP8).
    case f8E5M2
    /// The same two with another bias, one zero and one NaN.
    case f8E4M3FNUZ
    case f8E5M2FNUZ
    /// A power of two, which scales a block of narrower values.
    case f8E8M0
    case i16
    case u16
    case f16
    case bf16
    case i32
    case u32
    case f32
    case f64
    case i64
    case u64
    /// Complex values of two float32.
    case c64
    /// Complex values of two float64.
    case c128
    /// A type that no number is made of here: narrower than a byte, or not known. It is listed, and refused when its values
    /// are asked for.
    case other(String)

    /// The types that values are read of, as safetensors lays them out: by growing size.
    public static let allCases: [ElementType] = [
        .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0, .f8E4M3FNUZ, .f8E5M2FNUZ, .i16, .u16, .f16, .bf16, .i32, .u32, .f32, .c64, .f64,
        .i64, .u64, .c128,
    ]

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// The type that safetensors headers call so.
    public init(rawValue: String) { self = Self.byName[rawValue] ?? .other(rawValue) }

    /// The name that safetensors headers use.
    public var rawValue: String {
        switch self {
        case .bool: "BOOL"
        case .u8: "U8"
        case .i8: "I8"
        case .f8E4M3: "F8_E4M3"
        case .f8E5M2: "F8_E5M2"
        case .f8E4M3FNUZ: "F8_E4M3FNUZ"
        case .f8E5M2FNUZ: "F8_E5M2FNUZ"
        case .f8E8M0: "F8_E8M0"
        case .i16: "I16"
        case .u16: "U16"
        case .f16: "F16"
        case .bf16: "BF16"
        case .i32: "I32"
        case .u32: "U32"
        case .f32: "F32"
        case .f64: "F64"
        case .i64: "I64"
        case .u64: "U64"
        case .c64: "C64"
        case .c128: "C128"
        case .other(let name): name
        }
    }

    /// The bytes of one value: 1, 2, 4, 8 or 16; nil where that is not known.
    public var byteCount: Int? {
        switch self {
        case .bool, .u8, .i8, .f8E4M3, .f8E5M2, .f8E4M3FNUZ, .f8E5M2FNUZ, .f8E8M0: 1
        case .i16, .u16, .f16, .bf16: 2
        case .i32, .u32, .f32: 4
        case .f64, .i64, .u64, .c64: 8
        case .c128: 16
        case .other: nil
        }
    }

    /// Whether values are real floating point.
    public var isFloatingPoint: Bool {
        switch self {
        case .f8E4M3, .f8E5M2, .f8E4M3FNUZ, .f8E5M2FNUZ, .f8E8M0, .f16, .bf16, .f32, .f64: true
        default: false
        }
    }

    /// Whether values are integers, truth values among them.
    public var isInteger: Bool {
        switch self {
        case .bool, .u8, .i8, .i16, .u16, .i32, .u32, .i64, .u64: true
        default: false
        }
    }

    /// Whether a safetensors file can be written with such values.
    var isWritten: Bool {
        switch self {
        case .c128, .other: false
        default: true
        }
    }

    /// The order in which files are laid out: by size, so that laying out in descending order keeps every value aligned to
    /// its own size. The same order as the reference implementation of safetensors.
    var layoutRank: Int { Self.allCases.firstIndex(of: self) ?? -1 }
}
