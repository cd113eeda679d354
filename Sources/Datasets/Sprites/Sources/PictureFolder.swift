import Files
import Foundation

/// One of the folders that `Scripts/extract-pictures` makes: pictures and `index.json`, which says what they are.
struct PictureFolder: Sendable {
    /// A picture of the folder.
    struct Picture: Sendable, Decodable {
        var file: String
        var name: String?
        var tags: [String]?
        var category: String?
        var creator: String?
        /// Where it differs from the folder's.
        var license: String?

        private enum CodingKeys: CodingKey { case file, name, tags, category, creator, license }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            file = try values.decode(String.self, forKey: .file)
            name = try values.decodeIfPresent(String.self, forKey: .name)
            tags = try values.decodeIfPresent([String].self, forKey: .tags)
            category = try values.decodeIfPresent(String.self, forKey: .category)
            creator = try values.decodeIfPresent(String.self, forKey: .creator)
            try RenamedKeys(decoder).read(&license, CodingKeys.license)
        }
    }

    /// What `index.json` holds.
    struct Index: Sendable, Decodable {
        var source: String
        var package: String
        var version: String
        var license: String
        var attribution: String
        var pictures: [Picture]

        private enum CodingKeys: CodingKey { case source, package, version, license, attribution, pictures }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            source = try values.decode(String.self, forKey: .source)
            package = try values.decode(String.self, forKey: .package)
            version = try values.decode(String.self, forKey: .version)
            license = try RenamedKeys(decoder).decode(String.self, CodingKeys.license)
            attribution = try values.decode(String.self, forKey: .attribution)
            pictures = try values.decode([Picture].self, forKey: .pictures)
        }
    }

    let url: URL
    let index: Index

    /// Opens the folder of `source` in `pictures`.
    ///
    /// - Throws: `DatasetError.missing`, `.badRecord`, `.empty`.
    init(_ source: SpriteSource, in pictures: URL) throws {
        url = pictures.appendingPathComponent(source.rawValue)
        let file = url.appendingPathComponent("index.json")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw DatasetError.missing(path: file.path, hint: "Scripts/extract-pictures makes it (or leave \(source.rawValue) out with --only)")
        }
        do { index = try JSONFile.read(Index.self, from: file.path) } catch {
            throw DatasetError.badRecord(path: file.path, reason: "not what Scripts/extract-pictures writes: \(error)")
        }
        guard index.source == source.rawValue else {
            throw DatasetError.badRecord(path: file.path, reason: "the pictures of \(index.source), expected those of \(source.rawValue)")
        }
        guard !index.pictures.isEmpty else { throw DatasetError.empty(path: url.path, expected: "pictures") }
        for picture in index.pictures where picture.file.isEmpty || picture.file.hasPrefix(".") || picture.file.contains("/") {
            throw DatasetError.badRecord(path: file.path, reason: "a picture called \"\(picture.file)\", expected the name of a file beside it")
        }
    }

    func url(of picture: Picture) -> URL { url.appendingPathComponent(picture.file) }

    /// The picture as descriptions and messages name it.
    func name(of picture: Picture) -> String { "\(index.package)/\(picture.file)" }
}
