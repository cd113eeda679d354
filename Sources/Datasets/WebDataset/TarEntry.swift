import Foundation

/// One file of a tar archive.
public struct TarEntry: Sendable, Equatable {
    /// The path inside the archive: relative, without `.` or `..`.
    public let name: String
    /// The file's bytes.
    public let data: Data

    public init(name: String, data: Data) {
        self.name = name
        self.data = data
    }
}

/// How much a tar archive may ask of the machine that reads it.
public struct TarLimits: Sendable, Equatable {
    /// The longest file, in bytes.
    public var fileBytes: Int
    /// The largest archive, in bytes.
    public var archiveBytes: Int
    /// The greatest number of files.
    public var files: Int

    public init(fileBytes: Int = 256 << 20, archiveBytes: Int = 8 << 30, files: Int = 4_000_000) {
        self.fileBytes = fileBytes
        self.archiveBytes = archiveBytes
        self.files = files
    }
}

enum TarFormat {
    static let block = 512

    /// Why `name` may not be used, or nil where it is a plain relative path.
    static func objection(to name: String) -> String? {
        if name.isEmpty { return "an entry without a name" }
        if name.utf8.contains(0) { return "a name with a zero byte" }
        if name.hasPrefix("/") { return "the absolute name \(name)" }
        if name.split(separator: "/", omittingEmptySubsequences: false).contains("..") {
            return "the name \(name), which leaves the archive's folder"
        }
        return nil
    }

    /// `name` without leading `./` and doubled slashes.
    static func normalised(_ name: String) -> String {
        name.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
