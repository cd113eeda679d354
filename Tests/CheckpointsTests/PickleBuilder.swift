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

    /// A byte string.
    mutating func bytes(_ bytes: [UInt8]) { raw([UInt8(ascii: "B")] + UInt32(bytes.count).bytes + bytes) }

    /// An object of a class without arguments, with `body` as its state.
    mutating func object(_ module: String, _ name: String, state body: (inout PickleBuilder) -> Void) {
        global(module, name)
        op(")")
        raw([0x81])
        body(&self)
        op("b")
    }

    /// A mapping of texts to what `body` puts, in order.
    mutating func mapping(_ items: [(String, (inout PickleBuilder) -> Void)]) {
        op("}(")
        for (key, body) in items {
            text(key)
            body(&self)
        }
        op("u")
    }

    /// A tensor of float32 over storage "0", whose size is that of the tensor.
    mutating func tensor(_ size: [Int]) {
        var strides = [Int](repeating: 1, count: size.count)
        for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * size[axis + 1] }
        tensor("0", storage: size.reduce(1, *), size: size, stride: strides)
    }

    /// An array of NumPy as `numpy.ndarray.__reduce__` writes it.
    mutating func array(
        _ type: String, _ size: [Int], order: String = "<", isColumnMajor: Bool = false, module: String = "numpy._core.multiarray",
        _ values: (inout PickleBuilder) -> Void
    ) {
        global(module, "_reconstruct")
        op("(")
        global("numpy", "ndarray")
        tuple([0])
        bytes([UInt8(ascii: "b")])
        op("tR(")
        integer(1)
        tuple(size)
        numpyType(type, order: order)
        raw([isColumnMajor ? 0x88 : 0x89])
        values(&self)
        op("tb")
    }

    mutating func numpyType(_ type: String, order: String = "<") {
        global("numpy", "dtype")
        op("(")
        text(type)
        raw([0x89, 0x88])
        op("tR(")
        integer(3)
        text(order)
        op("NNN")
        integer(-1)
        integer(-1)
        integer(0)
        op("tb")
    }

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
