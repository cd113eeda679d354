import Datasets
import Images

/// The things in a picture that stand apart on a plain background: where a model knows things by themselves and in the middle, it
/// can be shown each of them so, wherever they stand.
package struct ObjectLayout {
    /// The background, as the edge shows it.
    package let background: Color
    /// All of it, and its parts where empty columns or rows lie between them, in reading order; two to four, or none.
    package let whole: Part
    package let parts: [Part]
    /// How two parts stand to each other.
    package let relation: SceneRelation?

    /// A thing without its background.
    package struct Part {
        package let image: RGBAImage
        /// Its box in the picture.
        package let box: PixelRect
    }

    /// Differences of a channel up to which a pixel is of the background, and from which it is of a thing altogether.
    private static let tolerance = 28, certain = 96
    private static let mostParts = 4

    /// Nil where the background is not plain, or nothing is on it.
    package init?(_ picture: Image) {
        guard let matte = Matte(picture), let box = matte.box(in: PixelRect(x: 0, y: 0, width: picture.width, height: picture.height)) else { return nil }
        background = matte.background
        whole = Part(image: matte.image(in: box), box: box)
        let boxes = matte.parts(of: box)
        parts = (2...Self.mostParts).contains(boxes.count) ? boxes.map { Part(image: matte.image(in: $0), box: $0) } : []
        relation = parts.count == 2 ? (parts[1].box.y >= parts[0].box.y + parts[0].box.height ? .above : .leftOf) : nil
    }

    /// A picture of one part on white, in the middle and of the size at which captions name a thing alone.
    package func alone(_ part: Part, side: Int) -> Image {
        var picture = Image(width: side, height: side, filled: .white)
        picture.draw(part.image, in: SceneLayout.rect(of: part.image, x: 0.5, y: 0.5, side: Self.share(SceneLayout().single), frame: side))
        return picture
    }

    /// The picture, of that side, with its things where captions of one or two have them; nil where they are there already.
    package func canonical(side: Int) -> Image? {
        let things = relation == nil ? [whole] : parts
        let layout = SceneLayout()
        let places = relation.map { layout.places($0) } ?? layout.places(count: 1)
        var picture = Image(width: side, height: side, filled: background)
        var isMoved = false
        for (thing, place) in zip(things, places) {
            let rect = SceneLayout.rect(of: thing.image, x: place.x, y: place.y, side: Self.share(place.side), frame: side)
            picture.draw(thing.image, in: rect)
            let found: [Int] = [thing.box.x, thing.box.y, thing.box.x + thing.box.width, thing.box.y + thing.box.height]
            let wanted: [Float] = [rect.x, rect.y, rect.x + rect.width, rect.y + rect.height]
            if zip(found, wanted).contains(where: { abs(Float($0) - $1) > 0.05 * Float(side) }) { isMoved = true }
        }
        return isMoved ? picture : nil
    }

    /// Drawings reach to about so much of their boxes.
    private static func share(_ box: Double) -> Double { 0.97 * box }

    /// Which pixels are of things.
    private struct Matte {
        let picture: Image
        let background: Color
        /// Row by row.
        private var isThing: [Bool]

        /// Nil where the edge has no colour to speak of.
        init?(_ picture: Image) {
            let (width, height) = (picture.width, picture.height)
            let background = picture.edgeColor
            self.picture = picture
            self.background = background
            func isPlain(_ index: Int) -> Bool { Self.difference(picture[index % width, index / width], background) <= tolerance }
            // What the edge's colour reaches from the edge.
            var isThing = [Bool](repeating: true, count: width * height)
            var open: [Int] = []
            func visit(_ index: Int) {
                guard isThing[index], isPlain(index) else { return }
                isThing[index] = false
                open.append(index)
            }
            for x in 0..<width {
                visit(x)
                visit((height - 1) * width + x)
            }
            for y in 0..<height {
                visit(y * width)
                visit(y * width + width - 1)
            }
            guard 2 * open.count > width + height else { return nil }
            while let index = open.popLast() {
                let (x, y) = (index % width, index / width)
                if x > 0 { visit(index - 1) }
                if x + 1 < width { visit(index + 1) }
                if y > 0 { visit(index - width) }
                if y + 1 < height { visit(index + width) }
            }
            self.isThing = isThing
        }

        private static func difference(_ a: Color, _ b: Color) -> Int {
            max(abs(Int(a.red) - Int(b.red)), abs(Int(a.green) - Int(b.green)), abs(Int(a.blue) - Int(b.blue)))
        }

        private func count(columns: Range<Int>, rows: Range<Int>) -> Int {
            rows.reduce(0) { sum, y in sum + columns.count { isThing[y * picture.width + $0] } }
        }

        /// The box around what is of things in a rectangle; nil where that is next to nothing.
        func box(in rect: PixelRect) -> PixelRect? {
            let columns = rect.x..<rect.x + rect.width, rows = rect.y..<rect.y + rect.height
            let wide = columns.filter { count(columns: $0..<$0 + 1, rows: rows) > 0 }, high = rows.filter { count(columns: columns, rows: $0..<$0 + 1) > 0 }
            guard let left = wide.first, let right = wide.last, let top = high.first, let bottom = high.last,
                400 * count(columns: columns, rows: rows) > picture.width * picture.height
            else { return nil }
            return PixelRect(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
        }

        /// A box cut along the widest empty stretch of columns or rows, and its pieces again; in reading order.
        func parts(of box: PixelRect) -> [PixelRect] {
            let columns = box.x..<box.x + box.width, rows = box.y..<box.y + box.height
            let across = widestGap(columns) { count(columns: $0..<$0 + 1, rows: rows) == 0 }
            let down = widestGap(rows) { count(columns: columns, rows: $0..<$0 + 1) == 0 }
            let least = max(2, picture.width / 64)
            let pieces: [PixelRect]
            if let across, across.count >= max(least, down?.count ?? 0) {
                pieces = [
                    PixelRect(x: box.x, y: box.y, width: across.lowerBound - box.x, height: box.height),
                    PixelRect(x: across.upperBound, y: box.y, width: columns.upperBound - across.upperBound, height: box.height),
                ]
            } else if let down, down.count >= least {
                pieces = [
                    PixelRect(x: box.x, y: box.y, width: box.width, height: down.lowerBound - box.y),
                    PixelRect(x: box.x, y: down.upperBound, width: box.width, height: rows.upperBound - down.upperBound),
                ]
            } else {
                return [box]
            }
            let found = pieces.compactMap { self.box(in: $0) }
            // A piece that is next to nothing belongs to the thing beside it.
            return found.count == 2 ? found.flatMap { parts(of: $0) } : [box]
        }

        private func widestGap(_ range: Range<Int>, isEmpty: (Int) -> Bool) -> Range<Int>? {
            var widest: Range<Int>?
            var start: Int?
            for place in range {
                if isEmpty(place) {
                    start = start ?? place
                } else if let begin = start {
                    if place - begin > widest?.count ?? 0 { widest = begin..<place }
                    start = nil
                }
            }
            return widest
        }

        /// What is of things in a box; where it meets the background it is transparent by as much as it has of that colour.
        func image(in box: PixelRect) -> RGBAImage {
            var pixels: [UInt8] = []
            pixels.reserveCapacity(4 * box.width * box.height)
            let (width, height) = (picture.width, picture.height)
            func isThing(_ x: Int, _ y: Int) -> Bool {
                !(0..<width).contains(x) || !(0..<height).contains(y) || self.isThing[y * width + x]
            }
            for y in box.y..<box.y + box.height {
                for x in box.x..<box.x + box.width {
                    let color = picture[x, y]
                    guard isThing(x, y) else {
                        pixels += [color.red, color.green, color.blue, 0]
                        continue
                    }
                    let isInside = isThing(x - 1, y) && isThing(x + 1, y) && isThing(x, y - 1) && isThing(x, y + 1)
                    let alpha = isInside ? 255 : min(255, 255 * Self.difference(color, background) / certain)
                    func unmixed(_ value: UInt8, _ behind: UInt8) -> UInt8 {
                        UInt8(clamping: Int(behind) + (Int(value) - Int(behind)) * 255 / max(alpha, 1))
                    }
                    pixels += [
                        unmixed(color.red, background.red), unmixed(color.green, background.green), unmixed(color.blue, background.blue),
                        UInt8(alpha),
                    ]
                }
            }
            return RGBAImage(width: box.width, height: box.height, pixels: pixels)
        }
    }
}
