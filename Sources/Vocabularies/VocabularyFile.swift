import Foundation

/// Reading whole vocabulary files, with this floor's errors.
enum VocabularyFile {
    static func bytes(path: String) throws -> [UInt8] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw VocabularyError.unreadable(file: path, reason: "no such file")
        }
        guard !isFolder.boolValue else {
            throw VocabularyError.unreadable(file: path, reason: "is a folder, expected a file")
        }
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            let cause = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError) ?? (error as NSError)
            throw VocabularyError.unreadable(file: path, reason: cause.localizedDescription)
        }
    }
}
