import Files
import Foundation
import Images

/// The pictures that a command is given: files, and the pictures in folders.
struct PictureList {
    /// In the order of their names, each once.
    let files: [String]
    let hasFolders: Bool

    /// - Throws: where a folder holds no pictures. Files are not looked at.
    init(_ arguments: [String]) throws {
        var found: Set<String> = []
        var hasFolders = false
        for argument in arguments {
            guard InputFile.isFolder(argument) else {
                found.insert(argument)
                continue
            }
            hasFolders = true
            let names = try InputFile.names(in: argument).filter(PictureList.isPicture)
            guard !names.isEmpty else { throw Failure(.data, "\(argument): no pictures in this folder, expected PNG, JPEG or WebP files") }
            for name in names { found.insert(argument.hasSuffix("/") ? argument + name : argument + "/" + name) }
        }
        files = found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        self.hasFolders = hasFolders
    }

    /// Extensions of the pictures that are read.
    static let extensions = ImageFormat.fileExtensions.sorted()

    /// Pictures of other formats are in: whoever has a folder of them wants to know that they are not read.
    private static func isPicture(_ name: String) -> Bool {
        suffixes.contains((name as NSString).pathExtension.lowercased()) && !name.hasPrefix(".")
    }

    private static let suffixes = ImageFormat.fileExtensions.union(["gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl"])
}
