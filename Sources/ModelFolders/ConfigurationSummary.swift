import Files
import Networks

/// What the `config.json` of a folder says, in a line.
public struct ConfigurationSummary: Sendable {
    public let text: String
    /// Why no model can be built from it, or nil.
    public let problem: String?

    /// - Throws: `FlowTokError` where it cannot be read.
    public init(folder: String) throws {
        let folder = folder.isEmpty ? "." : folder
        let kind = try FolderKind(folder: folder)
        let file = try ModelFolder.configurationPath(in: folder)
        switch kind {
        case .flowTok:
            let configuration = try JSONFile.read(ModelConfiguration.self, from: file)
            text = "the configuration of the flowtok model \"\(configuration.name)\" (\(configuration.licence))"
            problem = configuration.problem
        case .officialFlowTok:
            let configuration = try JSONFile.read(OfficialFlowTokConfiguration.self, from: file)
            text = "the configuration of the imported FlowTok \"\(configuration.name)\""
            problem = configuration.problem
        case .tiTok, .flowTiTok, .maskGITVQGAN:
            let configuration = try JSONFile.read(ImageTokenizerConfiguration.self, from: file)
            text = "the configuration of \(kind.title)"
            problem = configuration.problem
        case .maskGIT, .maskGenVQ, .maskGenKL:
            text = "the configuration of \(kind.title)"
            problem = nil
        }
    }
}
