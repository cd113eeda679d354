import Foundation
import Images

/// WebDataset shards whose samples are an image (`.png`, `.jpg`, `.webp`) and its caption: `.txt`, or `.json` with "caption" or "text".
///
/// Encoded pictures are held in memory and decoded when they are asked for.
public struct CaptionedShards: CaptionedImageCollection {
    private struct Item: Sendable {
        var name: String
        var image: Data
        var caption: String
    }

    private let items: [Item]
    public let skipped: [SkippedFile]

    public var count: Int { items.count }

    /// Reads every `.tar` of `folder`, in the order of their names.
    public init(folder: URL, skipping: Set<String> = [], unpaired: UnpairedFiles = .fail) throws {
        var items: [Item] = []
        var skipped: [SkippedFile] = []
        for shard in try SpriteDataset.shards(in: folder) {
            for sample in try WebDatasetSample.samples(of: shard) {
                let name = "\(shard.lastPathComponent)/\(sample.key)"
                if skipping.contains(sample.key) || skipping.contains(name) {
                    skipped.append(SkippedFile(name: name, reason: "on the skip list"))
                    continue
                }
                let image = CaptionedImageSource.imageExtensions.sorted(by: >).compactMap { sample.parts[$0] }.first
                let hasCaption = sample.parts["txt"] != nil || sample.parts["json"] != nil
                let caption = Self.caption(of: sample)
                if let image, let caption {
                    items.append(Item(name: name, image: image, caption: caption))
                    continue
                }
                // Samples of other things (audio, labels) stand in shared shards and are nobody's mistake.
                if image == nil, !hasCaption { continue }
                let place = "\(shard.path): \(sample.key)"
                let problem: DatasetError =
                    image == nil
                    ? .captionWithoutImage(path: place)
                    : hasCaption
                        ? .badRecord(path: place, reason: "no caption in its .txt or .json (\"caption\" or \"text\")") : .imageWithoutCaption(path: place)
                guard unpaired == .skip else { throw problem }
                skipped.append(SkippedFile(name: name, reason: image == nil ? "a caption without an image" : "an image without a caption"))
            }
        }
        guard !items.isEmpty else { throw DatasetError.empty(path: folder.path, expected: "samples of an image and a caption") }
        self.items = items
        self.skipped = skipped
    }

    private static func caption(of sample: WebDatasetSample) -> String? {
        if let text = sample.parts["txt"] { return CaptionedImageSource.caption(from: text) }
        struct Record: Decodable {
            var caption: String?
            var text: String?
        }
        guard let json = sample.parts["json"], let record = try? JSONDecoder().decode(Record.self, from: json), let text = record.caption ?? record.text else {
            return nil
        }
        return CaptionedImageSource.caption(from: Data(text.utf8))
    }

    public func caption(_ index: Int) -> String { items[index].caption }

    public func sample(_ index: Int) throws -> CaptionedImage {
        let item = items[index]
        do {
            return CaptionedImage(image: try Image(data: item.image), caption: item.caption)
        } catch {
            throw DatasetError.badRecord(path: item.name, reason: "\(error)")
        }
    }
}
