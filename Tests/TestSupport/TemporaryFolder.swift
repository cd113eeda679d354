import Foundation

/// A folder of a test's own, removed with this object.
package final class TemporaryFolder: Sendable {
    package let url: URL

    package init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    package var path: String { url.path }

    /// The path of a name in the folder.
    package func callAsFunction(_ name: String) -> String { url.path + "/" + name }

    /// The names in the folder, in order.
    package var files: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }

    /// Writes a file, with the folders that it lies in.
    @discardableResult
    package func write(_ name: String, _ data: Data) throws -> URL {
        let file = url.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
        return file
    }

    @discardableResult
    package func write(_ name: String, _ text: String) throws -> URL { try write(name, Data(text.utf8)) }

    /// Writes bytes and returns the path.
    @discardableResult
    package func write(_ bytes: [UInt8], _ name: String) throws -> String { try write(name, Data(bytes)).path }
}
