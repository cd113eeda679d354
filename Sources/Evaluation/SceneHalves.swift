import Datasets
import Images

/// The halves of a picture in which the two objects of a relation belong.
package enum SceneHalves {
    /// The half of the object that the caption names first (`place` 0) or second (`place` 1).
    package static func half(_ place: Int, of relation: SceneRelation, width: Int, height: Int) -> PixelRect {
        let isFirst = place == 0
        let (isStacked, isLeading) =
            switch relation {
            case .leftOf, .and: (false, isFirst)
            case .rightOf: (false, !isFirst)
            case .above: (true, isFirst)
            case .below: (true, !isFirst)
            }
        return isStacked
            ? PixelRect(x: 0, y: isLeading ? 0 : height / 2, width: width, height: height / 2)
            : PixelRect(x: isLeading ? 0 : width / 2, y: 0, width: width / 2, height: height)
    }
}
