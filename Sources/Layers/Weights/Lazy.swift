import Synchronization

/// A part of a model that is made when it is first used, once, whichever task comes first.
public final class Lazy<Part: Sendable>: Sendable {
    private let make: @Sendable () -> Part
    private let made = Mutex<Part?>(nil)

    public init(_ make: @escaping @Sendable () -> Part) {
        self.make = make
    }

    /// A part that stands already.
    public init(made part: Part) {
        make = { part }
    }

    public var value: Part {
        made.withLock { made in
            if let made { return made }
            let part = make()
            made = part
            return part
        }
    }
}
