import Checkpoints

/// Writes pickles instruction by instruction.
struct PickleBuilder {
    private(set) var bytes: [UInt8] = [0x80, 2]

    static func build(_ body: (inout PickleBuilder) -> Void) -> [UInt8] {
        var builder = PickleBuilder()
        body(&builder)
        return builder.bytes + [UInt8(ascii: ".")]
    }

    mutating func raw(_ bytes: [UInt8]) { self.bytes += bytes }
    mutating func op(_ symbols: String) { bytes += Array(symbols.utf8) }
    mutating func global(_ module: String, _ name: String) { op("c\(module)\n\(name)\n") }
    mutating func text(_ text: String) { raw([UInt8(ascii: "X")] + UInt32(text.utf8.count).bytes + Array(text.utf8)) }
    mutating func integer(_ value: Int) { raw([0x8a, 8] + Int64(value).bytes) }

    mutating func tuple(_ values: [Int]) {
        op("(")
        for value in values { integer(value) }
        op("t")
    }

    /// A persistent storage.
    mutating func storage(_ key: String, type: String = "FloatStorage", count: Int) {
        op("(")
        text("storage")
        global("torch", type)
        text(key)
        text("cpu")
        integer(count)
        op("tQ")
    }

    mutating func tensor(
        _ key: String, type: String = "FloatStorage", storage count: Int, offset: Int = 0, size: [Int], stride: [Int]
    ) {
        global("torch._utils", "_rebuild_tensor_v2")
        op("(")
        storage(key, type: type, count: count)
        integer(offset)
        tuple(size)
        tuple(stride)
        raw([0x89])
        global("collections", "OrderedDict")
        op(")RtR")
    }

    /// `{name: tensor}` with a single tensor over storage "0".
    static func one(
        _ name: String = "w", type: String = "FloatStorage", storage: Int, offset: Int = 0, size: [Int], stride: [Int]
    ) -> [UInt8] {
        build { pickle in
            pickle.op("}")
            pickle.text(name)
            pickle.tensor("0", type: type, storage: storage, offset: offset, size: size, stride: stride)
            pickle.op("s")
        }
    }
}
