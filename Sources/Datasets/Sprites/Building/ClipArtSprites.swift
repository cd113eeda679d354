import Foundation
import Images
import TextTokenizers

/// Makes sprites of a folder of SVG clip art.
struct ClipArtSprites {
    let sources: SpriteSources
    let size: Int
    let wordNet: WordNet
    let words: WordFamilies

    static let license = "CC-PDDC"

    /// A file of the collection and its folder relative to it.
    private struct File: Sendable {
        var url: URL
        var folder: String
        var path: String { folder.isEmpty ? url.lastPathComponent : "\(folder)/\(url.lastPathComponent)" }
    }

    func harvest(progress: @Sendable (Int, Int) throws -> Void) throws -> SpriteHarvest {
        let (files, leftOut) = try list()
        var harvest = SpriteHarvest(
            source: .init(
                package: "openclipart-svg", version: nil, style: .clipArt, license: Self.license,
                attribution: "Open Clip Art Library, public domain", sprites: 0, files: files.count + leftOut.count))
        harvest.dropped = leftOut.map { .init(file: "openclipart-svg/\($0.path)", reason: "a left-out folder or a second name of the same file") }
        let naming = ClipArtNaming(isWord: { [wordNet] in wordNet.isWord($0) }, isNoun: { [wordNet] in wordNet.isNoun($0) })
        var candidates: [(file: File, name: String, metadata: SVGMetadata)] = []
        for file in files {
            let data: Data
            do { data = try Data(contentsOf: file.url) } catch {
                harvest.dropped.append(.init(file: "openclipart-svg/\(file.path)", reason: "cannot be read: \(error.localizedDescription)"))
                continue
            }
            let metadata = SVGMetadata(svg: data)
            switch naming.name(folder: file.folder, stem: file.url.deletingPathExtension().lastPathComponent, metadata: metadata) {
            case .named(let name): candidates.append((file, name, metadata))
            case .unnamed(let reason): harvest.dropped.append(.init(file: "openclipart-svg/\(file.path)", reason: reason))
            }
        }
        let drawn = try PictureDrawing(size: size, refusesFaint: true).draw(candidates.map(\.file.url), progress: progress)
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
            let family =
                isFlag
                ? (synonyms: [], hypernyms: ["flag"]) : words.words(for: candidate.name, keywords: candidate.metadata.keywords, group: candidate.file.folder)
            let phrase = NounPhrase(candidate.name, isNoun: wordNet.isNoun, singular: wordNet.singular)
            let coloured = !isFlag && !candidate.file.folder.hasPrefix("people") && !candidate.name.contains("flag")
            harvest.sprites.append(
                Sprite(
                    description: SpriteDescription(
                        key: key(candidate.file, &keys), name: candidate.name.lowercased(), caption: candidate.name, article: phrase.article,
                        plural: phrase.plural,
                        synonyms: isFlag
                            ? [candidate.name.lowercased(), candidate.name.replacingOccurrences(of: "flag of ", with: "") + " flag"] : family.synonyms,
                        hypernyms: family.hypernyms, colour: coloured ? DominantColour.name(of: image) : nil, style: .clipArt,
                        concept: EmojiNames.shared[name: candidate.name]?.concept, group: candidate.file.folder,
                        source: "openclipart-svg/\(candidate.file.path)", license: Self.license),
                    image: image))
        }
        weigh(&harvest.sprites)
        harvest.source.sprites = harvest.sprites.count
        return harvest
    }

    /// Twenty stick men together weigh as much as four different things.
    private func weigh(_ sprites: inout [Sprite]) {
        sprites.weighByName()
        for index in sprites.indices where Self.series.contains(where: sprites[index].description.group.hasPrefix) {
            sprites[index].description.weight *= 0.4
        }
    }

    /// Folders of many pictures that differ in little.
    private static let series = [
        "recreation/games/cards", "signs_and_symbols/led", "signs_and_symbols/flags/semaphore", "signs_and_symbols/map_symbols", "shapes", "computer/buttons",
        "transportation/aiga-symbols", "signs_and_symbols/flags",
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
            if SpecialFolders.isExcluded(folder) || isLink {
                leftOut.append(File(url: url, folder: folder))
            } else {
                files.append(File(url: url, folder: folder))
            }
        }
        guard !files.isEmpty else { throw DatasetError.empty(path: root.path, expected: "SVG files") }
        return (files, leftOut)
    }

    /// A key without dots (WebDataset cuts names at the first), unique.
    private func key(_ file: File, _ keys: inout Set<String>) -> String {
        let stem = file.url.deletingPathExtension().lastPathComponent
        let text = "clipart-\(file.folder)-\(stem)".lowercased().unicodeScalars.map {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil) ? String($0) : "-"
        }.joined()
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
