/// The classes and functions that a pickle may name: those that checkpoints of tensors are made of, and nothing else.
/// None is ever called; each stands for a fixed way to read its arguments.
enum PickleGlobal {
    case orderedDictionary
    case defaultDictionary
    case rebuildTensor
    case rebuildTensorWithType
    case rebuildParameter
    case rebuildFromType
    /// Returns its first argument: sizes and the typed lists of TorchScript.
    case passThrough
    case storage(ElementType)
    case elementType(ElementType)
    /// A class of a TorchScript archive, accepted only as a holder of attributes.
    case scriptClass
    /// Makes something that no tensor depends on.
    case inert

    /// The meaning of a name, or nil where it is not on the list.
    init?(module: String, name: String) {
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
        case ("torch._tensor", "_rebuild_from_type_v2"): self = .rebuildFromType
        case ("torch", "Size"), ("torch.jit._pickle", "build_intlist"), ("torch.jit._pickle", "build_doublelist"),
            ("torch.jit._pickle", "build_boollist"), ("torch.jit._pickle", "build_tensorlist"),
            ("torch.jit._pickle", "restore_type_tag"):
            self = .passThrough
        case ("torch.storage", "UntypedStorage"), ("torch", "UntypedStorage"): self = .storage(.u8)
        case ("torch", _), ("torch.cuda", _):
            if let type = Self.storageTypes[name] {
                self = .storage(type)
            } else if module == "torch", let type = Self.elementTypes[name] {
                self = .elementType(type)
            } else if module == "torch", name == "device" || name == "Tensor" {
                self = .inert
            } else {
                return nil
            }
        case _ where Self.inertNames.contains("\(module).\(name)"): self = .inert
        default: return nil
        }
    }

    private static let storageTypes: [String: ElementType] = [
        "FloatStorage": .f32, "HalfStorage": .f16, "BFloat16Storage": .bf16, "DoubleStorage": .f64,
        "LongStorage": .i64, "IntStorage": .i32, "ShortStorage": .i16, "CharStorage": .i8, "ByteStorage": .u8,
        "BoolStorage": .bool,
    ]

    private static let elementTypes: [String: ElementType] = [
        "float32": .f32, "float": .f32, "float16": .f16, "half": .f16, "bfloat16": .bf16, "float64": .f64,
        "double": .f64, "int64": .i64, "long": .i64, "int32": .i32, "int": .i32, "int16": .i16, "short": .i16,
        "int8": .i8, "uint8": .u8, "uint16": .u16, "uint32": .u32, "uint64": .u64, "bool": .bool,
    ]

    /// What training scripts put beside the weights: arguments, counters of NumPy, random states, paths, containers.
    private static let inertNames: Set<String> = [
        "argparse.Namespace", "_codecs.encode",
        "numpy.dtype", "numpy.ndarray",
        "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct",
        "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath",
        "torch.nn.parameter.Parameter", "torch.serialization._get_layout", "torch.torch_version.TorchVersion",
        "builtins.set", "builtins.frozenset", "builtins.dict", "builtins.list", "builtins.int", "builtins.float",
        "builtins.bool", "builtins.str", "builtins.complex", "builtins.bytearray",
        "__builtin__.set", "__builtin__.frozenset", "__builtin__.dict", "__builtin__.list", "__builtin__.int",
        "__builtin__.float", "__builtin__.bool", "__builtin__.str", "__builtin__.complex", "__builtin__.bytearray",
    ]
}
