import Files
import Foundation

/// Where a run's samples come from: scenes composed from sprites, or a folder of captioned images.
public struct DataConfiguration: Sendable, Codable, Equatable, Validated {
    /// Scenes of one kind, and how often they come.
    public struct Part: Sendable, Codable, Equatable {
        public var weight: Double
        public var scenes: SceneConfiguration

        public init(weight: Double = 1, scenes: SceneConfiguration = SceneConfiguration()) {
            self.weight = weight
            self.scenes = scenes
        }

        /// Reads what is named and keeps the defaults of everything else.
        public init(from decoder: any Decoder) throws {
            self.init()
            let values = try decoder.container(keyedBy: CodingKeys.self)
            try values.read(&weight, .weight)
            try values.read(&scenes, .scenes)
        }
    }

    /// A folder of sprite shards, as `flowtok dataset` writes them.
    public var sprites: String?
    /// The scenes to compose from them.
    public var mixture: [Part]?
    /// A folder of images with captions beside them, or of WebDataset shards.
    public var images: String?
    /// Whether pictures, captions and shards that are damaged are left out; otherwise a run with such does not begin.
    public var skipBad: Bool?
    public var seed: UInt64?

    enum CodingKeys: String, CodingKey {
        case sprites, mixture, images
        case skipBad = "skip_bad"
        case seed
    }

    public init(sprites: String, mixture: [Part] = [Part()], seed: UInt64 = 1) {
        self.sprites = sprites
        self.mixture = mixture
        self.seed = seed
    }

    public init(images: String, skipBad: Bool? = nil, seed: UInt64 = 1) {
        self.images = images
        self.skipBad = skipBad
        self.seed = seed
    }

    /// Keys of earlier versions that are still read, with the names that they have now.
    public static let formerKeys: [String: String] = {
        let now = [
            "skin_tone_weight", "background_probability", "allows_same_colour", "pair_offset", "position_jitter", "size_jitter",
            "pair_fraction", "background_fraction", "source_name", "colour_word", "white_background", "clip_art",
            "several_of_a_kind", "left_of", "right_of",
        ]
        let renamed = Dictionary(uniqueKeysWithValues: now.map { (RenamedKeys.camelCase($0), $0) })
        return renamed.merging(["emojiShare": "styles"]) { $1 }
    }()

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        if (sprites == nil) == (images == nil) {
            throw InvalidValue("name either a folder of \"sprites\" or a folder of \"images\"")
        }
        if images == nil, skipBad != nil { throw InvalidValue("skip_bad goes with images, not with sprites") }
        guard let mixture else { return }
        if images != nil { throw InvalidValue("mixture goes with sprites, not with images") }
        if mixture.isEmpty { throw InvalidValue("mixture is empty, expected at least one part") }
        for (index, part) in mixture.enumerated() where !(part.weight >= 0 && part.weight.isFinite) {
            throw InvalidValue("mixture[\(index)].weight is \(part.weight), expected at least 0")
        }
        guard mixture.contains(where: { $0.weight > 0 }) else { throw InvalidValue("mixture has no part with a weight above 0") }
    }

    /// The source of training samples, that of the samples that a run shows, and what was found of a user's own pictures, each
    /// of which is decoded once; nil of scenes. `side` is the pictures' side in pixels.
    ///
    /// - Parameters:
    ///   - needsCaptions: whether pictures without captions are left out.
    ///   - file: what holds this configuration, for messages.
    ///   - known: what the data were when the run began, for a run that goes on.
    ///   - progress: called with the number of pictures that were looked at, and of all.
    /// - Throws: `ConfigurationError.badConfiguration`, and `.unusableInput` where the data cannot be used.
    public func sources(
        side: Int, needsCaptions: Bool = true, file: String = "the configuration", known: DataRecord? = nil,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> (training: any SampleSource, shown: any SampleSource, data: CheckedDataset?) {
        try validate { ConfigurationError.badConfiguration(file: file, reason: "data: " + $0) }
        let seed = seed ?? 1
        if let folder = images {
            let checked = try ConfigurationError.reading("data.images", of: file) {
                try CheckedDataset(
                    CaptionedDataset(folder: URL(fileURLWithPath: folder), needsCaptions: needsCaptions),
                    skippingBad: skipBad ?? false, known: known, progress: progress)
            }
            let images = ShuffledImages(checked.dataset, side: side, seed: seed, skipsBad: skipBad ?? false)
            return (images, images, checked)
        }
        let sprites = try loadSprites(file)
        return try ConfigurationError.reading("data.mixture", of: file) {
            (
                try SceneSource(sprites: sprites, mixture: parts, side: side, seed: seed),
                try SceneSource(sprites: sprites, mixture: Array(parts.prefix(1)), side: side, seed: seed &+ 0x5EED), nil
            )
        }
    }

    /// Samples with classes: pictures of folders, or scenes of sprites.
    public struct Classified: Sendable {
        public let source: any SampleSource
        /// The classes; a sample's number is its class's place among them.
        public let classes: [String]
        public let data: CheckedDataset?
        private let numbers: [String: Int]

        fileprivate init(_ source: any SampleSource, classes: [String], data: CheckedDataset?) {
            self.source = source
            self.classes = classes
            self.data = data
            numbers = Dictionary(classes.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        }

        /// The number of the class of sample `index`.
        public func label(_ index: UInt64) -> Int { source.label(index).flatMap { numbers[$0] } ?? 0 }
    }

    /// The training samples of some classes. The class of a picture is its JSON's or its folder's, that of a scene what the
    /// sprite that its caption names first is: one of its broader words, its caption or a part of its group.
    ///
    /// - Parameters:
    ///   - classes: those that are learned, in the order of their numbers; nil for all that pictures have, by name, and for
    ///     sprites the broader words.
    ///   - others: as in `sources`.
    /// - Throws: as `sources`, and where a class has no picture.
    public func classified(
        side: Int, classes wanted: [String]?, file: String = "the configuration", known: DataRecord? = nil,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> Classified {
        try validate { ConfigurationError.badConfiguration(file: file, reason: "data: " + $0) }
        let seed = seed ?? 1
        func chosen(_ found: Set<String>, _ path: String) throws -> [String] {
            guard let wanted else {
                guard !found.isEmpty else {
                    throw DatasetError.missingClasses(
                        path: path, reason: "no picture has a class, expected a folder for each class, or \"class\" in the pictures' JSON")
                }
                return found.sorted()
            }
            if let missing = wanted.first(where: { !found.contains($0) }) {
                let some = found.sorted().prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
                throw DatasetError.missingClasses(
                    path: path, reason: "no picture is of the class \"\(missing)\"; there are \(some)\(found.count > 8 ? ", …" : "")")
            }
            return wanted
        }
        guard let folder = images else {
            let all = try loadSprites(file)
            return try ConfigurationError.reading("classes", of: file) {
                let labelled = all.compactMap { sprite in sprite.description.label(among: wanted).map { (sprite, $0) } }
                let classes = try chosen(Set(labelled.map(\.1)), sprites ?? "")
                return Classified(
                    try SceneSource(
                        sprites: labelled.map(\.0), labels: labelled.map(\.1), mixture: parts, side: side, seed: seed),
                    classes: classes, data: nil)
            }
        }
        return try ConfigurationError.reading("data.images", of: file) {
            var dataset = try CaptionedDataset(folder: URL(fileURLWithPath: folder), needsCaptions: false)
            let classes = try chosen(Set((0..<dataset.count).compactMap(dataset.label)), folder)
            dataset.keep(Set(classes))
            let checked = try CheckedDataset(dataset, skippingBad: skipBad ?? false, known: known, progress: progress)
            return Classified(
                ShuffledImages(checked.dataset, side: side, seed: seed, skipsBad: skipBad ?? false), classes: classes, data: checked)
        }
    }

    /// The source of the samples whose captions a vocabulary is learned from: no picture of a user's own is read.
    ///
    /// - Parameter file: what holds this configuration, for messages.
    /// - Returns: the source, and what was left out of the data, a line each.
    /// - Throws: as `sources` does.
    public func captions(file: String = "the configuration") throws -> (source: any SampleSource, leftOut: [String]) {
        try validate { ConfigurationError.badConfiguration(file: file, reason: "data: " + $0) }
        guard let folder = images else { return (try sources(side: 16, file: file).training, []) }
        let dataset = try ConfigurationError.reading("data.images", of: file) {
            try CaptionedDataset(folder: URL(fileURLWithPath: folder))
        }
        return (
            ShuffledImages(dataset, side: 16, seed: seed ?? 1),
            dataset.leftOut.summaries(examples: 3).map { "data: left out: \($0)" }
        )
    }

    /// The scenes that are the training samples of `sources`, and the number of sprites in the data set.
    func scenes(side: Int, file: String) throws -> (source: SceneSource, sprites: Int) {
        try validate { ConfigurationError.badConfiguration(file: file, reason: "data: " + $0) }
        let sprites = try loadSprites(file)
        let source = try ConfigurationError.reading("data.mixture", of: file) {
            try SceneSource(sprites: sprites, mixture: parts, side: side, seed: seed ?? 1)
        }
        return (source, sprites.count)
    }

    private var parts: [Part] { mixture ?? [Part()] }

    private func loadSprites(_ file: String) throws -> [Sprite] {
        try ConfigurationError.reading("data.sprites", of: file) {
            try SpriteDataset(folder: URL(fileURLWithPath: sprites ?? "")).sprites
        }
    }
}
