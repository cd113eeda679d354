import Foundation
import Images

/// A folder of images, and of folders of images, each with its caption in a `.txt` file of the same name beside it.
///
/// Captions are read at once, pictures when they are asked for.
public struct CaptionedFolder: CaptionedImageCollection {
    private struct Item: Sendable {
        var name: String
        var image: URL
        var caption: String
    }

    private let items: [Item]
    public let skipped: [SkippedFile]

    public var count: Int { items.count }

    /// Lists `folder`, in the order of the paths.
    ///
    /// - Throws: `DatasetError.captionWithoutImage`, `.imageWithoutCaption`, `.badRecord` for an empty or unreadable caption,
    ///   `.empty`, `.missing`
    public init(folder: URL, skipping: Set<String> = [], unpaired: UnpairedFiles = .fail) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue,
            let walk = FileManager.default.enumerator(atPath: folder.path)
        else {
            throw DatasetError.missing(path: folder.path, hint: "a folder of images with .txt captions was expected")
        }
        var images: [String: String] = [:]
        var captions: [String: String] = [:]
        var skipped: [SkippedFile] = []
        for path in walk.compactMap({ $0 as? String }).sorted() where !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) {
            guard let dot = path.lastIndex(of: "."), dot > (path.lastIndex(of: "/") ?? path.startIndex) else { continue }
            let stem = String(path[..<dot])
            let kind = path[path.index(after: dot)...].lowercased()
            let isImage = CaptionedImageSource.imageExtensions.contains(kind)
            guard isImage || kind == "txt" else { continue }
            if skipping.contains(path) || skipping.contains(stem) {
                skipped.append(SkippedFile(name: path, reason: "on the skip list"))
            } else if isImage {
                if let other = images[stem] {
                    throw DatasetError.badRecord(
                        path: folder.appendingPathComponent(path).path, reason: "shares its caption with \(other); give each image a name of its own")
                }
                images[stem] = path
            } else {
                captions[stem] = path
            }
        }
        var items: [Item] = []
        for stem in Set(images.keys).union(captions.keys).sorted() {
            guard let image = images[stem] else {
                let caption = captions[stem] ?? stem
                guard unpaired == .skip else { throw DatasetError.captionWithoutImage(path: folder.appendingPathComponent(caption).path) }
                skipped.append(SkippedFile(name: caption, reason: "a caption without an image"))
                continue
            }
            guard let caption = captions[stem] else {
                guard unpaired == .skip else { throw DatasetError.imageWithoutCaption(path: folder.appendingPathComponent(image).path) }
                skipped.append(SkippedFile(name: image, reason: "an image without a caption"))
                continue
            }
            let url = folder.appendingPathComponent(caption)
            let data: Data
            do { data = try Data(contentsOf: url) } catch { throw DatasetError.unreadable(path: url.path, reason: error.localizedDescription) }
            guard let text = CaptionedImageSource.caption(from: data) else {
                guard unpaired == .skip else { throw DatasetError.badRecord(path: url.path, reason: "an empty caption, or one that is not UTF-8 text") }
                skipped.append(SkippedFile(name: caption, reason: "an empty caption, or one that is not UTF-8 text"))
                continue
            }
            items.append(Item(name: image, image: folder.appendingPathComponent(image), caption: text))
        }
        guard !items.isEmpty else { throw DatasetError.empty(path: folder.path, expected: "images with captions (name.png and name.txt)") }
        self.items = items
        self.skipped = skipped
    }

    public func caption(_ index: Int) -> String { items[index].caption }

    public func sample(_ index: Int) throws -> CaptionedImage {
        let item = items[index]
        do {
            return CaptionedImage(image: try Image(path: item.image.path), caption: item.caption)
        } catch {
            throw DatasetError.badRecord(path: item.image.path, reason: "\(error)")
        }
    }
}
