import Tensors

/// A part of a model that is made when it is first used, once, and may turn out to be unusable then.
public struct DeferredPart<Part: Sendable>: Sendable {
    private let made: Lazy<Result<Part, any Error>>

    /// A part that is there.
    public init(_ part: Part) { made = Lazy { .success(part) } }

    /// A part that `make` gives when it is first asked for.
    public init(_ make: @escaping @Sendable () throws -> Part) { made = Lazy { Result { try make() } } }

    /// - Throws: what making it threw, every time.
    public var value: Part {
        get throws { try made.value.get() }
    }
}

/// Where parts of a model come from that are checked when the model is loaded and read when they are first used.
public struct DeferredWeights: Sendable {
    /// The parameters, and what tells after reading what was wrong with them.
    public typealias Opening = (weights: Weights, verify: () throws -> Void)

    private let open: @Sendable () -> Opening

    public init(_ open: @escaping @Sendable () -> Opening) { self.open = open }

    /// A part that is made of the parameters when it is first used.
    ///
    /// - Parameter expected: is asked for the parameters now, and need not give them.
    public func part<Part: Sendable>(expected: Weights, _ make: @escaping @Sendable (Weights) -> Part) -> DeferredPart<Part> {
        _ = make(expected)
        return DeferredPart {
            let opening = open()
            let part = make(opening.weights)
            // What held its matrices before they were packed.
            Machine.releaseCachedMemory()
            try opening.verify()
            return part
        }
    }
}
