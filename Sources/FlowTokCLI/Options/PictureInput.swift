import Files
import Foundation
import Images

/// Pictures as the commands read them: files, pipes, and `-` for standard input. What is wrong with a file and leaves its picture
/// whole is reported on standard error.
enum PictureInput {
    /// - Throws: `FileError`, `ImageError`.
    static func image(_ path: String) throws -> Image {
        let read = try Image.read(data: bytes(path), name: name(path))
        Console.warn(read.warnings)
        return read.image
    }

    /// - Throws: `FileError`, `ImageError`.
    static func metadata(_ path: String) throws -> ImageMetadata {
        let read = try ImageMetadata(data: bytes(path), name: name(path))
        Console.warn(read.warnings)
        return read
    }

    private static func name(_ path: String) -> String { path == "-" ? "standard input" : path }

    private static func bytes(_ path: String) throws -> [UInt8] {
        path == "-" ? try InputFile.bytes(of: STDIN_FILENO, path: name(path)) : try InputFile.bytes(path, pipes: true)
    }
}
