/// A row-major, contiguous array of float32 values with a shape. A value: no operation changes a tensor that exists.
///
/// Shape errors are programmer errors and trap with both shapes in the message.
public struct Tensor: Sendable {
    /// The extent of every axis, outermost first; empty for a scalar.
    public let shape: [Int]
    private(set) var storage: Storage
    /// The place of this tensor in a recorded computation; nil where no gradient was asked for.
    public package(set) var node: GradientNode?

    init(storage: Storage, shape: [Int], node: GradientNode? = nil) {
        self.storage = storage
        self.shape = shape
        self.node = node
    }

    /// A tensor of `values`, whose number must be the product of `shape`.
    public init(_ values: [Float], shape: [Int]) {
        let count = elementCount(of: shape)
        precondition(values.count == count, "\(values.count) values do not fill shape \(shape)")
        self.init(uninitialized: shape) { buffer in
            values.withUnsafeBufferPointer { source in
                if count > 0 { buffer.baseAddress!.update(from: source.baseAddress!, count: count) }
            }
        }
    }

    /// A scalar.
    public init(_ value: Float) {
        self.init([value], shape: [])
    }

    /// A tensor whose memory `fill` writes completely.
    public init(uninitialized shape: [Int], fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows {
        let storage = Storage(count: elementCount(of: shape))
        try fill(UnsafeMutableBufferPointer(start: storage.base, count: storage.count))
        self.init(storage: storage, shape: shape)
    }

    /// A tensor over memory that `owner` keeps alive and nobody writes (a mapped file).
    public init(borrowing memory: UnsafePointer<Float>, shape: [Int], owner: any AnyObject & Sendable) {
        self.init(storage: Storage(borrowing: memory, count: elementCount(of: shape), owner: owner), shape: shape)
    }

    public static func zeros(_ shape: [Int]) -> Tensor {
        filled(shape, with: 0)
    }

    public static func filled(_ shape: [Int], with value: Float) -> Tensor {
        Tensor(uninitialized: shape) { $0.update(repeating: value) }
    }

    /// The number of values.
    public var count: Int { storage.count }

    /// The number of axes.
    public var rank: Int { shape.count }

    /// A copy of the values, row-major.
    public var values: [Float] {
        Array(UnsafeBufferPointer(start: storage.base, count: storage.count))
    }

    /// The value of a tensor that holds one.
    public var item: Float {
        precondition(count == 1, "item of a tensor of shape \(shape)")
        return storage.base[0]
    }

    /// Calls `body` with the values, row-major; the pointer must not escape.
    public func withUnsafeBufferPointer<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(storage) {
            try body(UnsafeBufferPointer(start: storage.base, count: storage.count))
        }
    }

    /// Whether nothing else holds these values, so that they may be changed in place.
    var ownsStorage: Bool {
        mutating get { isKnownUniquelyReferenced(&storage) && storage.isOwner }
    }

    /// The same values without their place in a recorded computation.
    public var detached: Tensor { Tensor(storage: storage, shape: shape) }
}

/// The product of the extents; traps when it overflows or an extent is negative.
public func elementCount(of shape: [Int]) -> Int {
    var count = 1
    for extent in shape {
        precondition(extent >= 0, "negative extent in shape \(shape)")
        count *= extent
    }
    return count
}
