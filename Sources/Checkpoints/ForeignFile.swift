import Files

/// What data that is no checkpoint looks like, with what to do about it, in words for an error message; nil where nothing is
/// known of it. `bytes` are all of the file.
func describeForeignFile(_ bytes: UnsafeRawBufferPointer) -> String? {
    func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
        bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
    }
    func starts(_ text: String, at offset: Int = 0) -> Bool { starts(Array(text.utf8), at: offset) }
    let other = "take the safetensors or PyTorch file of the same model"

    if let download = WrongDownload.description(of: bytes) { return download }
    if starts("GGUF") || ["lmgg", "tjgg", "fmgg", "algg"].contains(where: { starts($0) }) {
        return "a GGUF file, which llama.cpp and its like read: \(other)"
    }
    if starts([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]) { return "an HDF5 file, as TensorFlow and Keras write them: \(other)" }
    if starts("TFL3", at: 4) { return "a TensorFlow Lite file: \(other)" }
    // The last eight bytes of LevelDB's tables.
    if bytes.count >= 48, bytes.suffix(8).elementsEqual([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]) {
        return "the index of a TensorFlow checkpoint: \(other)"
    }
    if starts([0x93] + Array("NUMPY".utf8)) { return "an array of NumPy (.npy): save it with torch.save or safetensors under a name" }
    if starts([0x1f, 0x8b]) { return "a file that gzip compressed: unpack it with `gunzip`" }
    if starts([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) { return "a file that xz compressed: unpack it with `unxz`" }
    if starts([0x28, 0xb5, 0x2f, 0xfd]) { return "a file that zstd compressed: unpack it with `unzstd`" }
    if starts("BZh") { return "a file that bzip2 compressed: unpack it with `bunzip2`" }
    if starts([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]) { return "a 7-Zip archive: unpack it with `7z x`" }
    if starts("Rar!") { return "a RAR archive: unpack it with `unrar x`" }
    if starts("ustar", at: 257) {
        let start = bytes.prefix(100).prefix { $0 != 0 }
        return ["storages", "tensors", "pickle", "sys_info"].contains { start.elementsEqual($0.utf8) }
            ? "a PyTorch file from before version 0.1.10: load it in an older PyTorch and save it again" : "a tar archive: unpack it with `tar xf`"
    }
    if starts([0x89, 0x50, 0x4e, 0x47]) || starts([0xff, 0xd8, 0xff]) || starts("RIFF") { return "a picture or a sound" }
    if starts("%PDF") { return "a PDF file" }
    if starts([0x7f, 0x45, 0x4c, 0x46]) { return "a program or a library" }
    if isPickle(bytes) {
        return "a bare Python pickle, not written by torch.save: where you trust it, load it in Python and save its tensors with torch.save or safetensors"
    }
    if starts([0x08]), let protobuf = describeProtobuf(bytes) { return "\(protobuf): \(other)" }
    if bytes.prefix(4096).allSatisfy({ $0 == 0 }) { return "nothing but zero bytes at its beginning: the download was not finished" }
    return describeText(bytes)
}

/// Whether data begins as a pickle does, of any protocol.
private func isPickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let last = bytes.last, last == UInt8(ascii: "."), bytes.count > 2 else {
        // One that was cut short still begins like one.
        return bytes.count > 2 && bytes[0] == 0x80 && (2...5).contains(bytes[1])
            && Array("}](cX\u{8c}\u{95}".unicodeScalars).contains { bytes[2] == UInt8(truncatingIfNeeded: $0.value) }
    }
    if bytes[0] == 0x80 { return (1...5).contains(bytes[1]) }
    // Protocol 0: "(dp0\n", "(lp0\n", "ccollections\n".
    return bytes[0] == UInt8(ascii: "(") && Array("dlit".utf8).contains(bytes[1])
        || bytes[0] == UInt8(ascii: "c") && bytes.prefix(200).contains(0x0a)
}

/// What a protocol buffer that begins with a version number holds.
private func describeProtobuf(_ bytes: UnsafeRawBufferPointer) -> String? {
    let start = String(decoding: bytes.prefix(4096).map { $0 >= 0x20 && $0 < 0x7f ? $0 : 0x20 }, as: UTF8.self)
    if start.contains("pytorch") || start.contains("onnx") || start.contains("producer") { return "an ONNX file" }
    if start.contains("serve") || start.contains("tensorflow") || start.contains("Placeholder") { return "a TensorFlow model" }
    return nil
}

/// What a text is; nil where the data is none.
private func describeText(_ bytes: UnsafeRawBufferPointer) -> String? {
    let judged = bytes.prefix(512)
    guard judged.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }) else { return nil }
    let text = String(decoding: judged, as: UTF8.self)
    let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }.prefix(200).lowercased()
    if start.hasPrefix("{") { return nil }
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    return "a text file that begins with \(quoted(String(line.prefix(60))))"
}

/// What a zip archive without PyTorch's pickle is, by the names in it.
func describeForeignArchive(_ names: [String]) -> String {
    if names.contains(where: { $0.hasSuffix(".npy") }) {
        return "an archive of NumPy's arrays (.npz): save them with torch.save or safetensors"
    }
    if names.contains("model.weights.h5") || names.contains("config.json") && names.contains("metadata.json") {
        return "a Keras file: take the safetensors or PyTorch file of the same model"
    }
    let inside = names.filter { name in ["safetensors", "pth", "pt", "bin", "ckpt"].contains { name.hasSuffix("." + $0) } }
    if let first = inside.first { return "a zip archive that holds \(quoted(first)): unpack it with `unzip`" }
    return "a zip archive that PyTorch did not write (it has no data.pkl)"
}
