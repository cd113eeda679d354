public import Foundation

/// Writes files whole or not at all: into a temporary file of the same folder, flushed to the disk, renamed over the
/// target, and the folder flushed too. A reader sees the old file or the new one, after a power cut as well.
public enum AtomicFile {
    /// Writes `contents` (`Data`, `[UInt8]`) to `path`, replacing what is there.
    ///
    /// - Throws: `CheckpointError.unwritableFile`; the old file is untouched then.
    public static func write(to path: String, _ contents: some ContiguousBytes) throws {
        try write(to: path) { try $0.append(contents) }
    }

    /// Writes `text` in UTF-8.
    ///
    /// - Throws: `CheckpointError.unwritableFile`; the old file is untouched then.
    public static func write(to path: String, text: String) throws {
        try write(to: path, Array(text.utf8))
    }

    /// Writes what `body` appends. Should `body` throw, the old file is untouched and the error passed on.
    ///
    /// - Throws: `CheckpointError.unwritableFile`, and what `body` throws.
    public static func write(to path: String, streaming body: (AtomicFileStream) throws -> Void) throws {
        let stream = try AtomicFileStream(path: path)
        try body(stream)
        try stream.commit()
    }
}
