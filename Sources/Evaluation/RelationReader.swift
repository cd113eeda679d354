import Datasets
import Foundation
import Images

/// Reads "… to the left of …" and its like out of a caption.
package enum RelationReader {
    private static let phrases: [(words: String, relation: SceneRelation)] = [
        ("left of", .leftOf), ("on the left of", .leftOf), ("right of", .rightOf), ("above", .above), ("over", .above),
        ("below", .below), ("under", .below), ("underneath", .below), ("and", .and), ("next to", .and), ("beside", .and),
    ]

    /// Whether a caption tells a two-object scene truly: in some reading, what stands before a relation and what stands
    /// after it are the two objects, and the relation holds of their places. "And" holds of two side by side.
    package static func holds(
        _ caption: String, _ scene: Scene, first: (String) -> Bool, second: (String) -> Bool
    ) -> Bool {
        let text = " " + CaptionReader.words(caption) + " "
        let boxes = scene.plan.objects.map(\.box)
        guard boxes.count == 2 else { return false }
        for (words, relation) in phrases {
            var search = text.startIndex..<text.endIndex
            while let place = text.range(of: " " + words + " ", range: search) {
                let before = String(text[..<place.lowerBound])
                let after = String(text[place.upperBound...])
                if first(before) && second(after) && isTrue(relation, boxes[0], boxes[1]) { return true }
                if second(before) && first(after) && isTrue(relation, boxes[1], boxes[0]) { return true }
                search = text.index(after: place.lowerBound)..<text.endIndex
            }
        }
        return false
    }

    /// Whether box a stands in the relation to box b.
    private static func isTrue(_ relation: SceneRelation, _ a: FloatRect, _ b: FloatRect) -> Bool {
        let dx = (b.x + b.width / 2) - (a.x + a.width / 2)
        let dy = (b.y + b.height / 2) - (a.y + a.height / 2)
        switch relation {
        case .leftOf: return dx > abs(dy)
        case .rightOf: return -dx > abs(dy)
        case .above: return dy > abs(dx)
        case .below: return -dy > abs(dx)
        case .and: return abs(dx) > abs(dy)
        }
    }
}
