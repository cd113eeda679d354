import Foundation
import ModelFolders
import Networks

/// Where the model that this package ships is found.
public enum DefaultModel {
    /// The folder: `FLOWTOK_MODEL` where it is set; else the first of `places` that holds a model.
    ///
    /// - Throws: `FlowTokError.modelNotFound`.
    public static func path() throws -> String {
        if let chosen = ProcessInfo.processInfo.environment["FLOWTOK_MODEL"], !chosen.isEmpty { return chosen }
        let places = places
        for place in places where FileManager.default.fileExists(atPath: place + "/" + ModelFolder.configurationFile) {
            return place
        }
        throw FlowTokError.modelNotFound(path: places.first ?? "Models/default")
    }

    /// Where the model is looked for, the first one first: `Models/default` beside or above the executable, or under its
    /// `share/flowtok`; and in the checkout that the package was built from.
    public static var places: [String] {
        var places: [String] = []
        if let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            var folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
            for _ in 0..<6 where folder.path != "/" {
                places.append(folder.appendingPathComponent("Models/default").path)
                places.append(folder.appendingPathComponent("share/flowtok/Models/default").path)
                folder.deleteLastPathComponent()
            }
        }
        let package = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        // Nobody puts a model into a build folder; but the checkout of a package that others depend on lies in one.
        places = places.filter { !$0.contains("/.build/") } + [package.appendingPathComponent("Models/default").path]
        var seen: Set<String> = []
        return places.filter { seen.insert($0).inserted }
    }
}
