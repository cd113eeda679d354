import Files
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// All files of a folder and of the folders inside it. Links are followed, each folder is entered once, and names that begin
/// with a point are passed over.
struct FolderListing {
    let folder: String
    /// Paths below the folder, in byte order.
    private(set) var files: [String] = []
    /// Links that lead nowhere.
    private(set) var broken: [String] = []

    private struct Identity: Hashable {
        let device: UInt64
        let file: UInt64
    }

    /// - Throws: `DatasetError.missing` where there is no such folder, `.unreadable` where it cannot be listed.
    init(_ folder: String) throws {
        self.folder = folder
        var entered: Set<Identity> = []
        // A stack of its own: folders may lie deeper than calls can.
        var pending = [""]
        while let place = pending.popLast() {
            let path = place.isEmpty ? folder : folder + "/" + place
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw DatasetError.missing(path: path, hint: "a folder of pictures with captions was expected")
            }
            guard entered.insert(Identity(device: UInt64(status.st_dev), file: UInt64(status.st_ino))).inserted else { continue }
            let names: [String]
            do { names = try InputFile.names(in: path) } catch {
                throw DatasetError.unreadable(path: path, reason: error.systemReason)
            }
            for name in names where !name.hasPrefix(".") {
                let file = place.isEmpty ? name : place + "/" + name
                if stat(folder + "/" + file, &status) != 0 {
                    broken.append(file)
                } else if status.st_mode & S_IFMT == S_IFDIR {
                    pending.append(file)
                } else {
                    files.append(file)
                }
            }
        }
        files.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
