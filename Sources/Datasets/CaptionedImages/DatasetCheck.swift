import Files
import Foundation
import Images
import Synchronization
import Tensors

/// A data set that was looked through before training: every picture was decoded once.
public struct CheckedDataset: Sendable {
    public let dataset: CaptionedDataset
    /// What the data are, for a run to keep.
    public let record: DataRecord
    /// How many pictures there are, what is left out and why, and the first examples: a line each.
    public let report: [String]

    /// Decodes every picture.
    ///
    /// - Parameters:
    ///   - skippingBad: whether to leave out what is damaged.
    ///   - known: pictures that an earlier check found good are not decoded again where their files have not changed.
    ///   - progress: called with the number of pictures that were looked at, and of all.
    /// - Throws: `DatasetError.damaged` where something is and `skippingBad` does not say that it may be left out, `.empty`
    ///   where nothing is left.
    public init(
        _ dataset: CaptionedDataset, skippingBad: Bool, known: DataRecord? = nil, progress: (Int, Int) -> Void = { _, _ in }
    ) throws {
        var dataset = dataset
        let good = Set(known?.pictures ?? [])
        let sizes = Mutex<[Int: (width: Int, height: Int)]>([:])
        let bad = Mutex<[Int: LeftOutFile]>([:])
        let chunk = 256
        for start in stride(from: 0, to: dataset.count, by: chunk) {
            progress(start, dataset.count)
            let (items, checked) = (dataset.items, dataset)
            parallelFor(min(chunk, items.count - start)) { offset in
                let index = start + offset
                // The first are shown, so they are read anyway.
                if index >= Self.examples, items[index].isFile, good.contains(DataRecord.picture(items[index])) { return }
                do {
                    let image = try checked.sample(index).image
                    if index < Self.examples { sizes.withLock { $0[index] = (image.width, image.height) } }
                } catch {
                    var detail = "\(error)"
                    let place = checked.folder + "/" + items[index].name + ": "
                    if detail.hasPrefix(place) { detail.removeFirst(place.count) }
                    let file = LeftOutFile(
                        name: items[index].name, reason: "a picture that cannot be read", detail: detail, isBad: true)
                    bad.withLock { $0[index] = file }
                }
            }
        }
        progress(dataset.count, dataset.count)
        let found = bad.withLock { $0 }
        let damaged = dataset.leftOut.filter(\.isBad) + found.sorted { $0.key < $1.key }.map(\.value)
        if !damaged.isEmpty, !skippingBad {
            throw DatasetError.damaged(
                path: dataset.folder, count: damaged.count, of: dataset.count + dataset.leftOut.count { $0.isBad },
                files: damaged.summaries(examples: 3).prefix(4).joined(separator: "; "))
        }
        let examples = (0..<min(Self.examples, dataset.count)).filter { found[$0] == nil }.map { index in
            let size = sizes.withLock { $0[index] }.map { ", \($0.width)×\($0.height)" } ?? ""
            return "data: \(FilePath.shown(dataset.name(index)))\(size): \"\(dataset.caption(index).shortened(to: 80))\""
        }
        dataset.remove(found)
        guard dataset.count > 0 else {
            throw DatasetError.empty(
                path: dataset.folder,
                expected: "pictures that can be read; found \(dataset.leftOut.summaries(examples: 2).prefix(4).joined(separator: "; "))")
        }
        self.dataset = dataset
        record = DataRecord(dataset)
        report = Self.report(of: dataset) + examples
    }

    /// The pictures that a report shows.
    private static let examples = 3

    private static func report(of dataset: CaptionedDataset) -> [String] {
        let packed = dataset.items.count { !$0.isFile }
        let captions = dataset.items.contains { $0.caption.isEmpty } ? "" : " with captions"
        let files = dataset.count - packed
        let places: String =
            switch (files, packed) {
            case (_, 0): "\(counted(dataset.count, "picture"))\(captions)"
            case (0, _): "\(counted(dataset.count, "picture"))\(captions) in \(counted(dataset.shards, "shard"))"
            default:
                "\(counted(dataset.count, "picture"))\(captions), \(files) as files and \(packed) in \(counted(dataset.shards, "shard")): all are used"
            }
        let count = dataset.leftOut.count
        return ["data: \(dataset.folder): \(places)\(count == 0 ? "" : "; left out \(count)")"]
            + dataset.leftOut.summaries(examples: 3).map { "data: left out: \($0)" }
    }
}

/// "1 picture", "2 pictures".
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension CaptionedDataset.Item {
    var isFile: Bool { if case .file = place { true } else { false } }
}

extension String {
    fileprivate func shortened(to count: Int) -> String { self.count <= count ? self : prefix(count) + "…" }
}
