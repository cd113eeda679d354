import Checkpoints
import Layers
import Networks

/// What a checkpoint holds, inferred from the names and shapes of its tensors.
public struct RecognisedCheckpoint: Sendable {
    /// The family; nil where it is known by name only.
    public let family: ModelFamily?
    /// What it is called in messages.
    public let title: String
    /// The configuration of its network; nil where it is known by name only, or holds several networks.
    public let configuration: (any NetworkConfiguration)?

    /// What shapes do not tell and was assumed, a part of a sentence each.
    let assumptions: [String]
    private let file: String

    /// What was assumed, a line each that names the file.
    package var warnings: [String] { assumptions.map { "\(file): assumed \($0)" } }

    /// Recognises tensors; nil where they are nothing that is known here.
    ///
    /// What shapes do not tell is as published: heads of 64 channels (one where there are fewer, see `warnings`), unit vectors in the first release of TiTok alone, 512
    /// pixels for a FlowTiTok that does not hold its position tables.
    ///
    /// - Parameters:
    ///   - shapes: the tensors, which wrappers may still have prefixed.
    ///   - file: for messages.
    /// - Throws: `ImageTokenizerError.undetermined` where the names say an architecture and the shapes contradict it.
    public init?(shapes: [String: [Int]], file: String) throws {
        try self.init(TensorCatalog(shapes), file: file)
    }

    private init?(_ whole: TensorCatalog, file: String) throws {
        var catalog = whole
        if Self.signature(of: catalog.names)?.family == nil,
            let prefix = Wrappers.prefix(in: catalog.names.sorted(), families: ModelFamilies.all)
        {
            catalog = catalog.under(prefix)
        }
        guard let (family, title) = Self.signature(of: catalog.names) else { return nil }
        self.family = family
        self.title = title
        self.file = file
        do {
            configuration = try family?.configuration?.init(inferredFrom: catalog)
            assumptions = catalog.assumptions
        } catch let problem as TensorCatalog.Problem {
            throw ImageTokenizerError.undetermined(file: file, architecture: title, reason: problem.reason)
        }
    }

    /// The same for a checkpoint.
    public init?(_ checkpoint: Checkpoint) throws {
        try self.init(TensorCatalog(checkpoint), file: checkpoint.path)
    }

    /// What it is in a few words, with its size where that can be known.
    public var summary: String { configuration?.summary ?? title }

    /// The most particular signature that tensors of these names bear: that with the most names.
    package static func signature(of names: Set<String>) -> (family: ModelFamily?, title: String)? {
        var best: (family: ModelFamily?, signature: ModelFamily.Signature)?
        func consider(_ family: ModelFamily?, _ signature: ModelFamily.Signature) {
            guard signature.names.count > best?.signature.names.count ?? 0, signature.names.allSatisfy(names.contains) else {
                return
            }
            best = (family, signature)
        }
        for family in ModelFamilies.all { for signature in family.signatures { consider(family, signature) } }
        // Those that run here come first.
        if best == nil { for signature in strangers { consider(nil, signature) } }
        return best.map { ($0.family, $0.signature.title) }
    }

    /// Models that people have and that do not run here, so that messages can name them.
    private static let strangers: [ModelFamily.Signature] = [
        .init(
            "a convolutional variational autoencoder or VQGAN with attention",
            ["encoder.mid.block_1.conv1.weight", "decoder.mid.attn_1.q.weight"]),
        .init(
            "a convolutional variational autoencoder in diffusers' layout",
            ["encoder.mid_block.resnets.0.conv1.weight", "decoder.mid_block.resnets.0.conv1.weight"]),
        .init("a diffusion transformer over 2D latents", ["x_embedder.proj.weight", "final_layer.linear.weight"]),
    ]
}

extension Checkpoint {
    /// The shapes of all tensors by name; of packed matrices those that they had.
    var shapes: [String: [Int]] {
        Dictionary(
            entries.map { ($0.name, PackedFile.shape(of: $0.name, in: self) ?? $0.shape) }, uniquingKeysWith: { first, _ in first })
    }

    /// The family that its tensors' names tell; nil where it is none of the registry.
    package var family: ModelFamily? { RecognisedCheckpoint.signature(of: Set(names))?.family }

    /// What it holds, in words.
    var contents: String {
        if let found = RecognisedCheckpoint.signature(of: Set(names)) { return found.title }
        return names.first.map { "\(names.count) tensors of no architecture that is known here (\($0), …)" } ?? "no tensors"
    }

    /// The error that says what this checkpoint should have been and what it looks like.
    func isNot(_ expected: String) -> ImageTokenizerError {
        .otherArchitecture(file: path, expected: expected, found: contents)
    }
}
