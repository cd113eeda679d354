import Foundation
import Images
import Synchronization

/// Makes sprites of a folder of SVG clip art.
struct ClipArtSprites {
    let sources: SpriteSources
    let size: Int
    let wordNet: WordNet
    let words: WordFamilies

    static let licence = "CC-PDDC"

    /// A file of the collection and its folder relative to it.
    private struct File: Sendable {
        var url: URL
        var folder: String
        var path: String { folder.isEmpty ? url.lastPathComponent : "\(folder)/\(url.lastPathComponent)" }
    }

    private enum Drawn: Sendable {
        case sprite(RGBAImage)
        case failed(String)
    }

    func harvest(progress: @Sendable (Int, Int) throws -> Void) throws -> SpriteHarvest {
        let (files, leftOut) = try list()
        var harvest = SpriteHarvest()
        harvest.files = files.count + leftOut.count
        harvest.dropped = leftOut.map { .init(file: "openclipart-svg/\($0.path)", reason: "a left-out folder or a second name of the same file") }
        let naming = ClipArtNaming(isWord: { [wordNet] in wordNet.isWord($0) }, isNoun: { [wordNet] in wordNet.isNoun($0) })
        var candidates: [(file: File, name: String, metadata: SVGMetadata)] = []
        for file in files {
            guard let data = try? Data(contentsOf: file.url) else {
                harvest.dropped.append(.init(file: "openclipart-svg/\(file.path)", reason: "cannot be read"))
                continue
            }
            let metadata = SVGMetadata(svg: data)
            switch naming.name(folder: file.folder, stem: file.url.deletingPathExtension().lastPathComponent, metadata: metadata) {
            case .named(let name): candidates.append((file, name, metadata))
            case .unnamed(let reason): harvest.dropped.append(.init(file: "openclipart-svg/\(file.path)", reason: reason))
            }
        }
        let drawn = try draw(candidates.map(\.file), progress: progress)
        var keys: Set<String> = []
        var hashes: Set<UInt64> = []
        var looks: [String: [SpriteThumbnail]] = [:]
        for (candidate, drawing) in zip(candidates, drawn) {
            func drop(_ reason: String) { harvest.dropped.append(.init(file: "openclipart-svg/\(candidate.file.path)", reason: reason)) }
            guard case .sprite(let image) = drawing else {
                if case .failed(let reason) = drawing { drop(reason) }
                continue
            }
            let look = SpriteThumbnail(image)
            guard hashes.insert(look.coarseHash).inserted else { drop("looks like another sprite"); continue }
            guard looks[candidate.name, default: []].allSatisfy({ $0.distance(to: look) > 5 }) else { drop("looks like another sprite of its name"); continue }
            looks[candidate.name, default: []].append(look)
            let isFlag = candidate.name.contains("flag of ")
            let family = isFlag ? (synonyms: [], hypernyms: ["flag"]) : words.words(for: candidate.name, keywords: candidate.metadata.keywords, group: candidate.file.folder)
            let phrase = NounPhrase(candidate.name, isNoun: wordNet.isNoun, singular: wordNet.singular)
            let coloured = !isFlag && !candidate.file.folder.hasPrefix("people") && !candidate.name.contains("flag")
            harvest.sprites.append(
                Sprite(
                    description: SpriteDescription(
                        key: key(candidate.file, &keys), name: candidate.name.lowercased(), caption: candidate.name, article: phrase.article, plural: phrase.plural,
                        synonyms: isFlag ? [candidate.name.lowercased(), candidate.name.replacingOccurrences(of: "flag of ", with: "") + " flag"] : family.synonyms,
                        hypernyms: family.hypernyms, colour: coloured ? DominantColour.name(of: image) : nil, style: "clip art", group: candidate.file.folder,
                        source: "openclipart-svg/\(candidate.file.path)", licence: Self.licence),
                    image: image))
        }
        weigh(&harvest.sprites)
        return harvest
    }

    /// Twenty stick men together weigh as much as four different things.
    private func weigh(_ sprites: inout [Sprite]) {
        var counts: [String: Int] = [:]
        for sprite in sprites { counts[sprite.description.caption, default: 0] += 1 }
        for index in sprites.indices {
            let description = sprites[index].description
            var weight = 1 / Float(counts[description.caption, default: 1]).squareRoot()
            if Self.series.contains(where: description.group.hasPrefix) { weight *= 0.4 }
            sprites[index].description.weight = weight
        }
    }

    /// Folders of many pictures that differ in little.
    private static let series = [
        "recreation/games/cards", "signs_and_symbols/led", "signs_and_symbols/flags/semaphore", "signs_and_symbols/map_symbols", "shapes", "computer/buttons", "transportation/aiga-symbols", "signs_and_symbols/flags",
    ]

    /// The files to draw and those to leave out, in the order of their paths.
    private func list() throws -> (files: [File], leftOut: [File]) {
        let root = sources.clipArtFolder
        guard FileManager.default.fileExists(atPath: root.path), let walk = FileManager.default.enumerator(atPath: root.path) else {
            throw DatasetError.missing(path: root.path, hint: "install openclipart-svg")
        }
        var files: [File] = []
        var leftOut: [File] = []
        let paths = walk.compactMap { $0 as? String }.filter { $0.lowercased().hasSuffix(".svg") }.sorted()
        for path in paths {
            let url = root.appendingPathComponent(path)
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            let isLink = (try? FileManager.default.attributesOfItem(atPath: url.path))?[.type] as? FileAttributeType == .typeSymbolicLink
            if SpecialFolders.isExcluded(folder) || isLink { leftOut.append(File(url: url, folder: folder)) } else { files.append(File(url: url, folder: folder)) }
        }
        guard !files.isEmpty else { throw DatasetError.empty(path: root.path, expected: "SVG files") }
        return (files, leftOut)
    }

    /// Draws all files, as many at a time as the machine has cores.
    private func draw(_ files: [File], progress: @Sendable (Int, Int) throws -> Void) throws -> [Drawn] {
        let rasterizer = try SVGRasterizer()
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-sprites-\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0 ... .max))")
        do { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) } catch {
            throw DatasetError.unwritable(path: scratch.path, reason: error.localizedDescription)
        }
        defer { try? FileManager.default.removeItem(at: scratch) }
        struct State: Sendable {
            var drawn: [Drawn?]
            var done = 0
            var failure: (any Error)?
        }
        let state = Mutex(State(drawn: Array(repeating: nil, count: files.count)))
        let size = size
        DispatchQueue.concurrentPerform(iterations: files.count) { index in
            if state.withLock({ $0.failure != nil }) { return }
            let drawn = Self.draw(files[index].url, side: size, rasterizer: rasterizer, scratch: scratch.appendingPathComponent("\(index).png"))
            let done = state.withLock { state in
                state.drawn[index] = drawn
                state.done += 1
                return state.done
            }
            do { try progress(done, files.count) } catch { state.withLock { $0.failure = error } }
        }
        let end = state.withLock { $0 }
        if let failure = end.failure { throw failure }
        return end.drawn.map { $0 ?? .failed("not drawn") }
    }

    private static func draw(_ file: URL, side: Int, rasterizer: SVGRasterizer, scratch: URL) -> Drawn {
        defer { try? FileManager.default.removeItem(at: scratch) }
        do {
            // Much of the art covers a part of its page: draw large, cut, then make small.
            var picture = try rasterizer.render(file, side: 3 * side, scratch: scratch)
            if let bounds = picture.contentBounds(alphaAbove: SpriteTrimming.faint), max(bounds.width, bounds.height) < side, max(bounds.width, bounds.height) > 3 {
                picture = try rasterizer.render(file, side: min(3 * side * side / max(bounds.width, bounds.height) + 1, 4096), scratch: scratch)
            }
            guard let sprite = SpriteTrimming.trimmed(picture, side: side) else { return .failed("empty") }
            if let objection = SpriteTrimming.objection(to: sprite) { return .failed(objection) }
            return .sprite(sprite)
        } catch let failure as SVGRasterizer.Failure {
            return .failed(failure.reason)
        } catch {
            return .failed(error.localizedDescription)
        }
    }

    /// A key without dots (WebDataset cuts names at the first), unique.
    private func key(_ file: File, _ keys: inout Set<String>) -> String {
        let stem = file.url.deletingPathExtension().lastPathComponent
        let text = "clipart-\(file.folder)-\(stem)".lowercased().unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) ? String($0) : "-" }.joined()
        let plain = text.split(separator: "-").joined(separator: "-")
        var key = plain
        var number = 2
        while !keys.insert(key).inserted {
            key = "\(plain)-\(number)"
            number += 1
        }
        return key
    }
}
