/// Turns the value of a pickle into a list of named tensors: finds the mapping that is the state, walks it, and joins
/// names with dots as PyTorch does.
struct TorchState {
    struct Named {
        var name: String
        var tensor: PickleGraph.TensorReference
    }

    private let graph: PickleGraph
    private let path: String
    private(set) var tensors: [Named] = []
    private var names = Set<String>()
    private var visited = 0

    /// Whether the root is an object of a TorchScript class.
    let isScript: Bool
    /// Texts, numbers and truth values that the root mapping holds beside its tensors.
    private(set) var metadata: [String: String] = [:]

    /// - Parameter containers: keys under which a state may be wrapped, in order of preference.
    init(_ root: PickleValue, graph: PickleGraph, path: String, containers: [String]) throws {
        self.graph = graph
        self.path = path
        if case .object = root { isScript = true } else { isScript = false }
        if case .mapping(let place) = root { metadata = Self.scalars(of: graph.mappings[place]) }
        let state = try descend(root, containers)
        if case .tensor = state {
            try walk(state, name: "tensor", depth: 0)
        } else {
            try walk(state, name: "", depth: 0)
        }
    }

    private static func scalars(of items: [(key: PickleValue, value: PickleValue)]) -> [String: String] {
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

    /// The innermost state: as long as a mapping wraps a mapping with tensors under one of `containers`, that one.
    private mutating func descend(_ root: PickleValue, _ containers: [String]) throws -> PickleValue {
        var value = root
        for _ in 0..<Limits.pickleDepth {
            guard case .mapping(let place) = value else { return value }
            var wrapped: PickleValue?
            for container in containers where wrapped == nil {
                try visit(graph.mappings[place].count)
                let item = graph.mappings[place].first { if case .text(container) = $0.key { true } else { false } }
                if let item, try holdsTensors(item.value) { wrapped = item.value }
            }
            guard let wrapped else { return value }
            value = wrapped
        }
        throw tooDeep()
    }

    /// Whether a mapping has a tensor somewhere inside.
    private mutating func holdsTensors(_ value: PickleValue, depth: Int = 0) throws -> Bool {
        guard depth <= Limits.pickleDepth else { throw tooDeep() }
        switch value {
        case .tensor: return depth > 0
        case .mapping(let place):
            for item in graph.mappings[place] {
                try visit(1)
                if try holdsTensors(item.value, depth: depth + 1) { return true }
            }
        case .sequence(let place) where depth > 0:
            for element in graph.sequences[place] {
                try visit(1)
                if try holdsTensors(element, depth: depth + 1) { return true }
            }
        default: break
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

    private mutating func walk(_ value: PickleValue, name: String, depth: Int) throws {
        try visit(1)
        guard depth <= Limits.pickleDepth else { throw tooDeep() }
        switch value {
        case .tensor(let place): try collect(graph.tensors[place], name: name)
        case .mapping(let place):
            for item in graph.mappings[place] { try walk(item, of: name, depth: depth) }
        case .sequence(let place):
            for (index, element) in graph.sequences[place].enumerated() {
                try walk((key: .integer(index), value: element), of: name, depth: depth)
            }
        case .object(let place):
            if case .mapping(let attributes) = graph.objects[place] {
                for item in graph.mappings[attributes] { try walk(item, of: name, depth: depth) }
            }
        default: break
        }
    }

    private mutating func walk(
        _ item: (key: PickleValue, value: PickleValue), of parent: String, depth: Int
    ) throws {
        switch item.value {
        case .tensor, .mapping, .sequence, .object: break
        default: return try visit(1)
        }
        let key: String
        switch item.key {
        case .text(let text): key = text
        case .integer(let number): key = String(number)
        default:
            // Tensors under other keys have no name; containers are looked into only where they can be named.
            guard case .tensor = item.value else { return }
            throw CheckpointError.malformedPickle(
                path: path, offset: 0, reason: "a tensor in \(quoted(parent)) has a key that is neither text nor a number")
        }
        try checkNameAndRank(key, rank: 0, path: path)
        let name = parent.isEmpty ? key : parent + "." + key
        try checkNameAndRank(name, rank: 0, path: path)
        try walk(item.value, name: name, depth: depth + 1)
    }

    private mutating func collect(_ tensor: PickleGraph.TensorReference, name: String) throws {
        guard tensors.count < Limits.tensors else {
            throw CheckpointError.limitExceeded(
                path: path, quantity: "tensors", limit: Limits.tensors, found: tensors.count + 1)
        }
        guard names.insert(name).inserted else { throw CheckpointError.duplicateName(path: path, name: name) }
        tensors.append(Named(name: name, tensor: tensor))
    }
}
