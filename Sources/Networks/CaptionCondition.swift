import Files
import Layers
import Tensors

/// What a generator of captions reads of them.
public enum CaptionStates: Sendable, Hashable {
    /// The states before the last block of CLIP's text tower, and the text's vector: MaskGen.
    case clip
    /// The last states of the text encoder of a FlowTok or a FlowTiTok: generators that were made for classes. Where a generator
    /// reads every position, it has that many `positions`; one that reads their mean takes any number.
    case textEncoder(positions: Int?)
}

extension TextTransformer {
    /// Captions as generators read them that were made for classes: the last hidden states, and as the caption's vector the mean
    /// of those of its pieces and of its end, without padding. Nothing that stands in one caption changes another's.
    ///
    /// It has no gradient: the text encoder stays as it is.
    ///
    /// - Parameters:
    ///   - ids: `contextLength` of every caption.
    ///   - padding: the id that fills up what a caption leaves.
    package func condition(_ ids: [Int32], padding: Int32) -> TextCondition {
        let (length, width) = (configuration.contextLength, configuration.width)
        let states = self(ids).detached
        let captions = ids.count / length
        let means = Tensor(uninitialized: [captions, width]) { buffer in
            buffer.update(repeating: 0)
            states.withUnsafeBufferPointer { values in
                for caption in 0..<captions {
                    let places = (caption * length..<(caption + 1) * length).filter { ids[$0] != padding }
                    let share = 1 / Float(max(1, places.count))
                    for place in places {
                        for channel in 0..<width { buffer[caption * width + channel] += values[place * width + channel] * share }
                    }
                }
            }
        }
        return TextCondition(hidden: states, pooled: means)
    }
}

/// Captions where a generator has a table of classes: the mean of a caption's states, normalised to mean 0 and variance 1, through
/// a linear map `caption_proj`. No published generator has this; what stands for no class stands for no caption too.
struct CaptionEmbedding: Sendable {
    private let projection: Linear
    private let captionWidth: Int

    /// Nil for a generator of classes.
    init?(_ weights: Weights, _ subjects: GeneratorSubjects, to width: Int) {
        guard case .captions(let captionWidth) = subjects else { return nil }
        self.captionWidth = captionWidth
        projection = Linear(weights["caption_proj"], from: captionWidth, to: width, initial: .normal(std: 0.02))
    }

    /// A row to each caption, and behind them that of no caption, `none` [1, width]: [captions + 1, width].
    func table(_ captions: TextCondition, none: Tensor) -> Tensor {
        precondition(captions.pooled.shape[1] == captionWidth, "captions of \(captions.pooled.shape[1]) numbers for \(captionWidth)")
        return .concatenated([projection(captions.pooled.layerNormalized(epsilon: 1e-6)), none], axis: 0)
    }
}

// MARK: - Configurations

extension GeneratorSubjects {
    /// What a generator's configuration says that it draws: classes, whose number is the value of `key`, or with
    /// `"condition": "caption"` captions, whose states have `caption_dim` numbers.
    init(of values: KeyedDecodingContainer<OfficialKey>, classes key: OfficialKey) throws {
        let condition: String = try values.value("condition", default: "class")
        switch condition {
        case "class": self = .classes(try values.value(key, default: 1000))
        case "caption": self = .captions(width: try values.value("caption_dim"))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: "condition", in: values,
                debugDescription: "\"\(condition)\" is nothing that generators here are conditioned on, expected \"class\" or \"caption\"")
        }
    }

    /// Writes what `init(of:classes:)` reads.
    func encode(to values: inout KeyedEncodingContainer<OfficialKey>, classes key: OfficialKey) throws {
        switch self {
        case .classes(let count): try values.encode(count, forKey: key)
        case .captions(let width):
            try values.encode("caption", forKey: "condition")
            try values.encode(width, forKey: "caption_dim")
        }
    }

    /// The keys besides that of the number of classes.
    static let keys: Set<String> = ["condition", "caption_dim"]

    /// - Throws: `InvalidValue` where the number cannot be used, by its key.
    func validate(classes key: String) throws(InvalidValue) {
        switch self {
        case .classes(let count): try expect(key, count, in: 1...1 << 20)
        case .captions(let width): try expect("caption_dim", width, in: 1...65536)
        }
    }

    /// The number of classes; 0 of captions.
    var classes: Int { if case .classes(let count) = self { count } else { 0 } }

    /// "1000 classes", "captions".
    var summary: String { if case .classes(let count) = self { "\(count) classes" } else { "captions" } }
}

extension GeneratorCondition {
    /// What is drawn, a number to an image: of its class, or of its caption among those that come with them.
    ///
    /// - Throws: `GeneratorError.otherSubject` where captions are given to a generator of classes, or the other way round;
    ///   `noSuchClass`.
    func labels(for subjects: GeneratorSubjects) throws -> (labels: [Int], captions: TextCondition?) {
        guard case .classes(let count) = subjects else {
            let text = try captions().text
            return (Array(0..<text.count), text)
        }
        let labels = try classes()
        if let stranger = labels.first(where: { $0 < 0 || $0 >= count }) { throw GeneratorError.noSuchClass(stranger, count: count) }
        return (labels, nil)
    }
}
