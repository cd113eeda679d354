/// One value of a pickle. Containers are places in a `PickleGraph`, so that cycles leak nothing and a nest a million
/// levels deep is freed without recursion.
enum PickleValue {
    case none
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    case text(String)
    /// In `PickleGraph.bytes`.
    case bytes(Int)
    /// A tuple or a list, in `PickleGraph.sequences`.
    case sequence(Int)
    /// In `PickleGraph.mappings`.
    case mapping(Int)
    /// An object of a class that means nothing here, or of a TorchScript class; in `PickleGraph.objects`.
    case object(Int)
    /// In `PickleGraph.storages`.
    case storage(Int)
    /// In `PickleGraph.tensors`.
    case tensor(Int)
    case global(PickleGlobal)
    /// A plain value that no tensor depends on: sets, devices, paths, numbers of more than 64 bits.
    case inert
}

/// All containers that one pickle made.
struct PickleGraph {
    typealias Items = [(key: PickleValue, value: PickleValue)]

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
        var isNegated = false
        var isConjugated = false
    }

    /// What a class or function was given: it is kept, and nothing of it is run.
    struct Object {
        /// The name of the class or function.
        var name: String
        var isScript = false
        var arguments: [PickleValue] = []
        /// The attributes, or whatever else restores the object; nil until it is set.
        var state: PickleValue?
        /// What was put into it as into a mapping, and as into a list.
        var items: Items = []
        var elements: [PickleValue] = []
    }

    /// A byte string: a part of the pickle, or text whose characters are the bytes.
    enum Bytes {
        case range(Range<Int>)
        case text(String)
    }

    var sequences: [[PickleValue]] = []
    var mappings: [Items] = []
    var objects: [Object] = []
    var storages: [StorageReference] = []
    var tensors: [TensorReference] = []
    var bytes: [Bytes] = []

    var containerCount: Int {
        sequences.count + mappings.count + objects.count + storages.count + tensors.count + bytes.count
    }

    mutating func add(sequence: [PickleValue]) -> PickleValue {
        sequences.append(sequence)
        return .sequence(sequences.count - 1)
    }

    mutating func add(mapping: Items) -> PickleValue {
        mappings.append(mapping)
        return .mapping(mappings.count - 1)
    }

    mutating func add(object: Object) -> PickleValue {
        objects.append(object)
        return .object(objects.count - 1)
    }

    mutating func add(bytes: Bytes) -> PickleValue {
        self.bytes.append(bytes)
        return .bytes(self.bytes.count - 1)
    }

    /// The items of a mapping, or of an object of a class that is one; nil of anything else.
    func items(_ value: PickleValue) -> Items? {
        switch value {
        case .mapping(let place): mappings[place]
        case .object(let place) where !objects[place].items.isEmpty: objects[place].items
        default: nil
        }
    }

    /// The attributes of an object, where its state is a mapping, or a pair of one and that of its slots.
    func attributes(of object: Object) -> Items {
        switch object.state {
        case .mapping(let place): return mappings[place]
        case .sequence(let place):
            return sequences[place].prefix(2).flatMap { part -> Items in
                if case .mapping(let place) = part { mappings[place] } else { [] }
            }
        default: return []
        }
    }
}

extension PickleGraph.Items {
    /// The value of a key that is text.
    func value(_ key: String) -> PickleValue? {
        first { if case .text(key) = $0.key { true } else { false } }?.value
    }
}
