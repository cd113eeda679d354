import Files
import Foundation
import Images

/// Pairs the files of a folder: pictures with captions, and the rest with the reason why it is left out.
struct CaptionedFiles {
    private(set) var items: [CaptionedDataset.Item] = []
    private(set) var leftOut: [LeftOutFile] = []
    private(set) var shards = 0
    private let folder: String
    private let skipping: Set<String>
    private let needsCaptions: Bool
    private var images: [String] = []
    private var archives: [String] = []
    private var tables: [String] = []
    private var otherTables: [String] = []
    /// Paths of caption files by path without extension.
    private var texts: [String: String] = [:]
    private var usedTexts: Set<String> = []
    /// Captions of tables by the picture's path; nil where a table has none for it.
    private var listed: [String: String] = [:]
    /// Classes of tables by the picture's path.
    private var listedLabels: [String: String] = [:]
    /// JSON files by their stems, which describe a picture where one has that stem and no other caption.
    private var descriptions: [String: String] = [:]

    init(_ listing: FolderListing, skipping: Set<String>, needsCaptions: Bool) {
        self.needsCaptions = needsCaptions
        folder = listing.folder
        self.skipping = skipping
        for link in listing.broken { leaveOut(link, "a link to nothing") }
        for file in listing.files { sort(file) }
    }

    private mutating func leaveOut(_ name: String, _ reason: String, _ detail: String? = nil, isBad: Bool = false) {
        leftOut.append(LeftOutFile(name: name, reason: reason, detail: detail, isBad: isBad))
    }

    private func path(_ file: String) -> String { folder + "/" + file }

    /// Formats that people have and that are not read: passing them over in silence would be a surprise.
    private static let otherPictures: Set = [
        "gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl", "jp2", "svg", "psd", "tga", "ico", "qoi", "cr2", "nef", "dng",
    ]
    private static let otherArchives: Set = ["zip", "xz", "txz", "zst", "tzst", "bz2", "tbz2", "7z", "rar"]
    /// Tables of data sets; img2dataset leaves one beside each of its shards.
    private static let tables: Set = ["parquet", "arrow"]

    /// Puts a file with its like.
    private mutating func sort(_ file: String) {
        let name = (file as NSString).lastPathComponent.lowercased()
        let kind = (name as NSString).pathExtension
        let stem = Self.stem(file)
        if skipping.contains(file) || skipping.contains(stem) { return leaveOut(file, "a file on the skip list") }
        if ImageFormat.fileExtensions.contains(kind) {
            images.append(file)
        } else if kind == "txt" || kind == "caption" {
            if texts[stem] == nil { texts[stem] = file } else { leaveOut(file, "a second caption of a picture") }
        } else if CaptionTable.names.contains(name) {
            tables.append(file)
        } else if kind == "json" {
            descriptions[stem] = file
        } else if Shard.isNamed(name) {
            archives.append(file)
        } else if Self.otherPictures.contains(kind) {
            leaveOut(file, "a picture in a format that is not read (expected \(ImageFormat.names))")
        } else if Self.tables.contains(kind) {
            otherTables.append(file)
        } else if Self.otherArchives.contains(kind) {
            leaveOut(file, "an archive of a kind that is not read (expected .tar or .tar.gz)")
        }
    }

    private static func stem(_ file: String) -> String {
        guard let point = file.lastIndex(of: "."), point > (file.lastIndex(of: "/") ?? file.startIndex) else { return file }
        return String(file[..<point])
    }

    /// Reads all captions.
    mutating func read() {
        for table in tables { read(table: table) }
        for image in images { pair(image) }
        for (_, text) in texts where !usedTexts.contains(text) { leaveOut(text, "a text without a picture") }
        for archive in archives { read(archive: archive) }
        guard archives.isEmpty else { return }
        for table in otherTables { leaveOut(table, "a table that is not read (expected pictures, or .tar shards)") }
    }

    private mutating func read(table: String) {
        let inside = FilePath.folder(of: table)
        let read: CaptionTable
        do { read = try CaptionTable(path: path(table)) } catch {
            return leaveOut(table, "a table of captions that cannot be read", "\(error)", isBad: true)
        }
        for fault in read.faults {
            leaveOut("\(table):\(fault.line)", "a line of a table of captions that cannot be read", fault.reason, isBad: true)
        }
        let there = Set(images)
        for row in read.rows {
            let file = inside.isEmpty ? row.file : inside + "/" + row.file
            if there.contains(file) {
                if !row.caption.isEmpty { listed[file] = row.caption }
                listedLabels[file] = row.label
            } else if !skipping.contains(file), !skipping.contains(Self.stem(file)) {
                leaveOut("\(table):\(row.line)", "a line about a picture that is not there", row.file)
            }
        }
    }

    /// Finds the caption of a picture: that of a table before that of a file.
    private mutating func pair(_ image: String) {
        // Some tools append to the whole name: a.png.txt.
        let text = texts[Self.stem(image)] ?? texts[image]
        if let text { usedTexts.insert(text) }
        // Of a picture with another caption it is read for the class alone, which nothing that needs captions asks for.
        let isNeeded = !needsCaptions || (text == nil && listed[image] == nil)
        let description = isNeeded ? descriptions[Self.stem(image)] ?? descriptions[image] : nil
        let json = description.flatMap { try? InputFile.bytes(path($0), limit: 16 << 20) }.map { Data($0) }
        let label = listedLabels[image] ?? json.flatMap { CaptionText.label(json: $0) }
        if let caption = listed[image] { return add(image, caption, label) }
        guard let text else {
            guard let caption = json.flatMap({ CaptionText.line(json: $0) }), !caption.isEmpty else {
                if !needsCaptions { return add(image, "", label) }
                return leaveOut(image, "a picture without a caption")
            }
            return add(image, caption, label)
        }
        do {
            guard let caption = CaptionText.line(try InputFile.bytes(path(text), limit: 1 << 20)) else {
                return leaveOut(text, "a caption that is no text in UTF-8", isBad: true)
            }
            if caption.isEmpty, needsCaptions { leaveOut(image, "a picture with an empty caption") } else { add(image, caption, label) }
        } catch {
            leaveOut(text, "a caption that cannot be read", "\(error)", isBad: true)
        }
    }

    private mutating func add(_ image: String, _ caption: String, _ label: String?) {
        items.append(.init(name: image, caption: caption, label: label, folderOf: image, place: .file(path(image))))
    }

    private mutating func read(archive: String) {
        let samples: [Shard.Sample]
        let shard: Shard
        do {
            shard = try Shard(path: path(archive))
            samples = try shard.samples(path: path(archive))
        } catch {
            var reason = "\(error)"
            if reason.hasPrefix(path(archive) + ": ") { reason.removeFirst(path(archive).count + 2) }
            return leaveOut(archive, "a shard that cannot be read", reason, isBad: true)
        }
        var count = 0
        for sample in samples {
            let name = archive + "/" + sample.key
            if skipping.contains(sample.key) || skipping.contains(name) {
                leaveOut(name, "a file on the skip list")
                continue
            }
            switch (sample.image, sample.caption ?? (needsCaptions ? nil : "")) {
            case (let image?, let caption?) where !caption.isEmpty || !needsCaptions:
                items.append(
                    .init(name: name, caption: caption, label: sample.label, folderOf: sample.key, place: .shard(shard, image)))
                count += 1
            case (.some, nil) where sample.hasCaption:
                leaveOut(name, "a sample without words in its .txt or .json (\"caption\" or \"text\")")
            case (.some, nil): leaveOut(name, "a picture without a caption")
            case (.some, _): leaveOut(name, "a picture with an empty caption")
            // Samples of other things (audio, labels) stand in shared shards and are nobody's mistake.
            case (nil, _): if sample.hasCaption { leaveOut(name, "a text without a picture") }
            }
        }
        if count > 0 { shards += 1 } else { leaveOut(archive, "a shard without pictures with captions") }
    }
}
