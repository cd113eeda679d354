import Files
import Foundation

/// The folder of a run, held by one process at a time.
final class RunFolder {
    /// The folder inside a run's own that the trained model goes to.
    static let model = "model"

    let path: String
    private let descriptor: Int32

    /// Makes the folder where it is not there, and removes what writers that were killed left behind.
    ///
    /// - Throws: `TrainingError.unwritableFolder`, `.folderInUse`.
    init(path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            let reason =
                FileManager.default.fileExists(atPath: path)
                ? "there is a file of that name" : error.localizedDescription
            throw TrainingError.unwritableFolder(folder: path, reason: reason)
        }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor >= 0, !FileLock.take(descriptor) {
            close(descriptor)
            throw TrainingError.folderInUse(folder: path)
        }
        removeLeftovers()
    }

    deinit { FileLock.close(descriptor) }

    /// Removes temporary files of writers that never finished: nobody else writes here now.
    private func removeLeftovers() {
        for folder in [path, path + "/" + Self.model, path + "/samples"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names where name.hasPrefix(".flowtok-") && name.hasSuffix(".tmp") {
                try? FileManager.default.removeItem(atPath: folder + "/" + name)
            }
        }
    }
}
