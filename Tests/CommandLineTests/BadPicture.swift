import Foundation
import Images
import Testing

/// A file that calls itself a picture.
struct BadPicture: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// What the error says of it.
    let message: String

    var testDescription: String { name }

    static let all: [BadPicture] = {
        let whole = (try? Image(width: 64, height: 64, filled: .white).encodedPNG()) ?? []
        return [
            BadPicture(name: "zero bytes", bytes: [], message: "is empty"),
            BadPicture(name: "text", bytes: Array("hello\n".utf8), message: "is a text file"),
            BadPicture(name: "truncated", bytes: Array(whole.dropLast(20)), message: "damaged PNG"),
            BadPicture(name: "header only", bytes: Array(whole.prefix(40)), message: "damaged PNG"),
            BadPicture(name: "20000×20000", bytes: resized(whole, to: 20_000), message: "20000x20000 pixels"),
        ]
    }()

    /// The same file with other numbers, and the right checksum, in its header.
    private static func resized(_ png: [UInt8], to side: UInt32) -> [UInt8] {
        guard png.count > 33 else { return [] }
        var header = Array(png[12..<29])
        for (i, shift) in [24, 16, 8, 0].enumerated() {
            header[4 + i] = UInt8(truncatingIfNeeded: side >> UInt32(shift))
            header[8 + i] = header[4 + i]
        }
        var sum: UInt32 = .max
        for byte in header {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0xEDB8_8320 : sum >> 1 }
        }
        let checksum = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: ~sum >> UInt32($0)) }
        return png[..<12] + header + checksum + png[33...]
    }
}
