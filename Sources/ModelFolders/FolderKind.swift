import Files
import Foundation
import Networks

/// What a model folder holds, told by its `config.json`: `model_type` where it names one, otherwise the sections that
/// official configurations have.
///
/// Each kind has a file of its own in this room; a kind that `flowtok import` does not write yet is at least recognised.
public enum FolderKind: String, Sendable, Hashable, CaseIterable {
    /// A model of this package's own making: `ModelConfiguration`.
    case flowTok = "flowtok"
    /// The published FlowTok with CLIP's text tower: `OfficialFlowTokConfiguration`.
    case officialFlowTok = "flowtok-official"
    /// Image tokenizers: `ImageTokenizerFolder`.
    case tiTok = "titok"
    case flowTiTok = "flowtitok"
    case maskGITVQGAN = "maskgit-vqgan"
    /// Generators over a tokenizer's tokens: `GeneratorFolder`.
    case maskGIT = "maskgit"
    case maskGenVQ = "maskgen-vq"
    case maskGenKL = "maskgen-kl"

    /// What the kind is called in messages.
    public var title: String {
        switch self {
        case .flowTok, .officialFlowTok: "a FlowTok"
        case .tiTok: "a TiTok, an image tokenizer"
        case .flowTiTok: "a FlowTiTok, an image tokenizer"
        case .maskGITVQGAN: "a MaskGIT-VQGAN, an image tokenizer"
        case .maskGIT: "a MaskGIT generator of classes"
        case .maskGenVQ, .maskGenKL: "a MaskGen, a text-to-image generator"
        }
    }

    public var isImageTokenizer: Bool { [.tiTok, .flowTiTok, .maskGITVQGAN].contains(self) }
    public var isGenerator: Bool { [.maskGIT, .maskGenVQ, .maskGenKL].contains(self) }

    /// The kind of the folder at `path`.
    ///
    /// - Throws: `FlowTokError.modelNotFound`, `missingFile`, and `unusableModel` where its configuration cannot be read or
    ///   is of nothing that is known here.
    public init(folder path: String) throws {
        let file = try ModelFolder.configurationPath(in: path)
        let header = try JSONFile.read(Header.self, from: file)
        if let type = header.modelType {
            guard let kind = FolderKind(rawValue: type) else {
                let known = FolderKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
                throw FlowTokError.unusableModel(file: file, reason: "model_type is \"\(type)\", expected one of \(known)")
            }
            self = kind
        } else if let kind = header.official {
            self = kind
        } else {
            throw FlowTokError.unusableModel(
                file: file, reason: "model_type is missing, and it is no official configuration of a TiTok or its generators")
        }
    }

    /// As much of any `config.json` as tells its kind. Official configurations nest what they describe under `model`.
    private struct Header: Decodable {
        let modelType: String?
        let official: FolderKind?

        private enum Keys: String, CodingKey {
            case modelType = "model_type"
            case model
            case channelMultipliers = "channel_mult"
            case losses
        }

        private enum Sections: String, CodingKey {
            case tokenizer = "vq_model"
            case generator, maskgen
        }

        /// A diffusion head makes MaskGen one over continuous tokens.
        private struct Losses: Decodable {
            let diffloss_d: Int?
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Keys.self)
            modelType = try values.decodeIfPresent(String.self, forKey: .modelType)
            guard modelType == nil, values.contains(.model) else {
                official = values.contains(.channelMultipliers) ? .maskGITVQGAN : nil
                return
            }
            let model = try values.nestedContainer(keyedBy: Sections.self, forKey: .model)
            if model.contains(.maskgen) {
                let losses = try values.decodeIfPresent(Losses.self, forKey: .losses)
                official = losses?.diffloss_d == nil ? .maskGenVQ : .maskGenKL
            } else {
                official = model.contains(.generator) ? .maskGIT : model.contains(.tokenizer) ? .tiTok : nil
            }
        }
    }
}
