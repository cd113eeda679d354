import Images

/// What a scene shows: everything but the pixels.
public struct ScenePlan: Sendable, Equatable {
    /// The three sorts of scenes.
    public enum Kind: String, Codable, Sendable {
        case single, pair, several
    }

    /// One thing in a scene.
    public struct Object: Sendable, Equatable {
        /// The index of the sprite in the composer's `sprites`.
        public var sprite: Int
        /// Where it lies, in pixels.
        public var box: FloatRect
    }

    public var kind: Kind
    /// The objects in the order in which the caption names them.
    public var objects: [Object]
    /// How the first object stands to the second; nil unless the kind is `pair`.
    public var relation: SceneRelation?
    public var background: BackgroundColour
    public var caption: String

    /// The number of objects.
    public var count: Int { objects.count }

    /// The same picture with its pair named from left to right or from top to bottom, and the relation to match.
    var inReadingOrder: ScenePlan {
        var plan = self
        switch relation {
        case .leftOf, .above, nil: return self
        case .and: plan.relation = .leftOf
        case .rightOf: (plan.relation, plan.objects) = (.leftOf, objects.reversed())
        case .below: (plan.relation, plan.objects) = (.above, objects.reversed())
        }
        return plan
    }
}

/// A picture with its caption, and the truth about both.
public struct Scene: Sendable {
    public var plan: ScenePlan
    public var image: Image
    /// What the picture shows.
    public var caption: String { plan.caption }
}
