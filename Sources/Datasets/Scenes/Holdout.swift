import Files

/// What is kept from training so that it can be asked for afterwards, decided by stable hashes of names.
public struct Holdout: Codable, Sendable, Equatable {
    /// Which side of a split may appear.
    public enum Side: String, Codable, Sendable {
        /// Everything.
        case all
        /// Never what is held out.
        case excludeHeldOut
        /// Nothing else than what is held out.
        case onlyHeldOut

        func allows(heldOut: Bool) -> Bool {
            switch self {
            case .all: true
            case .excludeHeldOut: !heldOut
            case .onlyHeldOut: heldOut
            }
        }
    }

    /// Sprites that the tokenizer never trains on (2 %, flagged in the dataset).
    public var sprites: Side = .all
    /// Pairs of names that never stand together.
    public var pairs: Side = .excludeHeldOut
    /// Names that never stand on a colour. White is never held out, so that every object has been seen somewhere.
    public var backgrounds: Side = .excludeHeldOut
    public var pairFraction: Double = 0.10
    public var backgroundFraction: Double = 0.05

    public init() {}

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.read(&sprites, .sprites)
        try values.read(&pairs, .pairs)
        try values.read(&backgrounds, .backgrounds)
        try values.read(&pairFraction, .pairFraction)
        try values.read(&backgroundFraction, .backgroundFraction)
    }

    /// Everything allowed.
    public static var none: Holdout {
        var holdout = Holdout()
        holdout.sprites = .all
        holdout.pairs = .all
        holdout.backgrounds = .all
        return holdout
    }

    /// Whether the two names, in either order, are held out as a pair.
    public func isHeldOut(pair first: String, _ second: String) -> Bool {
        let names = [first.lowercased(), second.lowercased()].sorted()
        return StableHash.fraction("pair/\(names[0])|\(names[1])") < pairFraction
    }

    /// Whether the name is held out on the background called `background`.
    public func isHeldOut(_ name: String, on background: String) -> Bool {
        background != "white" && StableHash.fraction("background/\(name.lowercased())|\(background)") < backgroundFraction
    }
}
