import Files
import Networks

/// What the `config.json` of a folder says, in a line.
public struct ConfigurationSummary: Sendable {
    public let text: String
    /// Why no model can be built from it, or nil.
    public let problem: String?

    /// - Throws: `FlowTokError`, `FileError` where it cannot be read.
    public init(folder: String) throws {
        let folder = folder.isEmpty ? "." : folder
        let family = try ModelFamilies.family(ofFolder: folder)
        let file = try ModelFolder.configurationPath(in: folder)
        switch family {
        case .flowTok:
            let configuration = try JSONFile.read(FlowTokConfiguration.self, from: file)
            text = "the configuration of the flowtok model \"\(configuration.name)\" (\(configuration.license))"
            problem = Self.problem(configuration)
        case .officialFlowTok:
            let configuration = try JSONFile.read(OfficialFlowTokConfiguration.self, from: file)
            text = "the configuration of the imported FlowTok \"\(configuration.name)\""
            problem = Self.problem(configuration)
        default:
            var text = "the configuration of \(family.title)"
            if case .generator(let type) = family.network {
                for warning in try GeneratorFolder.warnings(type, file) {
                    text += "; " + warning.replacing(file + ": ", with: "")
                }
            }
            self.text = text
            problem = family.isImageTokenizer ? try Self.problem(family, file) : nil
        }
    }

    private static func problem(_ configuration: some Validated) -> String? {
        do { try configuration.validate() } catch { return error.reason }
        return nil
    }

    private static func problem(_ family: ModelFamily, _ file: String) throws -> String? {
        func read<Found: NetworkConfiguration>(_ type: Found.Type) throws -> String? {
            Self.problem(try JSONFile.read(type, from: file))
        }
        return try family.configuration.flatMap { try read($0) }
    }
}
