import CZlib
import Foundation
import Tensors

/// Writes `torch.save`'s zip archives of a state dict, tensor by tensor: checkpoints as they are published.
package final class TorchArchive {
    /// How values are stored.
    package enum Values {
        case float, half

        fileprivate var storage: String { self == .float ? "FloatStorage" : "HalfStorage" }
        fileprivate var bytes: Int { self == .float ? 4 : 2 }
    }

    private let handle: FileHandle
    private var offset = 0
    private var directory = Data()
    private var entries = 0
    private var nextKey = 0

    /// Writes a file of `tensors`, whose values are asked for one after the other.
    package static func write(
        _ tensors: [(name: String, shape: [Int])], as type: Values = .float, to path: String, values: (String) throws -> Tensor
    ) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        let archive = TorchArchive(handle)
        try archive.add("archive/data.pkl", pickle(tensors, type))
        for (name, shape) in tensors {
            let tensor = try values(name)
            precondition(tensor.shape == shape, "\(name): \(tensor.shape) declared as \(shape)")
            let data = tensor.withUnsafeBufferPointer { buffer in
                type == .float
                    ? Data(buffer: buffer) : buffer.map { Float16($0).bitPattern }.withUnsafeBufferPointer { Data(buffer: $0) }
            }
            try archive.add("archive/data/\(archive.nextKey)", data)
            archive.nextKey += 1
        }
        try archive.add("archive/version", Data("3\n".utf8))
        try archive.finish()
    }

    private init(_ handle: FileHandle) { self.handle = handle }

    private func append(_ data: Data) throws {
        try handle.write(contentsOf: data)
        offset += data.count
    }

    /// A stored record whose data begins at a multiple of 64, as PyTorch pads them.
    private func add(_ name: String, _ data: Data) throws {
        let crc = data.withUnsafeBytes { cz_crc32(0, $0.baseAddress, $0.count) }
        let start = offset
        let fixed = 30 + name.utf8.count + 4
        let padding = (64 - (start + fixed) % 64) % 64
        var header = Data()
        for word in [0x04034b50] as [UInt32] { header.append(little: word) }
        for word in [20, 0x0800, 0, 0, 0] as [UInt16] { header.append(little: word) }
        for word in [crc, UInt32(data.count), UInt32(data.count)] { header.append(little: word) }
        header.append(little: UInt16(name.utf8.count))
        header.append(little: UInt16(4 + padding))
        header += Data(name.utf8)
        header.append(little: UInt16(0x4246))
        header.append(little: UInt16(padding))
        header += Data(repeating: 0x5A, count: padding)
        try append(header)
        try append(data)
        directory.append(little: 0x02014b50 as UInt32)
        for word in [45, 45, 0x0800, 0, 0, 0] as [UInt16] { directory.append(little: word) }
        for word in [crc, UInt32(data.count), UInt32(data.count)] { directory.append(little: word) }
        // Records beyond 4 GiB have their place in a zip64 field.
        let isFar = start >= UInt32.max
        for word in [UInt16(name.utf8.count), isFar ? 12 : 0, 0, 0, 0] { directory.append(little: word) }
        directory.append(little: 0 as UInt32)
        directory.append(little: isFar ? .max : UInt32(start))
        directory += Data(name.utf8)
        if isFar {
            for word in [1, 8] as [UInt16] { directory.append(little: word) }
            directory.append(little: UInt64(start))
        }
        entries += 1
    }

    private func finish() throws {
        let start = offset
        let size = directory.count
        try append(directory)
        var end = Data()
        guard start < UInt32.max else {
            try finishFar(start: start, size: size)
            return
        }
        end.append(little: 0x06054b50 as UInt32)
        for word in [0, 0, UInt16(entries), UInt16(entries)] { end.append(little: word) }
        end.append(little: UInt32(size))
        end.append(little: UInt32(start))
        end.append(little: 0 as UInt16)
        try append(end)
        try handle.close()
    }

    /// The end of an archive whose directory lies beyond 4 GiB.
    private func finishFar(start: Int, size: Int) throws {
        let wide = offset
        var end = Data()
        end.append(little: 0x06064b50 as UInt32)
        end.append(little: 44 as UInt64)
        end.append(little: 0x002d_002d as UInt32)
        for word in [0, UInt64(entries), UInt64(entries), UInt64(size), UInt64(start)] { end.append(little: word) }
        end.append(little: 0x07064b50 as UInt32)
        end.append(little: 0 as UInt32)
        end.append(little: UInt64(wide))
        end.append(little: 1 as UInt32)
        end.append(little: 0x06054b50 as UInt32)
        end.append(little: 0 as UInt32)
        for word in [UInt16.max, .max] { end.append(little: word) }
        for word in [UInt32.max, .max] { end.append(little: word) }
        end.append(little: 0 as UInt16)
        try append(end)
        try handle.close()
    }

    /// The pickle of an OrderedDict of tensors over storages "0", "1", ….
    private static func pickle(_ tensors: [(name: String, shape: [Int])], _ type: Values) -> Data {
        var pickle = Data([0x80, 2])
        func op(_ symbols: String) { pickle += Data(symbols.utf8) }
        func text(_ text: String) {
            op("X")
            pickle.append(little: UInt32(text.utf8.count))
            pickle += Data(text.utf8)
        }
        func integer(_ value: Int) {
            op("J")
            pickle.append(little: Int32(value))
        }
        func tuple(_ values: [Int]) {
            op("(")
            values.forEach(integer)
            op("t")
        }
        op("ccollections\nOrderedDict\n)R(")
        for (key, (name, shape)) in tensors.enumerated() {
            text(name)
            op("ctorch._utils\n_rebuild_tensor_v2\n((")
            text("storage")
            op("ctorch\n\(type.storage)\n")
            text(String(key))
            text("cpu")
            integer(shape.reduce(1, *))
            op("tQ")
            integer(0)
            tuple(shape)
            tuple(shape.indices.map { shape[($0 + 1)...].reduce(1, *) })
            pickle += Data([0x89])
            op("ccollections\nOrderedDict\n)RtR")
        }
        op("u.")
        return pickle
    }
}

extension Data {
    fileprivate mutating func append<Number: FixedWidthInteger>(little number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
