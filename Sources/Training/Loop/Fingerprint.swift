import Tensors

/// A 64-bit number that tells contents apart (FNV-1a over 32-bit words): the same on every machine.
struct Fingerprint {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(word: UInt32(byte)) }
    }

    /// Adds the bits of the values.
    mutating func add(_ tensor: Tensor) {
        tensor.withUnsafeBufferPointer { values in
            for value in values { add(word: value.bitPattern) }
        }
    }

    /// Adds names and values, whatever their order.
    mutating func add(_ tensors: [String: Tensor]) {
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            add(name.utf8)
            add(tensor)
        }
    }

    private mutating func add(word: UInt32) { state = (state ^ UInt64(word)) &* 0x100_0000_01B3 }

    var text: String { String(state, radix: 16) }
}
