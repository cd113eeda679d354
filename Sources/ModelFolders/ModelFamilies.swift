import Files
import Networks
import Synchronization

/// The registry of everything that this package runs. Commands, importing and conversion ask it; no other list of families
/// stands anywhere.
public enum ModelFamilies {
    private static let registered = Mutex<[ModelFamily]>([
        .flowTok, .officialFlowTok,
        .tiTok, .flowTiTok, .maskGITVQGAN, .gigaTok, .tokenBridgeTokenizer, .roundedLatents, .flexTok,
        .maskGIT, .maskGenVQ, .maskGenKL, .rar, .llamaGen, .tokenBridge,
        .clipText,
    ])

    public static var all: [ModelFamily] { registered.withLock { $0 } }

    /// Adds a family of a program's own, or puts it in the place of the one with its id.
    public static func register(_ family: ModelFamily) {
        registered.withLock { families in
            families.removeAll { $0.id == family.id }
            families.append(family)
        }
    }

    /// The family whose `model_type` this is.
    public static func family(_ id: String) -> ModelFamily? { all.first { $0.id == id } }

    /// The family that a configuration is of.
    public static func family(of configuration: any NetworkConfiguration) -> ModelFamily? {
        all.first { $0.configuration.map { $0 == type(of: configuration) } ?? false }
    }

    /// The family of the model in a folder, inferred from its `config.json`: `model_type` where it names one, otherwise the
    /// sections that official configurations have.
    ///
    /// - Throws: `FlowTokError.modelNotFound`, `missingFile`, and `unusableModel` where its configuration is of nothing that
    ///   is known here; `FileError` where it cannot be read.
    public static func family(ofFolder path: String) throws -> ModelFamily {
        let file = try ModelFolder.configurationPath(in: path)
        let configuration = try JSONFile.read(JSONValue.self, from: file)
        guard let type = configuration["model_type"] else {
            // Those of the hub name no type.
            guard let family = all.first(where: { $0.configuration?.isDescribed(by: configuration) == true }) else {
                throw FlowTokError.unusableModel(
                    file: file,
                    reason: "model_type is missing, and it is no official configuration of a model that is known here")
            }
            return family
        }
        guard let family = type.string.flatMap(family) else {
            let known = all.filter { !$0.abilities.isEmpty }.map { "\"\($0.id)\"" }.joined(separator: ", ")
            throw FlowTokError.unusableModel(
                file: file, reason: "model_type is \(type.brief), expected one of \(known)")
        }
        return family
    }
}

extension ModelFamily: Equatable, Hashable {
    public static func == (a: ModelFamily, b: ModelFamily) -> Bool { a.id == b.id }
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

/// A network's configuration together with its `model_type`, as `config.json` holds both side by side.
package struct TypedConfiguration: Codable, Sendable {
    package let family: ModelFamily
    package let configuration: any NetworkConfiguration

    private enum Keys: String, CodingKey {
        case modelType = "model_type"
    }

    package init(_ configuration: any NetworkConfiguration) throws {
        guard let family = ModelFamilies.family(of: configuration) else {
            throw FlowTokError.unusableFiles("\(type(of: configuration)) is of no family that is registered")
        }
        self.family = family
        self.configuration = configuration
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        let type = try values.decode(String.self, forKey: .modelType)
        guard let family = ModelFamilies.family(type), let configuration = family.configuration else {
            throw DecodingError.dataCorruptedError(
                forKey: .modelType, in: values, debugDescription: "\"\(type)\" is no model that is known here")
        }
        self.family = family
        self.configuration = try configuration.init(from: decoder)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(family.id, forKey: .modelType)
        try configuration.encode(to: encoder)
    }
}
