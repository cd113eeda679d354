import Datasets
import ModelFolders
import Networks
import Tensors
import TextTokenizers

/// What a generator learns from: pictures, and the class or the caption of each.
enum GeneratorExamples {
    case classes(DataConfiguration.Classified)
    /// - Parameter shown: the samples whose captions are drawn to show the state.
    case captions(GeneratorTextEncoder, training: any SampleSource, shown: any SampleSource, data: CheckedDataset?)

    var source: any SampleSource {
        switch self {
        case .classes(let data): data.source
        case .captions(_, let training, _, _): training
        }
    }

    /// What was found of a user's own pictures; nil of scenes.
    var checked: CheckedDataset? {
        switch self {
        case .classes(let data): data.data
        case .captions(_, _, _, let data): data
        }
    }

    var subjects: GeneratorSubjects {
        switch self {
        case .classes(let data): .classes(data.classes.count)
        case .captions(let encoder, _, _, _): .captions(width: encoder.configuration.width)
        }
    }

    /// The places that the condition takes of a sequence: one for a class, the positions of a caption.
    var conditionLength: Int {
        switch self {
        case .classes: 1
        case .captions(let encoder, _, _, _): encoder.configuration.contextLength
        }
    }

    /// What tells the condition from others.
    var fingerprint: String {
        switch self {
        case .classes(let data): data.classes.joined(separator: "\n")
        case .captions(let encoder, _, _, _): encoder.fingerprint
        }
    }

    /// What the folder of a trained generator says that it draws.
    var trained: GeneratorFolder.TrainedSubjects {
        switch self {
        case .classes(let data): .classes(data.classes)
        case .captions(let encoder, _, _, _):
            .captions(encoder.configuration, weights: encoder.parameters, vocabulary: encoder.textTokenizer.vocabulary)
        }
    }

    /// Samples `first..<first + count`: images [count, 3, side, side], and of each its class, or its caption by its place in
    /// `captions`.
    func batch(first: UInt64, count: Int, side: Int) throws -> (images: Tensor, labels: [Int], captions: TextCondition?) {
        switch self {
        case .classes(let data):
            let images = try Tensor(images: data.source, first: first, count: count, side: side)
            return (images, (0..<count).map { data.label(first + UInt64($0)) }, nil)
        case .captions(let encoder, let training, _, _):
            let batch = try Batch(training, first: first, count: count, side: side, textTokenizer: encoder.textTokenizer)
            return (batch.images, Array(0..<count), encoder.condition(batch.ids))
        }
    }

    /// The classes or captions that are drawn to show the state: at most eight, all different.
    func shown() throws -> [String] {
        switch self {
        case .classes(let data): return Array(data.classes.prefix(8))
        case .captions(_, _, let shown, _):
            var captions: [String] = []
            for index in 0..<UInt64(64) where captions.count < 8 {
                let caption = try shown.caption(index)
                if !captions.contains(caption) { captions.append(caption) }
            }
            return captions
        }
    }

    /// What draws all that is shown, `rows` times, and how many `columns` that are.
    func condition(rows: Int) throws -> (condition: GeneratorCondition, columns: Int) {
        let names = try shown()
        switch self {
        case .classes: return (.classes((0..<rows).flatMap { _ in names.indices }), names.count)
        case .captions(let encoder, _, _, _):
            let ids = try names.flatMap { try encoder.textTokenizer.encode($0) }
            let text = encoder.condition((0..<rows).flatMap { _ in ids })
            return (.captions(text, unconditional: encoder.condition(try encoder.textTokenizer.encode(""))), names.count)
        }
    }
}
