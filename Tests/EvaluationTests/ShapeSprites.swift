import Datasets
import Foundation
import Images

/// Sprites of a few plain shapes, so that pictures of them can be told apart and made without a model.
enum ShapeSprites {
    static let names = ["disc", "ring", "cross", "bar", "wedge", "chequer"]

    static func sprites() -> [Sprite] {
        names.enumerated().map { index, name in
            Sprite(
                description: SpriteDescription(
                    key: name, name: name, caption: name, plural: name + "s", synonyms: name == "disc" ? ["full moon"] : [],
                    source: "tests", license: "CC0-1.0", heldOut: name == "chequer"),
                image: image(index))
        }
    }

    static func image(_ index: Int, side: Int = 40) -> RGBAImage {
        let colour: [UInt8] = [[200, 40, 40], [40, 90, 200], [30, 140, 60], [120, 60, 160], [210, 120, 20], [20, 20, 20]][index]
        var pixels: [UInt8] = []
        for y in 0..<side {
            for x in 0..<side {
                let (dx, dy) = (Double(x) - Double(side - 1) / 2, Double(y) - Double(side - 1) / 2)
                let radius = (dx * dx + dy * dy).squareRoot() / Double(side)
                let isInside =
                    switch index {
                    case 0: radius < 0.5
                    case 1: radius < 0.5 && radius > 0.3
                    case 2: abs(dx) < 5 || abs(dy) < 5
                    case 3: abs(dy) < 6
                    case 4: x <= y
                    default: (x / 10 + y / 10) % 2 == 0
                    }
                pixels += isInside ? colour + [255] : [0, 0, 0, 0]
            }
        }
        return RGBAImage(width: side, height: side, pixels: pixels)
    }
}
