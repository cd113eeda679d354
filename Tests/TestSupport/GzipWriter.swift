import CZlib
import Foundation

/// Writes gzip files.
package enum GzipWriter {
    /// The data as a gzip file of blocks that are stored as they are.
    package static func pack(_ data: Data) throws -> Data {
        var packed: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
        let bytes = Array(data)
        var start = 0
        repeat {
            let count = min(bytes.count - start, 0xffff)
            packed.append(start + count == bytes.count ? 1 : 0)
            for value in [UInt16(count), ~UInt16(count)] { packed += [UInt8(value & 0xff), UInt8(value >> 8)] }
            packed += bytes[start..<start + count]
            start += count
        } while start < bytes.count
        for value in [cz_crc32(0, bytes, bytes.count), UInt32(truncatingIfNeeded: bytes.count)] {
            packed += withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        return Data(packed)
    }
}
