import Files
import Images

/// Where two objects stand to each other: the first of the caption to the second.
public enum SceneRelation: String, Codable, CodingKeyRepresentable, Sendable, CaseIterable {
    case leftOf = "left_of"
    case rightOf = "right_of"
    case above, below
    /// Side by side, the first named on the left.
    case and

    /// The relation of a name in a configuration, also of the camelCase names that it once had.
    public init?(codingKey: some CodingKey) {
        let name = codingKey.stringValue
        guard let relation = Self.allCases.first(where: { name == $0.rawValue || name == RenamedKeys.camelCase($0.rawValue) }) else { return nil }
        self = relation
    }
}

/// Where the objects of a scene lie, as fractions of the picture's side.
public struct SceneLayout: Codable, Sendable, Equatable {
    /// How three of a kind lie.
    public enum Three: String, Codable, Sendable {
        case triangle, row
    }

    /// The box of a single object, in the middle.
    public var single: Double = 0.85
    /// The boxes of two objects; their centres lie `pairOffset` from the picture's.
    public var pair: Double = 0.46
    public var pairOffset: Double = 0.245
    public var three: Three = .triangle
    /// The boxes of three objects in a triangle.
    public var triangle: Double = 0.44
    /// The boxes of three objects in a row.
    public var row: Double = 0.305
    /// The boxes of four objects, two by two.
    public var four: Double = 0.44
    /// How far an object's centre may move, each way.
    public var positionJitter: Double = 0
    /// How much larger or smaller an object may be: 0.1 means 0.9 to 1.1 times.
    public var sizeJitter: Double = 0

    enum CodingKeys: String, CodingKey {
        case single, pair, three, triangle, row, four
        case pairOffset = "pair_offset"
        case positionJitter = "position_jitter"
        case sizeJitter = "size_jitter"
    }

    public init() {}

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try RenamedKeys(decoder)
        try values.read(&single, CodingKeys.single)
        try values.read(&pair, CodingKeys.pair)
        try values.read(&pairOffset, CodingKeys.pairOffset)
        try values.read(&three, CodingKeys.three)
        try values.read(&triangle, CodingKeys.triangle)
        try values.read(&row, CodingKeys.row)
        try values.read(&four, CodingKeys.four)
        try values.read(&positionJitter, CodingKeys.positionJitter)
        try values.read(&sizeJitter, CodingKeys.sizeJitter)
    }

    /// Centres and box sides of `count` objects that are of a kind or side by side.
    package func places(count: Int) -> [(x: Double, y: Double, side: Double)] {
        switch count {
        case 1: [(0.5, 0.5, single)]
        case 2: places(.and)
        case 3 where three == .row: [(1 / 6.0, 0.5, row), (0.5, 0.5, row), (5 / 6.0, 0.5, row)]
        case 3: [(0.5, 0.5 - pairOffset, triangle), (0.5 - pairOffset, 0.5 + pairOffset, triangle), (0.5 + pairOffset, 0.5 + pairOffset, triangle)]
        default:
            [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)].map { (0.5 + $0.0 * pairOffset, 0.5 + $0.1 * pairOffset, four) }
        }
    }

    /// The places of the first and the second object of a relation.
    package func places(_ relation: SceneRelation) -> [(x: Double, y: Double, side: Double)] {
        let (dx, dy): (Double, Double) =
            switch relation {
            case .leftOf, .and: (-pairOffset, 0)
            case .rightOf: (pairOffset, 0)
            case .above: (0, -pairOffset)
            case .below: (0, pairOffset)
            }
        return [(0.5 + dx, 0.5 + dy, pair), (0.5 - dx, 0.5 - dy, pair)]
    }

    /// The rectangle, in pixels, of a sprite that fills the longer side of its box.
    package static func rect(of image: RGBAImage, x: Double, y: Double, side boxSide: Double, frame: Int) -> FloatRect {
        let scale = boxSide * Double(frame) / Double(max(image.width, image.height))
        let width = Double(image.width) * scale
        let height = Double(image.height) * scale
        return FloatRect(x: Float(x * Double(frame) - width / 2), y: Float(y * Double(frame) - height / 2), width: Float(width), height: Float(height))
    }
}
