import Foundation
import TestSupport

/// A folder of a test's own, which goes with it.
final class Scratch: Sendable {
    let url: URL
    /// Where runs keep what is not part of their result.
    private let hidden: URL

    init() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-cli-\(UUID().uuidString)")
        url = base.appendingPathComponent("work")
        hidden = base.appendingPathComponent("runs")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url.deletingLastPathComponent()) }

    /// The names in the folder, or in one inside it, in order; those that begin with a point as well.
    func names(_ folder: String = ".") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: url.appendingPathComponent(folder).path).sorted()
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func data(_ name: String) throws -> Data { try Data(contentsOf: url.appendingPathComponent(name)) }

    func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }

    func write(_ data: Data, to name: String) throws { try data.write(to: url.appendingPathComponent(name)) }

    func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(at: url.appendingPathComponent(name), withIntermediateDirectories: true)
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// A new folder outside the test's own.
    func apart() throws -> URL {
        let folder = hidden.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

func / (folder: URL, name: String) -> URL { folder.appendingPathComponent(name) }

extension TinyModel {
    /// A copy that a test may damage.
    static func copy(to scratch: Scratch, as name: String) throws {
        try FileManager.default.copyItem(atPath: path(), toPath: scratch.path(name))
    }
}
