import Files

/// Turns the value of a pickle into a list of named tensors: finds the mapping that is the state, walks it, and joins
/// names with dots as PyTorch does. What it holds beside them is listed.
struct TorchState {
    struct Named {
        var name: String
        var values: Values
    }

    enum Values {
        case tensor(PickleGraph.TensorReference)
        case array(PickleArray, MappedFile)
    }

    private let graph: PickleGraph
    private let pickle: UnsafeRawBufferPointer
    private let path: String
    private(set) var tensors: [Named] = []
    private(set) var leftOut: [Checkpoint.LeftOut] = []
    private var names = Set<String>()
    private var visited = 0
    /// Whether objects that are neither modules nor mappings are looked into.
    private var looksIntoObjects = false
    private var arrays: [Int: PickleArray.Reading] = [:]
    private var arrayBytes: [Int: MappedFile] = [:]
    /// Bytes that arrays may still take, and characters of text in them: no file's arrays have more than its pickle.
    private var room: Int
    private var work: Int

    /// Whether the root is an object of a TorchScript class.
    let isScript: Bool
    /// Texts, numbers and truth values that the root mapping holds beside its tensors.
    private(set) var metadata: [String: String] = [:]

    /// - Parameters:
    ///   - pickle: the bytes that `graph` was made of.
    ///   - containers: keys under which a state may be wrapped, in order of preference.
    init(_ root: PickleValue, graph: PickleGraph, pickle: UnsafeRawBufferPointer, path: String, containers: [String]) throws {
        self.graph = graph
        self.pickle = pickle
        self.path = path
        room = pickle.count
        work = pickle.count
        if case .object(let place) = root, graph.objects[place].isScript { isScript = true } else { isScript = false }
        if let items = graph.items(root) { metadata = Self.scalars(of: items) }
        let state = try descend(root, containers)
        try walk(state)
        guard tensors.isEmpty else { return }
        // Objects alone hold tensors, if anything does.
        looksIntoObjects = true
        let reported = leftOut
        leftOut = []
        try walk(state)
        if tensors.isEmpty { leftOut = reported }
    }

    private static func scalars(of items: PickleGraph.Items) -> [String: String] {
        var scalars: [String: String] = [:]
        for case (.text(let key), let value) in items where scalars.count < Limits.metadataItems {
            switch value {
            case .boolean(let value): scalars[key] = String(value)
            case .integer(let value): scalars[key] = String(value)
            case .real(let value): scalars[key] = String(value)
            case .text(let value): scalars[key] = value
            default: break
            }
        }
        return scalars
    }

    // MARK: Finding the state

    /// The innermost state: as long as a mapping wraps a mapping with tensors under one of `containers`, that one. Tensors in lists,
    /// such as averages that are kept in the order of the parameters, have no names: a mapping with names comes first.
    private mutating func descend(_ root: PickleValue, _ containers: [String]) throws -> PickleValue {
        var value = root
        var name = ""
        for _ in 0..<Limits.pickleDepth {
            guard let items = graph.items(value) else { return value }
            var wrapped: (position: Int, key: String)?
            for lists in [false, true] {
                for container in containers where wrapped == nil {
                    try visit(items.count)
                    let position = items.firstIndex { if case .text(container) = $0.key { true } else { false } }
                    if let position, try holdsTensors(items[position].value, lists: lists) { wrapped = (position, container) }
                }
            }
            guard let wrapped else { return value }
            for (position, item) in items.enumerated() where position != wrapped.position { report(item, beside: name) }
            value = items[wrapped.position].value
            name = joined(name, wrapped.key)
        }
        throw tooDeep()
    }

    /// Whether a mapping has a tensor somewhere inside, in lists too where `lists` says so.
    private mutating func holdsTensors(_ value: PickleValue, lists: Bool, depth: Int = 0) throws -> Bool {
        guard depth <= Limits.pickleDepth else { throw tooDeep() }
        switch value {
        case .tensor: return depth > 0
        case .sequence(let place) where depth > 0:
            guard lists else { return false }
            for element in graph.sequences[place] {
                try visit(1)
                if try holdsTensors(element, lists: lists, depth: depth + 1) { return true }
            }
        case .object(let place) where graph.items(value) == nil:
            let object = graph.objects[place]
            if PickleArray.isOne(object) { return depth > 0 }
            for item in parts(of: object) ?? [] {
                try visit(1)
                if try holdsTensors(item.value, lists: lists, depth: depth + 1) { return true }
            }
        default:
            for item in graph.items(value) ?? [] {
                try visit(1)
                if try holdsTensors(item.value, lists: lists, depth: depth + 1) { return true }
            }
        }
        return false
    }

    /// Counts values that were looked at: containers that share containers can hold more than fits in a lifetime.
    private mutating func visit(_ count: Int) throws {
        visited += count
        guard visited <= Limits.pickleWalk else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "values in the state", limit: Limits.pickleWalk, found: visited)
        }
    }

    private func tooDeep() -> CheckpointError {
        .limitExceeded(
            path: path, quantity: "levels of nesting", limit: Limits.pickleDepth, found: Limits.pickleDepth + 1)
    }

    private func joined(_ parent: String, _ key: String) -> String { parent.isEmpty ? key : parent + "." + key }

    // MARK: Walking it

    private mutating func walk(_ state: PickleValue) throws {
        let isValue =
            switch state {
            case .tensor: true
            case .object(let place): PickleArray.isOne(graph.objects[place])
            default: false
            }
        try walk(state, name: isValue ? "tensor" : "", depth: 0)
    }

    private mutating func walk(_ value: PickleValue, name: String, depth: Int) throws {
        try visit(1)
        guard depth <= Limits.pickleDepth else { throw tooDeep() }
        switch value {
        case .tensor(let place): try collect(Named(name: name, values: .tensor(graph.tensors[place])))
        case .mapping(let place):
            for item in graph.mappings[place] { try walk(item, of: name, depth: depth) }
        case .sequence(let place):
            for (index, element) in graph.sequences[place].enumerated() {
                try walk((key: .integer(index), value: element), of: name, depth: depth)
            }
        case .object(let place):
            if PickleArray.isOne(graph.objects[place]) {
                try walk(array: place, name: name)
            } else if let parts = parts(of: graph.objects[place]) {
                for item in parts { try walk(item, of: name, depth: depth) }
            } else {
                leaveOut(name, description(of: graph.objects[place]))
            }
        case .storage(let place): leaveOut(name, "a storage of \(graph.storages[place].count) values")
        default: break
        }
    }

    private mutating func walk(_ item: (key: PickleValue, value: PickleValue), of parent: String, depth: Int) throws {
        switch item.value {
        case .tensor, .mapping, .sequence, .object, .storage: break
        default: return try visit(1)
        }
        guard let key = Self.name(of: item.key) else {
            // What is not named by text or a number has no name here.
            try visit(1)
            return report(item, beside: parent)
        }
        try checkNameAndRank(key, rank: 0, path: path)
        let name = joined(parent, key)
        try checkNameAndRank(name, rank: 0, path: path)
        try walk(item.value, name: name, depth: depth + 1)
    }

    private static func name(of key: PickleValue) -> String? {
        switch key {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }

    /// What an object holds under names: the items of one that is a mapping, the elements of one that is a list, the
    /// parameters of a module and the modules inside it, the attributes of a TorchScript object; those of others where nothing
    /// but objects is there. Nil where an object is not looked into.
    private func parts(of object: PickleGraph.Object) -> PickleGraph.Items? {
        if !object.items.isEmpty { return object.items }
        if !object.elements.isEmpty {
            return object.elements.enumerated().map { (key: .integer($0), value: $1) }
        }
        let attributes = graph.attributes(of: object)
        if object.isScript { return attributes }
        let modules = ["_parameters", "_buffers", "_modules"].compactMap { attributes.value($0) }
        if modules.count == 3 { return modules.flatMap { graph.items($0) ?? [] } }
        return looksIntoObjects && !attributes.isEmpty ? attributes : nil
    }

    private mutating func walk(array place: Int, name: String) throws {
        if arrays[place] == nil {
            arrays[place] = .init(graph.objects[place], in: graph, work: &work)
        }
        switch arrays[place] {
        case .array(let array)?:
            guard let contents = contents(of: array) else {
                return leaveOut(name, "an array of NumPy that shares its values with others")
            }
            try collect(Named(name: name, values: .array(array, contents)))
        case .unreadable(let what)?: leaveOut(name, what)
        case nil: break
        }
    }

    private mutating func contents(of array: PickleArray) -> MappedFile? {
        // The same bytes in the other order are others.
        let key = array.bytes * 2 + (array.isBigEndian ? 1 : 0)
        if let known = arrayBytes[key] { return known }
        guard array.byteCount <= room else { return nil }
        room -= array.byteCount
        let contents = MappedFile(copying: array.littleEndian(graph.contents(array.bytes, of: pickle)), path: path)
        arrayBytes[key] = contents
        return contents
    }

    private mutating func collect(_ named: Named) throws {
        guard tensors.count < Limits.tensors else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "tensors", limit: Limits.tensors, found: tensors.count + 1)
        }
        guard names.insert(named.name).inserted else { throw CheckpointError.duplicateName(path: path, name: named.name) }
        tensors.append(named)
    }

    // MARK: Telling what is left out

    private mutating func leaveOut(_ name: String, _ contents: String) {
        guard leftOut.count < Limits.leftOut else { return }
        leftOut.append(.init(name: name.isEmpty ? "the file" : name, contents: contents))
    }

    /// Lists an item beside the state, where it is more than a plain value.
    private mutating func report(_ item: (key: PickleValue, value: PickleValue), beside parent: String) {
        let contents: String
        switch item.value {
        case .tensor: contents = "a tensor"
        case .object(let place): contents = description(of: graph.objects[place])
        case .mapping, .sequence:
            guard let count = count(in: item.value) else { return }
            contents = tensorCount(count)
        default: return
        }
        let key =
            switch item.key {
            case .global(.other(let name)): name
            case .object(let place): graph.objects[place].name
            case let key: Self.name(of: key) ?? "an unnamed key"
            }
        leaveOut(joined(parent, key), contents)
    }

    private func description(of object: PickleGraph.Object) -> String {
        if PickleArray.isOne(object) { return "an array of NumPy" }
        return object.name.hasPrefix("a ") ? object.name : "an object of \(object.name)"
    }

    /// The tensors in a mapping or a list; nil where there are none. Counting ends early where a file makes it long.
    private func count(in value: PickleValue) -> Int? {
        var steps = 100_000
        var count = 0
        var pending = [value]
        while let next = pending.popLast(), steps > 0 {
            steps -= 1
            switch next {
            case .tensor: count += 1
            case .mapping(let place): pending += graph.mappings[place].prefix(steps).map(\.value)
            case .sequence(let place): pending += graph.sequences[place].prefix(steps)
            case .object(let place):
                let object = graph.objects[place]
                if PickleArray.isOne(object) { count += 1 }
                pending += object.items.prefix(steps).map(\.value) + object.elements.prefix(steps)
            default: break
            }
        }
        return count == 0 ? nil : count
    }
}
