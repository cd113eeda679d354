import Files

/// What is kept from training so that it can be asked for afterwards, decided by stable hashes of names.
public struct Holdout: Codable, Sendable, Equatable {
    /// Which side of a split may appear.
    public enum Side: String, Codable, Sendable {
        /// Everything.
        case all
        /// Never what is held out.
        case excludeHeldOut = "exclude_held_out"
        /// Nothing else than what is held out.
        case onlyHeldOut = "only_held_out"

        /// Reads a side, also by the camelCase name that it once had.
        public init(from decoder: any Decoder) throws {
            let name = try decoder.singleValueContainer().decode(String.self)
            let sides = [Side.all, .excludeHeldOut, .onlyHeldOut]
            guard let side = sides.first(where: { name == $0.rawValue || name == RenamedKeys.camelCase($0.rawValue) }) else {
                let expected = sides.map(\.rawValue).joined(separator: ", ")
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "\"\(name)\", expected one of \(expected)"))
            }
            self = side
        }

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

    enum CodingKeys: String, CodingKey {
        case sprites, pairs, backgrounds
        case pairFraction = "pair_fraction"
        case backgroundFraction = "background_fraction"
    }

    public init() {}

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try RenamedKeys(decoder)
        try values.read(&sprites, CodingKeys.sprites)
        try values.read(&pairs, CodingKeys.pairs)
        try values.read(&backgrounds, CodingKeys.backgrounds)
        try values.read(&pairFraction, CodingKeys.pairFraction)
        try values.read(&backgroundFraction, CodingKeys.backgroundFraction)
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
