/// The meaning of the classes and functions that a pickle names. None is ever looked up or called: the few that tensors and
/// arrays are made of stand for a fixed way to read their arguments, and all others for an object that only holds what it
/// was given.
enum PickleGlobal {
    case orderedDictionary
    case defaultDictionary
    case rebuildTensor
    case rebuildTensorWithType
    case rebuildParameter
    case rebuildFromType
    /// Returns its first argument: sizes, the typed lists of TorchScript, tensors that go back to their device.
    case passThrough
    case storage(ElementType)
    case elementType(ElementType)
    /// A class of a TorchScript archive: a holder of attributes.
    case scriptClass
    /// `_codecs.encode`, as which protocols before 3 write bytes.
    case encode
    /// Makes a plain value that is neither a tensor nor worth a report.
    case inert
    /// Anything else, by its name.
    case other(String)

    /// The meaning of a name.
    init(module: String, name: String) {
        if module == "__torch__" || module.hasPrefix("__torch__.") {
            self = .scriptClass
            return
        }
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("collections", "defaultdict"): self = .defaultDictionary
        case ("torch._utils", "_rebuild_tensor"), ("torch._utils", "_rebuild_tensor_v2"): self = .rebuildTensor
        case ("torch._utils", "_rebuild_tensor_v3"): self = .rebuildTensorWithType
        case ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_parameter_with_state"):
            self = .rebuildParameter
        case ("torch._tensor", "_rebuild_from_type_v2"), ("torch._tensor", "_rebuild_from_type"): self = .rebuildFromType
        case ("torch", "Size"), ("torch.jit._pickle", "build_intlist"), ("torch.jit._pickle", "build_doublelist"),
            ("torch.jit._pickle", "build_boollist"), ("torch.jit._pickle", "build_tensorlist"),
            ("torch.jit._pickle", "restore_type_tag"), ("torch._utils", "_rebuild_device_tensor_from_numpy"),
            ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"):
            self = .passThrough
        case ("_codecs", "encode"): self = .encode
        case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): self = .storage(.u8)
        case ("torch", _), ("torch.cuda", _):
            if let type = Self.storageTypes[name] {
                self = .storage(type)
            } else if module == "torch", let type = Self.elementTypes[name] {
                self = .elementType(type)
            } else if module == "torch", name == "device" || name == "Tensor" {
                self = .inert
            } else {
                self = .other(module + "." + name)
            }
        case _ where Self.inertNames.contains("\(module).\(name)"): self = .inert
        default: self = .other(module.isEmpty ? name : module + "." + name)
        }
    }

    private static let storageTypes: [String: ElementType] = [
        "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "DoubleStorage": .f64,
        "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
        "BoolStorage": .bool, "ComplexFloatStorage": .c64, "ComplexDoubleStorage": .c128,
        // What is quantized is read as it lies there, and its tensors are not.
        "QInt8Storage": .i8, "QUInt8Storage": .u8, "QInt32Storage": .i32, "QUInt4x2Storage": .u8, "QUInt2x4Storage": .u8,
    ]

    private static let elementTypes: [String: ElementType] = [
        "float32": .f32, "float": .f32, "float16": .f16, "half": .f16, "bfloat16": .bf16, "float64": .f64,
        "double": .f64, "int64": .i64, "long": .i64, "int32": .i32, "int": .i32, "int16": .i16, "short": .i16,
        "int8": .i8, "uint8": .u8, "uint16": .u16, "uint32": .u32, "uint64": .u64, "bool": .bool,
        "float8_e4m3fn": .f8E4M3, "float8_e5m2": .f8E5M2, "float8_e4m3fnuz": .f8E4M3FNUZ, "float8_e5m2fnuz": .f8E5M2FNUZ,
        "float8_e8m0fnu": .f8E8M0, "complex64": .c64, "cfloat": .c64, "complex128": .c128, "cdouble": .c128,
        "complex32": .other("complex32"), "chalf": .other("complex32"), "float4_e2m1fn_x2": .other("float4_e2m1fn_x2"),
        "quint8": .other("quint8"), "qint8": .other("qint8"), "qint32": .other("qint32"), "quint4x2": .other("quint4x2"),
        "quint2x4": .other("quint2x4"),
    ]

    /// Plain values of Python, and what PyTorch writes beside tensors.
    private static let inertNames: Set<String> = {
        let builtins = ["set", "frozenset", "int", "float", "bool", "str", "complex", "bytearray", "bytes", "slice", "range"]
        return Set(
            ["builtins.", "__builtin__."].flatMap { module in builtins.map { module + $0 } } + [
                "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "pathlib.WindowsPath", "pathlib._local.PosixPath",
                "torch.serialization._get_layout", "torch.torch_version.TorchVersion", "datetime.datetime", "datetime.timedelta",
            ])
    }()
}
