import Checkpoints
import Files
import Testing

@Suite struct SHA256Tests {
    /// The examples of FIPS 180-4 and of the NIST's test vectors.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func knownDigests(text: String, digest: String) {
        var hash = SHA256()
        hash.update(Array(text.utf8))
        #expect(hash.hexadecimalDigest() == digest)
    }

    @Test func takesBytesInAnyPieces() {
        for count in [1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 200] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
            var whole = SHA256()
            whole.update(bytes)
            for size in [1, 3, 64, 100] {
                var parts = SHA256()
                for start in stride(from: 0, to: count, by: size) { parts.update(bytes[start..<min(start + size, count)]) }
                #expect(parts.hexadecimalDigest() == whole.hexadecimalDigest(), "\(count) bytes by \(size)")
            }
        }
    }
}
