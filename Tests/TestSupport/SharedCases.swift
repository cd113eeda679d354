import Foundation

/// Small files that comparable tools were reported to fail on. They are not part of the package; tests that need them are
/// skipped where they are absent.
package enum SharedCases {
    /// The environment variable `FLOWTOK_CASES`, or `../shared/cases` beside the package.
    package static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["FLOWTOK_CASES"] {
            return URL(fileURLWithPath: path, isDirectory: true)
        }
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return package.deletingLastPathComponent().appendingPathComponent("shared/cases", isDirectory: true)
    }()

    /// What a skipped test says.
    package static let absence = "needs the folder of cases (FLOWTOK_CASES, or ../shared/cases)"

    package static var areAvailable: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The path of a case.
    package static func path(_ name: String) -> String { folder.path + "/" + name }
}
