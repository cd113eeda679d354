import Foundation
import Tensors

public enum ElementType: String, Sendable { case f32 = "F32", bf16 = "BF16" }
public struct CheckpointError: Error, CustomStringConvertible { public var description: String }

public final class Checkpoint: Sendable {
    public let path: String
    public let metadata: [String: String]
    let data: Data
    let table: [String: (shape: [Int], start: Int, end: Int)]
    public var names: [String] { table.keys.sorted() }
    public init(path: String) throws {
        self.path = path
        data = try Data(contentsOf: URL(fileURLWithPath: path))
        let n = Int(data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        let header = try JSONSerialization.jsonObject(with: data[8..<8 + n]) as? [String: Any] ?? [:]
        var table: [String: (shape: [Int], start: Int, end: Int)] = [:]
        metadata = header["__metadata__"] as? [String: String] ?? [:]
        for (k, v) in header where k != "__metadata__" {
            let v = v as? [String: Any] ?? [:]
            let o = v["data_offsets"] as? [Int] ?? []
            table[k] = (v["shape"] as? [Int] ?? [], o[0] + 8 + n, o[1] + 8 + n)
        }
        self.table = table
    }
    public func contains(_ name: String) -> Bool { table[name] != nil }
    public func tensor(_ name: String) throws -> Tensor {
        guard let e = table[name] else { throw CheckpointError(description: "no \(name)") }
        return Tensor(uninitialized: e.shape) { b in _ = data[e.start..<e.end].copyBytes(to: UnsafeMutableRawBufferPointer(b)) }
    }
    public static func write(_ tensors: [(String, Tensor)], as type: ElementType = .f32, metadata: [String: String] = [:], to path: String) throws {
        var header: [String: Any] = ["__metadata__": metadata]
        var offset = 0
        for (name, t) in tensors { header[name] = ["dtype": "F32", "shape": t.shape, "data_offsets": [offset, offset + 4 * t.count]]; offset += 4 * t.count }
        let json = try JSONSerialization.data(withJSONObject: header)
        var out = Data()
        withUnsafeBytes(of: UInt64(json.count)) { out.append(contentsOf: $0) }
        out.append(json)
        for (_, t) in tensors { t.withUnsafeBufferPointer { out.append(contentsOf: UnsafeRawBufferPointer($0)) } }
        try out.write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
