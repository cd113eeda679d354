import Checkpoints
import Files
import Layers
import Networks
import Sampling
import Tensors
import TextTokenizers

/// The `config.json` of a folder with the published FlowTok: which file holds what, and the shape of every part.
public struct OfficialFlowTokConfiguration: Sendable, Hashable, Codable, Validated {
    public var name: String
    public var files: ModelFiles
    public var velocity: VelocityConfiguration
    public var textVariationalEncoder: TextVariationalConfiguration
    public var imageTokenizer: FlowTiTokConfiguration
    /// CLIP's text tower. Its activation cannot be inferred from the file: `quick_gelu`, with which CLIP was trained, or `gelu`
    /// (reference section 3.2).
    public var textEncoder: TextTransformerConfiguration
    /// What the tokenizer's latents are multiplied by where the flow works.
    public var scaleFactor: Float
    public var sampling: SamplingDefaults

    /// The published scale factor.
    public static let publishedScaleFactor: Float = 1.0143

    public init(
        name: String, files: ModelFiles, velocity: VelocityConfiguration,
        textVariationalEncoder: TextVariationalConfiguration, imageTokenizer: FlowTiTokConfiguration,
        textEncoder: TextTransformerConfiguration, scaleFactor: Float = publishedScaleFactor,
        sampling: SamplingDefaults = SamplingDefaults()
    ) {
        self.name = name
        self.files = files
        self.velocity = velocity
        self.textVariationalEncoder = textVariationalEncoder
        self.imageTokenizer = imageTokenizer
        self.textEncoder = textEncoder
        self.scaleFactor = scaleFactor
        self.sampling = sampling
    }

    enum CodingKeys: String, CodingKey {
        case modelType = "model_type"
        case name, files, velocity
        case textVariationalEncoder = "text_variational_encoder"
        case imageTokenizer = "image_tokenizer"
        case textEncoder = "text_encoder"
        case scaleFactor = "scale_factor"
        case sampling
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try values.decode(String.self, forKey: .name), files: try values.decode(ModelFiles.self, forKey: .files),
            velocity: try values.decode(VelocityConfiguration.self, forKey: .velocity),
            textVariationalEncoder: try values.decode(TextVariationalConfiguration.self, forKey: .textVariationalEncoder),
            imageTokenizer: try values.decode(FlowTiTokConfiguration.self, forKey: .imageTokenizer),
            textEncoder: try values.decode(TextTransformerConfiguration.self, forKey: .textEncoder),
            scaleFactor: try values.decodeIfPresent(Float.self, forKey: .scaleFactor) ?? Self.publishedScaleFactor,
            sampling: try values.decodeIfPresent(SamplingDefaults.self, forKey: .sampling) ?? SamplingDefaults())
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(ModelFamily.officialFlowTok.id, forKey: .modelType)
        try values.encode(name, forKey: .name)
        try values.encode(files, forKey: .files)
        try values.encode(velocity, forKey: .velocity)
        try values.encode(textVariationalEncoder, forKey: .textVariationalEncoder)
        try values.encode(imageTokenizer, forKey: .imageTokenizer)
        try values.encode(textEncoder, forKey: .textEncoder)
        // The shortest number that is this one: 1.0143, and not its neighbour in double precision.
        try values.encode(Double("\(scaleFactor)") ?? Double(scaleFactor), forKey: .scaleFactor)
        try values.encode(sampling, forKey: .sampling)
    }

    /// The same as a configuration of this package's models: latents of mean 0 and deviation 1 / scale factor, and no text
    /// decoder, which no official file has.
    public var model: FlowTokConfiguration {
        let channels = max(0, min(imageTokenizer.tokenSize, 4096))
        return FlowTokConfiguration(
            name: name, imageTokenizer: imageTokenizer, textEncoder: textEncoder,
            textVariationalEncoder: textVariationalEncoder, textDecoder: nil, velocity: velocity,
            latents: LatentStatistics(
                mean: .init(repeating: 0, count: channels), std: .init(repeating: 1 / scaleFactor, count: channels)),
            sampling: sampling, license: "license not stated")
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        guard scaleFactor.isFinite, scaleFactor > 0 else { throw InvalidValue("scale_factor is \(scaleFactor), expected a positive number") }
        guard textEncoder.causal, [.quickGELU, .gelu].contains(textEncoder.activation) else {
            throw InvalidValue("text_encoder is no tower of CLIP, expected it causal with quick_gelu or gelu")
        }
        try model.validate()
    }

    /// Writes the folder's `config.json`.
    ///
    /// - Throws: `FileError.unwritable`.
    public func write(to folder: String) throws { try JSONFile.write(self, to: folder + "/" + ModelFolder.configurationFile) }

    static func read(from folder: String) throws -> OfficialFlowTokConfiguration {
        let file = try ModelFolder.configurationPath(in: folder)
        let configuration = try JSONFile.read(Self.self, from: file)
        try configuration.validate { FlowTokError.unusableModel(file: file, reason: $0) }
        return configuration
    }
}

/// A published FlowTok as its folder gives it.
struct OfficialFlowTok {
    let model: FlowTokModel
    let textTokenizer: CLIPTokenizer
    let precision: Precision
    let isPacked: Bool
    let checkpoints: [Checkpoint]

    init(folder: String, _ configuration: OfficialFlowTokConfiguration, precision wanted: Precision?) throws {
        let files = configuration.files
        textTokenizer = CLIPTokenizer(
            try CLIPTextEncoder.vocabulary(
                (files.vocabulary ?? []).map { try ModelFiles.path(of: $0, in: folder) },
                count: configuration.textEncoder.vocabularySize),
            length: configuration.textEncoder.contextLength)
        let sources = try OfficialWeights(
            text: Checkpoint.ofModel(ModelFiles.path(of: files.textEncoder, .textEncoder, in: folder)),
            flow: Checkpoint.ofModel(ModelFiles.path(of: files.flow, .flow, in: folder)),
            tokenizer: Checkpoint.ofModel(ModelFiles.path(of: files.imageTokenizer, .imageTokenizer, in: folder)))
        let tokenizer = sources.tokenizerFile
        let precision = try ModelFolder.precision(wanted, of: sources.checkpoints) ?? .float32
        self.precision = precision
        isPacked = sources.checkpoints.contains { PackedFile.precision(of: $0) != nil }
        model = FlowTokModel(
            configuration.model, weights: Weights(PackingWeights(sources, as: precision)), expected: sources.expected,
            later: { _ in Weights(PackingWeights(CheckpointWeights(tokenizer), as: precision)) })
        try sources.verify()
        try PrecomputedModulation.restore(model.velocity, from: sources.flowFile, prefix: "")
        checkpoints = sources.checkpoints
    }
}

/// The three published checkpoints as one source under the names of this package's models: `text_encoder.`, `flow.` and
/// `image_tokenizer.` before the official names.
final class OfficialWeights: WeightSource {
    let tokenizerFile: Checkpoint
    let flowFile: Checkpoint
    private let textFile: Checkpoint
    private let text: CLIPWeights
    private let flow: CheckpointWeights
    private let tokenizer: CheckpointWeights

    /// - Throws: `ImageTokenizerError.otherArchitecture` where a file holds something else, saying what it looks like.
    init(text: Checkpoint, flow: Checkpoint, tokenizer: Checkpoint) throws {
        guard flow.family == .officialFlowTok else {
            throw flow.isNot("FlowTok with its text variational encoder")
        }
        guard tokenizer.family == .flowTiTok else {
            throw tokenizer.isNot("FlowTiTok, FlowTok's image tokenizer")
        }
        self.text = try CLIPWeights(text)
        self.flow = CheckpointWeights(flow)
        self.tokenizer = CheckpointWeights(tokenizer)
        (textFile, flowFile, tokenizerFile) = (text, flow, tokenizer)
    }

    /// The part that a name belongs to, and the official name.
    private func place(_ name: String) -> (any WeightSource, String)? {
        for (prefix, source) in [
            ("text_encoder.", text as any WeightSource), ("flow.", flow), ("image_tokenizer.", tokenizer),
        ] where name.hasPrefix(prefix) {
            return (source, String(name.dropFirst(prefix.count)))
        }
        return nil
    }

    var checkpoints: [Checkpoint] { [textFile, flowFile, tokenizerFile] }

    func contains(_ name: String) -> Bool { place(name).map { $0.0.contains($0.1) } ?? false }

    func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        place(name).flatMap { $0.0.packed(named: $0.1, shape: shape) }
    }

    func packed(named name: String, shape: [Int], as precision: Precision) -> PackedMatrix? {
        place(name).flatMap { $0.0.packed(named: $0.1, shape: shape, as: precision) }
    }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        place(name).map { $0.0.tensor(named: $0.1, shape: shape, initial: initial) } ?? .zeros([0])
    }

    func deferred(named name: String, shape: [Int]) -> LazyMatrix? {
        place(name).flatMap { $0.0.deferred(named: $0.1, shape: shape) }
    }

    func release(named name: String) { if let (source, name) = place(name) { source.release(named: name) } }

    /// Notes what the image tokenizer is to hold without reading it.
    var expected: any WeightSource {
        ExpectedWeights(holds: contains) { [tokenizer] name, shape in
            tokenizer.expect(String(name.dropFirst("image_tokenizer.".count)), shape: shape)
        }
    }

    /// Notes whether a parameter of any file is there in that shape, without reading it.
    ///
    /// - Returns: the file, and the parameter's names in it.
    func expect(_ name: String, shape: [Int]) -> [(checkpoint: Checkpoint, names: [String])] {
        guard let (source, name) = place(name) else { return [] }
        if source === text { return [(textFile, text.expect(name, shape: shape))] }
        if source === flow {
            flow.expect(name, shape: shape)
            return [(flowFile, [name])]
        }
        tokenizer.expect(name, shape: shape)
        return [(tokenizerFile, [name])]
    }

    /// Throws a `WeightMismatch` for the first file that lacks something, has it in another shape, or has more than the
    /// published files have beside the parameters: what only training uses, and tables that are computed here.
    func verify() throws {
        try text.verify()
        try flow.verify(ignoring: Self.isUnusedByFlow)
        try tokenizer.verify(ignoring: Self.isUnusedByTokenizer)
    }

    static func isUnusedByFlow(_ name: String) -> Bool {
        name == "pos_embed" || name == "t2t_temperature"
            || ["context_projector.", "open_clip", "modulation."].contains { name.hasPrefix($0) }
    }

    static func isUnusedByTokenizer(_ name: String) -> Bool { name.contains("positional_embedding.freqs_") }
}
