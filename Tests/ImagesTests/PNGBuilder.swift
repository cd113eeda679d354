import Foundation
import TestSupport

/// A small PNG encoder for tests, written apart from the code under test: any colour type, bit depth and interlacing,
/// rows unfiltered, compression by stored blocks.
struct PNGBuilder {
    var width: Int
    var height: Int
    var bitDepth = 8
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    var colorType = 2
    var isInterlaced = false
    /// `[height, width, channels]`, each below 2^bitDepth.
    var samples: [Int] = []
    /// Chunks between header and pixels, such as PLTE, tRNS and texts.
    var chunks: [(type: String, data: [UInt8])] = []
    var trailing: [(type: String, data: [UInt8])] = []

    var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 0 }

    var bytes: [UInt8] {
        var data = Self.signature + Self.chunk("IHDR", header)
        for chunk in chunks { data += Self.chunk(chunk.type, chunk.data) }
        data += Self.chunk("IDAT", Self.zlib(rows))
        for chunk in trailing { data += Self.chunk(chunk.type, chunk.data) }
        return data + Self.chunk("IEND", [])
    }

    var header: [UInt8] {
        Self.bigEndian(width) + Self.bigEndian(height) + [UInt8(bitDepth), UInt8(colorType), 0, 0, isInterlaced ? 1 : 0]
    }

    /// The rows before compression: each a filter byte, then packed samples; seven passes where interlaced.
    private var rows: [UInt8] {
        let passes =
            isInterlaced
            ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
            : [(0, 0, 1, 1)]
        var output: [UInt8] = []
        for (x0, y0, dx, dy) in passes where x0 < width {
            for y in stride(from: y0, to: height, by: dy) {
                output.append(0)
                var accumulator = 0
                var bits = 0
                for x in stride(from: x0, to: width, by: dx) {
                    for channel in 0..<channels {
                        accumulator = accumulator << bitDepth | samples[(y * width + x) * channels + channel]
                        bits += bitDepth
                        while bits >= 8 {
                            output.append(UInt8(accumulator >> (bits - 8) & 255))
                            bits -= 8
                        }
                        accumulator &= 0xFFFF
                    }
                }
                if bits > 0 { output.append(UInt8(accumulator << (8 - bits) & 255)) }
            }
        }
        return output
    }

    static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10]

    static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + data
        return bigEndian(data.count) + body + bigEndian(Int(crc(body)))
    }

    static func zlib(_ data: [UInt8]) -> [UInt8] {
        var output: [UInt8] = [0x78, 0x01]
        var offset = 0
        repeat {
            let count = min(65_535, data.count - offset)
            let isLast = offset + count == data.count
            let low = UInt8(count & 255)
            let high = UInt8(count >> 8)
            output += [isLast ? 1 : 0, low, high, ~low, ~high] + data[offset..<offset + count]
            offset += count
        } while offset < data.count
        var a = 1
        var b = 0
        for byte in data {
            a = (a + Int(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return output + bigEndian(b << 16 | a)
    }

    static func crc(_ data: [UInt8]) -> UInt32 {
        var remainder = UInt32.max
        for byte in data {
            remainder ^= UInt32(byte)
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
        }
        return ~remainder
    }

    static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(value >> $0 & 255) }
    }
}

/// A seeded generator, so that every run of a test sees the same bytes.
struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}

/// A new folder that `body` may fill; removed afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try body(folder.path) }
}

/// Writes raw bytes to a file, apart from the code under test.
func put(_ bytes: [UInt8], at path: String) throws {
    try Data(bytes).write(to: URL(filePath: path))
}
