/// One value of a pickle. Containers are places in a `PickleGraph`, so that cycles leak nothing and a nest a million
/// levels deep is freed without recursion.
enum PickleValue {
    case none
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case text(String)
    /// A tuple or a list, in `PickleGraph.sequences`.
    case sequence(Int)
    /// In `PickleGraph.mappings`.
    case mapping(Int)
    /// An object of a TorchScript class, in `PickleGraph.objects`.
    case object(Int)
    /// In `PickleGraph.storages`.
    case storage(Int)
    /// In `PickleGraph.tensors`.
    case tensor(Int)
    case global(PickleGlobal)
    /// Anything that a checkpoint may carry and no tensor depends on: bytes, sets, devices, command-line arguments.
    case inert
}

/// All containers that one pickle made.
struct PickleGraph {
    /// A storage by its key in the file. `count` is in values of `type`.
    struct StorageReference: Hashable {
        var key: String
        var type: ElementType
        var count: Int
        /// The part that a view shows, in values; the legacy format alone has views.
        var view: Range<Int>?
    }

    /// A tensor as the file describes it, not checked yet. Offset, sizes and strides are in values of `type`.
    struct TensorReference {
        var storage: Int
        var type: ElementType
        var offset: Int
        var sizes: [Int]
        var strides: [Int]
    }

    var sequences: [[PickleValue]] = []
    var mappings: [[(key: PickleValue, value: PickleValue)]] = []
    /// The state of every TorchScript object: nil until it is set.
    var objects: [PickleValue?] = []
    var storages: [StorageReference] = []
    var tensors: [TensorReference] = []

    var containerCount: Int { sequences.count + mappings.count + objects.count + storages.count + tensors.count }

    mutating func add(sequence: [PickleValue]) -> PickleValue {
        sequences.append(sequence)
        return .sequence(sequences.count - 1)
    }

    mutating func add(mapping: [(key: PickleValue, value: PickleValue)]) -> PickleValue {
        mappings.append(mapping)
        return .mapping(mappings.count - 1)
    }
}
