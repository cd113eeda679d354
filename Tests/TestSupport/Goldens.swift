import Foundation

/// The folder of parity goldens: outputs of the official implementations and manifests of the weights they were
/// computed with. It is not part of the package; tests that need it are skipped where it is absent.
package enum Goldens {
    /// The environment variable `FLOWTOK_REFERENCE`, or `../shared/reference` beside the package.
    package static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["FLOWTOK_REFERENCE"] {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/reference", isDirectory: true)
    }()

    /// What a skipped test says.
    package static let absence = "needs the reference folder (FLOWTOK_REFERENCE, or ../shared/reference)"

    /// What a skipped full-size test says.
    package static let fullAbsence = "full-size parity runs with FLOWTOK_FULL=1"

    package static var areAvailable: Bool { isFolder(folder) }

    /// Whether full-size cases were asked for.
    package static let fullWanted = ProcessInfo.processInfo.environment["FLOWTOK_FULL"] == "1"

    /// Whether full-size cases can run.
    package static var fullAreAvailable: Bool { areAvailable && fullWanted }

    /// The names of a system's cases, in order: every manifest, and every file of tensors without one.
    package static func cases(of system: String) -> [String] {
        let folder = folder.appendingPathComponent(system, isDirectory: true)
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return Set(
            files.compactMap { file in
                [".json", ".safetensors"].first(where: file.hasSuffix).map { String(file.dropLast($0.count)) }
            }
        ).sorted()
    }

    /// The cases whose name starts with `prefix`, full-size ones or the others.
    package static func cases(of system: String, prefix: String, full: Bool) -> [String] {
        cases(of: system).filter { $0.hasPrefix(prefix) && isFullSize($0) == full }
    }

    /// Whether a case is of a published model's size, by its name.
    package static func isFullSize(_ name: String) -> Bool { name.hasPrefix("full_") || name.hasSuffix("_full") }

    private static func isFolder(_ url: URL) -> Bool {
        var folder: ObjCBool = false
        return FileManager.default.fileExists(atPath: url.path, isDirectory: &folder) && folder.boolValue
    }
}
