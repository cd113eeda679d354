import Files
import Foundation
import Images

/// A user's own pictures with their captions: all of a folder and of the folders inside it, as files and in WebDataset shards.
///
/// A caption is a `.txt` file of the picture's name beside it, a line of the folder's `metadata.jsonl` or `metadata.csv` (as
/// Hugging Face's image folders have them), or in a shard the sample's `.txt` or `.json`. Links are followed. Captions are read
/// at once, pictures when they are asked for; what is no picture with a caption is left out and listed. Where captions are not
/// needed, pictures without one have an empty one.
///
/// A picture's class is the `class` of its JSON or of its line of the table, and otherwise the name of the folder that it lies in.
/// Where captions are needed, the JSON beside a picture that has another caption is not read.
public struct CaptionedDataset: Sendable {
    /// A picture and its caption.
    struct Item: Sendable {
        /// The path below the folder; inside a shard, the sample's key after the shard's path.
        var name: String
        var caption: String
        /// Nil for a picture that lies in no folder inside the data set's own.
        var label: String?
        var place: Place

        /// - Parameter label: the class that is written somewhere; nil for the innermost folder of the name.
        init(name: String, caption: String, label: String?, folderOf path: String, place: Place) {
            self.name = name
            self.caption = caption
            self.place = place
            let inside = FilePath.folder(of: path)
            self.label = label ?? inside.split(separator: "/").last.flatMap { $0 == "." ? nil : String($0) }
        }
    }

    /// Where the bytes of a picture are.
    enum Place: Sendable {
        case file(String)
        case shard(Shard, Range<Int>)
    }

    /// The folder that was read.
    public let folder: String
    /// What was left out, in the order of the names.
    public internal(set) var leftOut: [LeftOutFile]
    /// The shards among the files.
    public let shards: Int
    private(set) var items: [Item]

    /// The number of pictures with captions.
    public var count: Int { items.count }

    /// Lists the pictures of `folder`, in the order of their paths.
    ///
    /// - Parameters:
    ///   - skipping: names to leave out: paths below the folder, keys of samples, with or without extension.
    ///   - needsCaptions: whether a picture without a caption is left out.
    /// - Throws: `DatasetError.missing` where there is no such folder, `.empty` where nothing in it is a picture with a caption,
    ///   with what is there instead.
    public init(folder: URL, skipping: Set<String> = [], needsCaptions: Bool = true) throws {
        self.folder = folder.path
        let listing = try FolderListing(folder.path)
        var found = CaptionedFiles(listing, skipping: skipping, needsCaptions: needsCaptions)
        found.read()
        items = found.items.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        leftOut = found.leftOut.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        shards = found.shards
        guard !items.isEmpty else {
            let reasons = leftOut.summaries(examples: 2).prefix(4).joined(separator: "; ")
            throw DatasetError.empty(
                path: folder.path,
                expected: (needsCaptions
                    ? "pictures with captions (name.png and name.txt, a metadata.jsonl, or .tar shards)" : "pictures (files, or .tar shards)")
                    + (reasons.isEmpty ? "" : "; found \(reasons)"))
        }
    }

    /// The name of picture `index`.
    public func name(_ index: Int) -> String { items[index].name }

    /// The caption of picture `index`, without reading the picture.
    public func caption(_ index: Int) -> String { items[index].caption }

    /// The class of picture `index`; nil where nothing says it.
    public func label(_ index: Int) -> String? { items[index].label }

    /// Leaves out the pictures whose class is none of `classes`.
    mutating func keep(_ classes: Set<String>) {
        items = items.filter { $0.label.map(classes.contains) ?? false }
    }

    /// Picture `index` with its caption.
    ///
    /// - Throws: `DatasetError.badRecord` where the picture cannot be read.
    public func sample(_ index: Int) throws -> CaptionedImage {
        let item = items[index]
        do {
            switch item.place {
            case .file(let path): return CaptionedImage(image: try Image(path: path), caption: item.caption)
            case .shard(let shard, let range): return CaptionedImage(image: try Image(data: shard.bytes(range)), caption: item.caption)
            }
        } catch {
            throw DatasetError.badRecord(path: folder + "/" + item.name, reason: Self.reason(error, in: item))
        }
    }

    /// An error about a picture without its path, which stands before it already.
    static func reason(_ error: any Error, in item: Item) -> String {
        var reason = String(describing: error)
        if case .file(let path) = item.place, reason.hasPrefix(path + ": ") { reason.removeFirst(path.count + 2) }
        return reason
    }

    /// Leaves out pictures by their places.
    mutating func remove(_ places: [Int: LeftOutFile]) {
        items = items.enumerated().filter { places[$0.offset] == nil }.map(\.element)
        leftOut = (leftOut + places.values).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

/// A file that a data set left out.
public struct LeftOutFile: Sendable, Hashable, Codable {
    /// The path below the data set's folder.
    public var name: String
    /// What it is, such as "a picture without a caption".
    public var reason: String
    /// What exactly is wrong with it; nil where the reason says all.
    public var detail: String?
    /// Whether it was meant to be a part of the data: a picture, a caption or a shard that is damaged.
    public var isBad: Bool

    public init(name: String, reason: String, detail: String? = nil, isBad: Bool = false) {
        self.name = name
        self.reason = reason
        self.detail = detail
        self.isBad = isBad
    }
}

extension Sequence<LeftOutFile> {
    /// A line to each reason, with how many there are and the first of them: "2 pictures without a caption: a.png, b.png".
    func summaries(examples: Int) -> [String] {
        var order: [String] = []
        var groups: [String: [LeftOutFile]] = [:]
        for file in self {
            if groups[file.reason] == nil { order.append(file.reason) }
            groups[file.reason, default: []].append(file)
        }
        return order.map { reason in
            let files = groups[reason] ?? []
            let names = files.prefix(examples).map { file in
                FilePath.shown(file.name) + (file.detail.map { " (\($0))" } ?? "")
            }
            return "\(files.count) × \(reason): \(names.joined(separator: ", "))\(files.count > examples ? ", …" : "")"
        }
    }
}
