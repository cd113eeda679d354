import Checkpoints
import Foundation

/// Reading and writing the `config.json` of any model folder.
enum ConfigurationFile {
    /// Far above what any configuration has.
    private static let largest = 16 << 20

    /// The configuration's path in the folder at `path`.
    ///
    /// - Throws: `FlowTokError.modelNotFound` where there is no such folder, `missingFile` where it has none.
    static func path(in folder: String) throws -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw FlowTokError.modelNotFound(path: folder)
        }
        let file = folder + "/" + ModelFolder.configurationFile
        guard FileManager.default.fileExists(atPath: file) else {
            throw FlowTokError.missingFile(folder: folder, file: ModelFolder.configurationFile)
        }
        return file
    }

    /// - Throws: `FlowTokError.unusableModel`, in one line, where it is no configuration of that kind.
    static func read<Configuration: Decodable>(_ type: Configuration.Type, from file: String) throws -> Configuration {
        do {
            let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
            guard size <= largest else {
                throw FlowTokError.unusableModel(file: file, reason: "it has \(size) bytes, expected at most \(largest)")
            }
            return try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: file)))
        } catch let error as DecodingError {
            throw FlowTokError.unusableModel(file: file, reason: error.oneLine)
        } catch let error as FlowTokError {
            throw error
        } catch {
            throw FlowTokError.unusableModel(file: file, reason: "it cannot be read: \(error.localizedDescription)")
        }
    }

    /// Writes a configuration into a folder, whole or not at all.
    static func write(_ configuration: some Encodable, in folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(to: folder + "/" + ModelFolder.configurationFile, encoder.encode(configuration))
    }
}
