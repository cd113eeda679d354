/// A value that cannot be used: its key, what it is and what was expected.
public struct InvalidValue: CategorizedError, Equatable {
    /// "width is 0, expected 1 to 65536".
    public let reason: String

    public init(_ reason: String) { self.reason = reason }

    public var category: ErrorCategory { .data }
    public var description: String { reason }
}

/// What comes from a file or a user and is asked before it is used whether it can be.
public protocol Validated {
    /// - Throws: `InvalidValue` for the first value that cannot be used.
    func validate() throws(InvalidValue)
}

extension Validated {
    /// The same as a part of something larger, whose keys are named with it: "velocity.depth is 0, …".
    public func validate(as key: String) throws(InvalidValue) {
        do { try validate() } catch { throw InvalidValue("\(key).\(error.reason)") }
    }

    /// The same, where the error is to say more than the value: the file that it stands in, say.
    public func validate<Failure: Error>(orThrow failure: (_ reason: String) -> Failure) throws(Failure) {
        do { try validate() } catch { throw failure(error.reason) }
    }

    /// For what builds from a value that its caller has validated.
    package func requireValid() {
        do { try validate() } catch { preconditionFailure(error.reason) }
    }
}

/// - Throws: `InvalidValue` where the value of a key lies outside of a range.
package func expect<Value: Comparable>(_ key: String, _ value: Value, in range: ClosedRange<Value>) throws(InvalidValue) {
    guard range.contains(value) else { throw InvalidValue("\(key) is \(value), expected \(range.lowerBound) to \(range.upperBound)") }
}

/// - Throws: `InvalidValue` for the first of some values that lies outside of 1 to its limit.
package func expectSizes(_ sizes: [(key: String, value: Int, limit: Int)]) throws(InvalidValue) {
    for (key, value, limit) in sizes { try expect(key, value, in: 1...limit) }
}

/// - Throws: `InvalidValue` for the first of some weights that is negative or no finite number.
package func expectWeights(_ weights: [(key: String, value: Float)]) throws(InvalidValue) {
    for (key, value) in weights where !(value >= 0 && value.isFinite) { throw InvalidValue("\(key) is \(value), expected at least 0") }
}

/// - Throws: `InvalidValue` where a transformer's width does not divide into its heads.
package func expectHeads(_ key: String, width: Int, heads: Int) throws(InvalidValue) {
    guard width % heads == 0 else { throw InvalidValue("\(key) \(width) does not divide into \(heads) heads") }
}
