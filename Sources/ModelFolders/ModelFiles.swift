import Checkpoints
import Foundation
import Networks

/// The files of an imported model by the part that each holds.
///
/// A name is relative to the model folder and stays inside it; links are followed. `flowtok import --output` writes whole
/// paths for files that lie elsewhere, and those are read as they are: a path that begins with "/" was written on this
/// machine, or fails here, while one that climbs out of its folder is refused.
public struct ModelFiles: Sendable, Hashable, Codable {
    /// FlowTok's velocity network and text variational encoder.
    public var flow: String?
    public var imageTokenizer: String?
    /// CLIP.
    public var textEncoder: String?
    /// A generator over the image tokenizer's tokens.
    public var generator: String?
    /// CLIP's vocabulary: a list of merges, or `vocab.json` and `merges.txt` in this order.
    public var vocabulary: [String]?

    public init(
        flow: String? = nil, imageTokenizer: String? = nil, textEncoder: String? = nil, generator: String? = nil,
        vocabulary: [String]? = nil
    ) {
        self.flow = flow
        self.imageTokenizer = imageTokenizer
        self.textEncoder = textEncoder
        self.generator = generator
        self.vocabulary = vocabulary
    }

    enum CodingKeys: String, CodingKey {
        case flow
        case imageTokenizer = "image_tokenizer"
        case textEncoder = "text_encoder"
        case generator, vocabulary
    }

    /// The path of a file of the folder at `folder`.
    ///
    /// - Throws: `FlowTokError.unusableModel` where the name leads out of the folder, `missingFile` where it is not there.
    public static func path(of name: String, in folder: String) throws -> String {
        let isWhole = name.hasPrefix("/")
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, !parts.contains(".."), !name.unicodeScalars.contains("\0") else {
            throw FlowTokError.unusableModel(
                file: folder + "/" + ModelFolder.configurationFile,
                reason: "it names the file \"\(name)\", expected one inside the folder")
        }
        guard let path = Checkpoint.existing(isWhole ? name : folder + "/" + name) else {
            throw FlowTokError.missingFile(folder: folder, file: name)
        }
        return path
    }

    /// The same for a file that must be named.
    ///
    /// - Parameter key: the part's key, for messages.
    static func path(of name: String?, _ key: CodingKeys, in folder: String) throws -> String {
        guard let name else {
            throw FlowTokError.unusableModel(
                file: folder + "/" + ModelFolder.configurationFile, reason: "files.\(key.rawValue) is missing")
        }
        return try path(of: name, in: folder)
    }

    /// The paths of all checkpoints that are named, in the order of the flow of data.
    public func checkpoints(in folder: String) throws -> [String] {
        try [textEncoder, flow, generator, imageTokenizer].compactMap { try $0.map { try Self.path(of: $0, in: folder) } }
    }
}
