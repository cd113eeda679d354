import Files
import Foundation

/// What a training run's data were: kept beside the run, so that a run that is resumed can tell what has changed.
public struct DataRecord: Codable, Sendable, Equatable {
    public struct Picture: Codable, Sendable, Hashable {
        public var name: String
        /// The size of the file, and when it was changed last, in seconds since 1970; nil for pictures in shards.
        public var bytes: Int?
        public var modified: Double?
        /// A hash of the caption.
        public var caption: String
    }

    public var folder: String
    public var pictures: [Picture]
    public var leftOut: [LeftOutFile]

    enum CodingKeys: String, CodingKey {
        case folder, pictures
        case leftOut = "left_out"
    }

    init(_ dataset: CaptionedDataset) {
        folder = dataset.folder
        leftOut = dataset.leftOut
        pictures = dataset.items.map(DataRecord.picture)
    }

    static func picture(_ item: CaptionedDataset.Item) -> Picture {
        var picture = Picture(name: item.name, caption: String(StableHash.hash(item.caption), radix: 16))
        switch item.place {
        case .file(let path):
            let facts = try? FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)
            picture.bytes = facts?[.size] as? Int
            picture.modified = (facts?[.modificationDate] as? Date)?.timeIntervalSince1970
        case .shard(_, let range): picture.bytes = range.count
        }
        return picture
    }

    /// A number that tells what training sees apart: names, captions and sizes, whatever folder they lie in.
    package var fingerprint: String {
        var fingerprint = Fingerprint()
        for picture in pictures { fingerprint.add("\(picture.name)\0\(picture.bytes ?? 0)\0\(picture.caption)\0".utf8) }
        return fingerprint.text
    }

    /// What is different from an earlier record, a line each; empty where nothing is that training sees.
    public func changes(since old: DataRecord) -> [String] {
        let before = Dictionary(old.pictures.map { ($0.name, $0) }) { first, _ in first }
        let now = Dictionary(pictures.map { ($0.name, $0) }) { first, _ in first }
        let gone = old.pictures.map(\.name).filter { now[$0] == nil }
        let new = pictures.map(\.name).filter { before[$0] == nil }
        let recaptioned = pictures.filter { picture in before[picture.name].map { $0.caption != picture.caption } ?? false }
        let changed = pictures.filter { picture in
            before[picture.name].map { $0.bytes != picture.bytes || $0.modified != picture.modified } ?? false
        }
        func line(_ names: [String], _ what: String) -> String? {
            guard !names.isEmpty else { return nil }
            let shown = names.prefix(3).map(FilePath.shown).joined(separator: ", ")
            return "\(names.count) of \(old.pictures.count) \(what) (\(shown)\(names.count > 3 ? ", …" : ""))"
        }
        let lines = [
            line(gone, "pictures are gone"),
            new.isEmpty
                ? nil : "\(counted(new.count, "picture")) new (\(new.prefix(3).map(FilePath.shown).joined(separator: ", "))\(new.count > 3 ? ", …" : ""))",
            line(recaptioned.map(\.name), "captions have changed"), line(changed.map(\.name), "pictures have changed"),
        ].compactMap { $0 }
        return lines.isEmpty
            ? [] : lines.map { "data: since the run was stopped, \($0)" } + ["data: the run goes on with what is there now, and not to the same bits"]
    }
}
