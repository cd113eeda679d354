import Checkpoints
import Tensors
import Testing

/// Every byte of small files of every format, changed in several ways: each mutant loads or throws, and never traps.
@Suite struct MutationTests {
    private static let small = safetensors(
        "{\"__metadata__\":{\"k\":\"\\u00e9\"},\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[8,9]}}", [Float(1), 2].bytes + [5])
    private static let zip = ZipBuilder(
        pickle: PickleBuilder.one(storage: 2, size: [2, 1], stride: [1, 2]), storages: [[Float(1), 2].bytes]
    ).build()
    private static let index: [UInt8] = .utf8("{\"metadata\":{\"total_size\":1.5e3},\"weight_map\":{}}")

    @Test(arguments: [
        ("safetensors", small), ("zip", zip), ("index", index), ("archive", Fixtures.archive), ("legacy", Fixtures.legacy),
        ("framed", Fixtures.legacyFramed), ("nested", Fixtures.nested), ("script", Fixtures.script),
    ])
    func everyByteChanged(name: String, bytes: [UInt8]) throws {
        try readAll(bytes)
        var mutant = bytes
        for position in bytes.indices {
            for mask: UInt8 in [0x01, 0x10, 0x80, 0xff] {
                mutant[position] = bytes[position] ^ mask
                _ = failure(mutant)
            }
            mutant[position] = bytes[position]
        }
    }

    /// Several bytes changed at once, values near the edges of integers among them; the same on every run.
    @Test(arguments: [
        ("safetensors", small), ("zip", zip), ("archive", Fixtures.archive), ("legacy", Fixtures.legacy), ("script", Fixtures.script),
    ])
    func manyBytesChanged(name: String, bytes: [UInt8]) {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<10_000 {
            var mutant = bytes
            for _ in 0..<1 + random(4) {
                let position = random(mutant.count)
                switch random(4) {
                case 0: mutant[position] = UInt8(random(256))
                case 1: for place in position..<min(position + 4, mutant.count) { mutant[place] = 0xff }
                case 2: mutant.remove(at: position)
                default: mutant.insert(mutant[random(mutant.count)], at: position)
                }
            }
            _ = failure(mutant)
        }
    }
}
