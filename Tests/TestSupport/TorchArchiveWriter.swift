import CZlib
import Foundation
import Tensors

/// Writes what `torch.save` writes of a state dictionary: a zip archive of a pickle, which names the tensors, and a record
/// of float32 or float16 values to each, tensor after tensor. Training scripts wrap states in a dictionary beside their
/// arguments: see `begin(_:)`.
package final class TorchArchiveWriter {
    private struct Record {
        let name: String
        let checksum: UInt32
        let size: UInt64
        let offset: UInt64
    }

    private let file: FileHandle
    private var offset: UInt64 = 0
    private var records: [Record] = []
    private var pickle: [UInt8]
    private var count = 0
    private let isHalf: Bool
    private let isWrapped: Bool
    private let wrappers: [String]
    private var isBegun = false

    /// Begins an archive at `path`.
    ///
    /// - Parameters:
    ///   - half: whether to store float16.
    ///   - wrapped: whether states lie in a dictionary, each under a name that `begin(_:)` gives.
    ///   - wrappers: keys around a state that is alone, the outermost first.
    package init(to path: String, half: Bool = false, wrapped: Bool = false, wrappers: [String] = []) throws {
        isHalf = half
        isWrapped = wrapped
        self.wrappers = wrappers
        try Data().write(to: URL(fileURLWithPath: path))
        file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        pickle = [0x80, 2]
        for key in wrappers {
            pickle.append(UInt8(ascii: "}"))
            text(key)
        }
        pickle += Array((wrapped ? "}(" : Self.dictionary).utf8)
    }

    private static let dictionary = "ccollections\nOrderedDict\n)R("

    /// Begins the state of that name; tensors that follow belong to it.
    package func begin(_ state: String) {
        precondition(isWrapped, "a state of a name in an archive of one state")
        if isBegun { pickle.append(UInt8(ascii: "u")) }
        isBegun = true
        text(state)
        pickle += Array(Self.dictionary.utf8)
    }

    /// Writes an archive of several states, each under its own key.
    package static func write(
        _ states: [(container: String, tensors: [(name: String, tensor: Tensor)])], to path: String
    ) throws {
        let writer = try TorchArchiveWriter(to: path, wrapped: true)
        for (container, tensors) in states {
            writer.begin(container)
            for (name, tensor) in tensors { try writer.append(name, tensor) }
        }
        try writer.finish()
    }

    /// Adds a tensor.
    package func append(_ name: String, _ tensor: Tensor) throws {
        let key = String(count)
        count += 1
        text(name)
        pickle += Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
        text("storage")
        pickle += Array("ctorch\n\(isHalf ? "Half" : "Float")Storage\n".utf8)
        text(key)
        text("cpu")
        integer(tensor.count)
        pickle += Array("tQ".utf8)
        integer(0)
        var strides = [Int](repeating: 1, count: tensor.rank)
        for axis in strides.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * tensor.shape[axis + 1] }
        for values in [tensor.shape, strides] {
            pickle.append(UInt8(ascii: "("))
            for value in values { integer(value) }
            pickle.append(UInt8(ascii: "t"))
        }
        pickle += [0x89] + Array("ccollections\nOrderedDict\n)RtR".utf8)
        try tensor.withUnsafeBufferPointer { values in
            guard isHalf else { return try record("data/" + key, UnsafeRawBufferPointer(values)) }
            try values.map { Float16($0).bitPattern }.withUnsafeBytes { try record("data/" + key, $0) }
        }
    }

    /// Writes an archive of tensors that are at hand.
    package static func write(
        _ tensors: [(name: String, tensor: Tensor)], wrappers: [String] = [], to path: String
    ) throws {
        let writer = try TorchArchiveWriter(to: path, wrappers: wrappers)
        for (name, tensor) in tensors { try writer.append(name, tensor) }
        try writer.finish()
    }

    /// Adds the pickle and the directory; without this the file is no archive.
    package func finish() throws {
        if isWrapped {
            if isBegun { pickle.append(UInt8(ascii: "u")) }
            text("steps")
            integer(1_000_000)
            text("args")
            pickle += Array("cargparse\nNamespace\n)".utf8) + [0x81] + Array("}(".utf8)
            text("lr")
            integer(1)
            pickle += Array("ub".utf8)
        }
        pickle += Array(("u" + String(repeating: "s", count: wrappers.count) + ".").utf8)
        try pickle.withUnsafeBytes { try record("data.pkl", $0) }
        try Array("3\n".utf8).withUnsafeBytes { try record("version", $0) }
        let start = offset
        for entry in records {
            let isWide = entry.offset >= UInt32.max || entry.size >= UInt32.max
            let size = isWide ? UInt32.max : UInt32(entry.size)
            let extra =
                isWide
                ? bytes(UInt16(1)) + bytes(UInt16(24)) + bytes(entry.size) + bytes(entry.size) + bytes(entry.offset) : []
            try write(
                bytes(UInt32(0x0201_4b50)) + bytes(UInt32(45)) + bytes(UInt32(0)) + bytes(UInt32(0))
                    + bytes(entry.checksum) + bytes(size) + bytes(size) + bytes(UInt16(entry.name.utf8.count))
                    + bytes(UInt16(extra.count)) + [UInt8](repeating: 0, count: 10)
                    + bytes(isWide ? UInt32.max : UInt32(entry.offset)) + Array(entry.name.utf8) + extra)
        }
        let (end, length, entries) = (offset, offset - start, UInt64(records.count))
        try write(
            bytes(UInt32(0x0606_4b50)) + bytes(UInt64(44)) + bytes(UInt32(0x002d_002d)) + bytes(UInt64(0))
                + bytes(entries) + bytes(entries) + bytes(length) + bytes(start))
        try write(bytes(UInt32(0x0706_4b50)) + bytes(UInt32(0)) + bytes(end) + bytes(UInt32(1)))
        try write(
            bytes(UInt32(0x0605_4b50)) + bytes(UInt32(0)) + bytes(UInt16.max) + bytes(UInt16.max) + bytes(UInt32.max)
                + bytes(UInt32.max) + bytes(UInt16(0)))
        try file.close()
    }

    // MARK: - Pickle

    private func text(_ text: String) { pickle += [UInt8(ascii: "X")] + bytes(UInt32(text.utf8.count)) + Array(text.utf8) }

    private func integer(_ value: Int) { pickle += [0x8a, 8] + bytes(UInt64(value)) }

    // MARK: - Zip

    /// A record whose contents begin at a multiple of 64 bytes, as PyTorch aligns them.
    private func record(_ name: String, _ contents: UnsafeRawBufferPointer) throws {
        let name = "archive/" + name
        let checksum = cz_crc32(0, contents.baseAddress, contents.count)
        let size = UInt64(contents.count)
        let head = offset + 30 + UInt64(name.utf8.count)
        let padding = Int((64 - (head + 4) % 64) % 64)
        // No published tensor reaches 4 GiB, so local headers need no wide sizes.
        precondition(size < UInt32.max, "a tensor of \(size) bytes")
        records.append(Record(name: name, checksum: checksum, size: size, offset: offset))
        try write(
            bytes(UInt32(0x0403_4b50)) + bytes(UInt16(20)) + bytes(UInt16(0)) + bytes(UInt16(0)) + bytes(UInt32(0))
                + bytes(checksum) + bytes(UInt32(size)) + bytes(UInt32(size)) + bytes(UInt16(name.utf8.count))
                + bytes(UInt16(4 + padding)) + Array(name.utf8) + Array("FB".utf8) + bytes(UInt16(padding))
                + [UInt8](repeating: UInt8(ascii: "Z"), count: padding))
        guard let base = contents.baseAddress, contents.count > 0 else { return }
        try file.write(contentsOf: Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: contents.count, deallocator: .none))
        offset += size
    }

    private func write(_ bytes: [UInt8]) throws {
        try file.write(contentsOf: Data(bytes))
        offset += UInt64(bytes.count)
    }

    private func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
