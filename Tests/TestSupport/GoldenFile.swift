import Foundation
import Tensors

/// The tensors of one small .safetensors file, read whole.
struct GoldenFile {
    private struct Entry: Decodable {
        let dtype: String
        let shape: [Int]
        let data_offsets: [Int]
    }

    private let url: URL
    private let entries: [String: Entry]
    private let data: Data
    private let start: Int

    init(_ url: URL) throws {
        self.url = url
        data = try Data(contentsOf: url)
        guard data.count >= 8 else { throw GoldenError.notSafetensors(url) }
        let length = data.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
        guard length <= data.count - 8 else { throw GoldenError.notSafetensors(url) }
        start = 8 + length
        let header = try JSONSerialization.jsonObject(with: data.subdata(in: 8..<start)) as? [String: Any] ?? [:]
        let tensors = header.filter { $0.key != "__metadata__" }
        entries = try JSONDecoder().decode(
            [String: Entry].self, from: JSONSerialization.data(withJSONObject: tensors))
    }

    var names: [String] { entries.keys.sorted() }

    func contains(_ name: String) -> Bool { entries[name] != nil }

    func tensor(_ name: String) throws -> Tensor {
        let entry = try entry(name)
        guard entry.dtype == "F32" else { throw GoldenError.wrongType(name, entry.dtype) }
        return Tensor(read(entry, as: Float.self), shape: entry.shape)
    }

    func integers(_ name: String) throws -> [Int] {
        let entry = try entry(name)
        switch entry.dtype {
        case "I64": return read(entry, as: Int64.self).map { Int($0) }
        case "I32": return read(entry, as: Int32.self).map { Int($0) }
        case "U8": return read(entry, as: UInt8.self).map { Int($0) }
        default: throw GoldenError.wrongType(name, entry.dtype)
        }
    }

    private func entry(_ name: String) throws -> Entry {
        guard let entry = entries[name] else { throw GoldenError.noTensor(name, url) }
        return entry
    }

    private func read<Value: BitwiseCopyable>(_ entry: Entry, as type: Value.Type) -> [Value] {
        let size = MemoryLayout<Value>.size
        return data.withUnsafeBytes { bytes in
            (0..<elementCount(of: entry.shape)).map {
                bytes.loadUnaligned(fromByteOffset: start + entry.data_offsets[0] + $0 * size, as: type)
            }
        }
    }
}
