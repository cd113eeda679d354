import Files

/// An array of NumPy in a pickle, which holds its values.
struct PickleArray {
    let type: ElementType
    let sizes: [Int]
    let isColumnMajor: Bool
    let isBigEndian: Bool
    /// The values, in `PickleGraph.bytes`.
    let bytes: Int
    let count: Int
    let byteCount: Int

    private static let reconstructors: Set = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"]
    private static let buffers: Set = ["numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"]

    /// Whether an object is an array, which may still be one that cannot be read.
    static func isOne(_ object: PickleGraph.Object) -> Bool {
        reconstructors.contains(object.name) || buffers.contains(object.name)
    }

    /// What an array's object holds: values that can be read, or others and what they are.
    enum Reading {
        case array(PickleArray)
        case unreadable(String)

        /// - Parameter work: characters that may still be counted; a short pickle can name a long text again and again.
        init(_ object: PickleGraph.Object, in graph: PickleGraph, work: inout Int) {
            let parts: (shape: PickleValue, type: PickleValue, isColumnMajor: PickleValue, bytes: PickleValue)
            if PickleArray.reconstructors.contains(object.name) {
                // (version, shape, type, whether it is column-major, values)
                guard case .sequence(let place)? = object.state, graph.sequences[place].count == 5 else {
                    self = .unreadable("an array of NumPy without values")
                    return
                }
                let state = graph.sequences[place]
                parts = (state[1], state[2], state[3], state[4])
            } else {
                // (values, type, shape, order)
                guard object.arguments.count == 4 else {
                    self = .unreadable("an array of NumPy without values")
                    return
                }
                let isColumnMajor = if case .text("F") = object.arguments[3] { true } else { false }
                parts = (object.arguments[2], object.arguments[1], .boolean(isColumnMajor), object.arguments[0])
            }
            guard let type = ArrayType(parts.type, in: graph) else {
                self = .unreadable("an array of NumPy")
                return
            }
            guard let element = type.element, let size = element.byteCount else {
                self = .unreadable("an array of NumPy of type \(quoted(type.name))")
                return
            }
            var sizes: [Int] = []
            if case .sequence(let place) = parts.shape, graph.sequences[place].count <= Limits.rank {
                sizes = graph.sequences[place].compactMap { if case .integer(let extent) = $0 { extent } else { nil } }
                if sizes.count != graph.sequences[place].count { sizes = [-1] }
            } else {
                sizes = [-1]
            }
            guard case .bytes(let bytes) = parts.bytes, let checked = checkedSize(of: sizes, size: size),
                graph.byteCount(bytes, work: &work) == checked.bytes
            else {
                self = .unreadable("a damaged array of NumPy")
                return
            }
            let isColumnMajor =
                switch parts.isColumnMajor {
                case .boolean(let value): value
                case .integer(let value): value != 0
                default: false
                }
            self = .array(
                PickleArray(
                    type: element, sizes: sizes, isColumnMajor: isColumnMajor, isBigEndian: type.isBigEndian, bytes: bytes,
                    count: checked.count, byteCount: checked.bytes))
        }
    }

    /// The distances between neighbours; nil where the values lie row-major.
    var strides: [Int]? {
        guard isColumnMajor, sizes.count > 1, count > 0 else { return nil }
        var strides: [Int] = []
        var next = 1
        for extent in sizes {
            strides.append(next)
            next *= extent
        }
        return strides
    }
}

/// The type of an array's values: `numpy.dtype("f4", False, True)` with its byte order as its state.
private struct ArrayType {
    let name: String
    let isBigEndian: Bool

    init?(_ value: PickleValue, in graph: PickleGraph) {
        guard case .object(let place) = value, graph.objects[place].name == "numpy.dtype",
            case .text(let name)? = graph.objects[place].arguments.first
        else { return nil }
        var order = ""
        if case .sequence(let state)? = graph.objects[place].state, graph.sequences[state].count > 1,
            case .text(let text) = graph.sequences[state][1]
        {
            order = text
        }
        // The name may carry the order itself.
        let hasOrder = name.first.map { "<>|=".contains($0) } ?? false
        self.name = hasOrder ? String(name.dropFirst()) : name
        isBigEndian = order == ">" || name.hasPrefix(">")
    }

    var element: ElementType? {
        switch name {
        case "f2", "float16": .f16
        case "f4", "float32": .f32
        case "f8", "float64": .f64
        case "i1", "int8": .i8
        case "i2", "int16": .i16
        case "i4", "int32": .i32
        case "i8", "int64": .i64
        case "u1", "uint8": .u8
        case "u2", "uint16": .u16
        case "u4", "uint32": .u32
        case "u8", "uint64": .u64
        case "b1", "bool": .bool
        case "c8", "complex64": .c64
        case "c16", "complex128": .c128
        case "bfloat16": .bf16
        case "float8_e4m3fn": .f8E4M3
        case "float8_e5m2": .f8E5M2
        default: nil
        }
    }
}

extension PickleGraph {
    /// The length of a byte string; nil where it is text that stands for none, or longer than `work` allows.
    func byteCount(_ place: Int, work: inout Int) -> Int? {
        switch bytes[place] {
        case .range(let range): return range.count
        case .text(let text):
            guard text.utf8.count <= work else { return nil }
            work -= text.utf8.count
            return text.unicodeScalars.allSatisfy { $0.value < 256 } ? text.unicodeScalars.count : nil
        }
    }

    /// A byte string of the pickle that `pickle` holds.
    func contents(_ place: Int, of pickle: UnsafeRawBufferPointer) -> [UInt8] {
        switch bytes[place] {
        case .range(let range): Array(pickle[range])
        case .text(let text): text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        }
    }
}

extension PickleArray {
    /// The values with the least significant byte first.
    func littleEndian(_ contents: [UInt8]) -> [UInt8] {
        // Complex values are two numbers.
        let parts = type == .c64 || type == .c128 ? 2 : 1
        let size = (type.byteCount ?? 1) / parts
        guard isBigEndian, size > 1 else { return contents }
        var swapped = contents
        for start in stride(from: 0, to: swapped.count - swapped.count % size, by: size) {
            swapped[start..<start + size].reverse()
        }
        return swapped
    }
}
