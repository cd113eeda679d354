import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Opens `bytes` and reads every tensor in every way there is.
@discardableResult
func readAll(_ bytes: [UInt8]) throws -> Checkpoint {
    let checkpoint = try Checkpoint(contents: bytes, path: "test")
    for entry in checkpoint.entries {
        let tensor = try checkpoint.tensor(entry.name)
        #expect(tensor.shape == entry.shape)
        _ = tensor.values
        try checkpoint.rawBytes(entry.name) { #expect($0.count == entry.byteCount) }
        if entry.type.isInteger { _ = try checkpoint.integers(entry.name) }
    }
    try checkpoint.verifyChecksums()
    return checkpoint
}

/// The error of reading `bytes`; nil where they load. Whatever it is, its message is one line of bounded length.
func failure(_ bytes: [UInt8]) -> CheckpointError? {
    failure { try readAll(bytes) }
}

func failure(of body: () throws -> Void) -> CheckpointError? {
    do {
        try body()
        return nil
    } catch let error as CheckpointError {
        #expect(!error.description.contains { $0.isNewline })
        #expect(error.description.utf8.count < 4000)
        #expect(error.localizedDescription == error.description)
        return error
    } catch {
        Issue.record("unexpected error \(error)")
        return nil
    }
}

extension CheckpointError {
    /// The name of the case, for comparing without the details.
    var kind: String { Mirror(reflecting: self).children.first?.label ?? "" }
}

extension FixedWidthInteger {
    var bytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}

extension [Float] {
    var bytes: [UInt8] { flatMap { $0.bitPattern.bytes } }
}

extension [UInt8] {
    static func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
}

/// A safetensors file with `header` as it stands.
func safetensors(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    UInt64(header.utf8.count).bytes + Array(header.utf8) + data
}
