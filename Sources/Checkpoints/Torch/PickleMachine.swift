/// Runs one pickle as data: it builds lists, mappings, descriptions of tensors, and objects that only hold what they were
/// given; it can call nothing. Instructions that files of tensors never use (text protocols, extension codes, buffers, `INST`
/// and `OBJ`) are errors.
struct PickleMachine {
    private(set) var graph = PickleGraph()
    private let path: String
    private var cursor: ByteCursor
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]
    private var storages: [PickleGraph.StorageReference: Int] = [:]
    private var copies = 0
    /// Where the instruction being run begins, for messages.
    private var offset = 0

    /// Runs the pickle that begins at `start` and returns its value, its containers, and where it ends.
    ///
    /// - Parameter origin: where `bytes` begins in the file, for messages.
    static func run(
        _ bytes: UnsafeRawBufferPointer, from start: Int = 0, path: String, origin: Int = 0
    ) throws -> (value: PickleValue, graph: PickleGraph, end: Int) {
        // A pickle inside a larger file must not be let loose on all of it.
        let bounded = UnsafeRawBufferPointer(rebasing: bytes[..<min(bytes.count, start &+ Limits.pickleBytes)])
        var machine = PickleMachine(
            path: path, cursor: ByteCursor(bounded, from: start, path: path, part: "pickle", origin: origin))
        let value = try machine.run()
        return (value, machine.graph, machine.cursor.position)
    }

    private init(path: String, cursor: ByteCursor) {
        self.path = path
        self.cursor = cursor
    }

    private mutating func run() throws -> PickleValue {
        var executed = 0
        while true {
            offset = cursor.offset
            executed += 1
            try require(executed, atMost: Limits.pickleOpcodes, "instructions in the pickle")
            try require(stack.count, atMost: Limits.pickleStack, "values on the pickle's stack")
            try require(graph.containerCount, atMost: Limits.pickleContainers, "containers in the pickle")
            let opcode = try cursor.integer(UInt8.self)
            if opcode == UInt8(ascii: ".") {
                let value = try pop()
                guard stack.isEmpty, marks.isEmpty else { throw failure("it stops with values left over") }
                return value
            }
            try execute(opcode)
        }
    }

    // MARK: Instructions

    private mutating func execute(_ opcode: UInt8) throws {
        switch opcode {
        case 0x80:  // PROTO
            let version = try cursor.integer(UInt8.self)
            guard version >= 2, version <= 5 else { throw failure("expected protocol 2 to 5, found \(version)") }
        case 0x95:  // FRAME
            let count = try cursor.integer(UInt64.self)
            guard count <= UInt64(cursor.remaining) else { throw failure("a frame runs past the end") }
        case UInt8(ascii: "("):
            try require(marks.count + 1, atMost: Limits.pickleMarks, "open marks in the pickle")
            marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): stack.append(try top())

        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.boolean(true))
        case 0x89: stack.append(.boolean(false))
        case UInt8(ascii: "J"): stack.append(.integer(Int(try cursor.integer(Int32.self))))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try cursor.integer(UInt8.self))))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try cursor.integer(UInt16.self))))
        case 0x8a: stack.append(try longInteger(byteCount: Int(try cursor.integer(UInt8.self))))
        case 0x8b: stack.append(try longInteger(byteCount: Int(try cursor.integer(Int32.self))))
        case UInt8(ascii: "G"):
            let bits = try cursor.integer(UInt64.self).byteSwapped
            stack.append(.real(Double(bitPattern: bits)))

        case UInt8(ascii: "X"): stack.append(.text(try text(Int(try cursor.integer(UInt32.self)))))
        case 0x8c: stack.append(.text(try text(Int(try cursor.integer(UInt8.self)))))
        case 0x8d: stack.append(.text(try text(Int(clamping: try cursor.integer(UInt64.self)))))
        // The byte strings of Python 2 were its text.
        case UInt8(ascii: "U"): try pushOldText(Int(try cursor.integer(UInt8.self)))
        case UInt8(ascii: "T"): try pushOldText(Int(try cursor.integer(Int32.self)))
        case UInt8(ascii: "C"): try pushBytes(Int(try cursor.integer(UInt8.self)))
        case UInt8(ascii: "B"): try pushBytes(Int(try cursor.integer(UInt32.self)))
        case 0x8e, 0x96: try pushBytes(Int(clamping: try cursor.integer(UInt64.self)))

        case UInt8(ascii: ")"), UInt8(ascii: "]"): stack.append(graph.add(sequence: []))
        case UInt8(ascii: "t"), UInt8(ascii: "l"): stack.append(graph.add(sequence: try popToMark()))
        case 0x85: try pushTuple(1)
        case 0x86: try pushTuple(2)
        case 0x87: try pushTuple(3)
        case UInt8(ascii: "a"): try appendToSequence([try pop()])
        case UInt8(ascii: "e"): try appendToSequence(try popToMark())
        case UInt8(ascii: "}"): stack.append(graph.add(mapping: []))
        case UInt8(ascii: "d"): stack.append(graph.add(mapping: try pairs(of: try popToMark())))
        case UInt8(ascii: "s"):
            let value = try pop()
            try insert([(key: try pop(), value: value)])
        case UInt8(ascii: "u"): try insert(try pairs(of: try popToMark()))
        case 0x8f: stack.append(.inert)  // EMPTY_SET
        case 0x90:  // ADDITEMS
            _ = try popToMark()
            switch try top() {
            case .inert, .object: break
            default: throw failure("expected a set to add to")
            }
        case 0x91:  // FROZENSET
            _ = try popToMark()
            stack.append(.inert)

        case UInt8(ascii: "h"): try recall(UInt32(try cursor.integer(UInt8.self)))
        case UInt8(ascii: "j"): try recall(try cursor.integer(UInt32.self))
        case UInt8(ascii: "q"): try memorise(UInt32(try cursor.integer(UInt8.self)))
        case UInt8(ascii: "r"): try memorise(try cursor.integer(UInt32.self))
        case 0x94: try memorise(UInt32(memo.count))

        case UInt8(ascii: "c"): stack.append(.global(PickleGlobal(module: try line(), name: try line())))
        case 0x93:  // STACK_GLOBAL
            guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
                throw failure("expected the module and the name of a global")
            }
            try require(module.utf8.count + name.utf8.count, atMost: 2 * Limits.nameBytes, "bytes in the name of a global")
            stack.append(.global(PickleGlobal(module: module, name: name)))
        case UInt8(ascii: "R"), 0x81:  // REDUCE, NEWOBJ
            let arguments = try sequence(try pop(), "arguments")
            stack.append(try make(try pop(), arguments, isCall: opcode == UInt8(ascii: "R")))
        case 0x92:  // NEWOBJ_EX
            _ = try pop()
            let arguments = try sequence(try pop(), "arguments")
            stack.append(try make(try pop(), arguments))
        case UInt8(ascii: "b"): try build()
        case UInt8(ascii: "Q"): stack.append(try storage(try pop()))
        default:
            throw failure("instruction 0x\(String(opcode, radix: 16)) has no place in a checkpoint")
        }
    }

    // MARK: Stack and memo

    private func failure(_ reason: String) -> CheckpointError {
        .malformedPickle(path: path, offset: offset, reason: reason)
    }

    private func require(_ found: Int, atMost limit: Int, _ quantity: String) throws {
        guard found <= limit else {
            throw CheckpointError.limitExceeded(path: path, quantity: quantity, limit: limit, found: found)
        }
    }

    /// Values below the last mark belong to whoever set it.
    private var floor: Int { marks.last ?? 0 }

    private mutating func pop() throws -> PickleValue {
        guard stack.count > floor else { throw failure("the stack is empty") }
        return stack.removeLast()
    }

    private func top() throws -> PickleValue {
        guard stack.count > floor, let value = stack.last else { throw failure("the stack is empty") }
        return value
    }

    private mutating func popToMark() throws -> [PickleValue] {
        guard let mark = marks.popLast() else { throw failure("expected a mark") }
        let values = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return values
    }

    private mutating func memorise(_ index: UInt32) throws {
        memo[index] = try top()
        try require(memo.count, atMost: Limits.pickleMemo, "remembered values in the pickle")
    }

    private mutating func recall(_ index: UInt32) throws {
        guard let value = memo[index] else { throw failure("nothing was remembered as number \(index)") }
        stack.append(value)
    }

    // MARK: Values

    private mutating func longInteger(byteCount: Int) throws -> PickleValue {
        let bytes = try cursor.take(byteCount)
        // Only magic numbers and random states are wider, and no tensor depends on them.
        guard bytes.count <= 8 else { return .inert }
        var value: Int64 = 0
        for (index, byte) in bytes.enumerated() { value |= Int64(byte) << (8 * index) }
        let unused = 64 - 8 * bytes.count
        return .integer(bytes.isEmpty ? 0 : Int((value << unused) >> unused))
    }

    private mutating func text(_ count: Int) throws -> String {
        guard let text = String(validating: try cursor.take(count), as: UTF8.self) else {
            throw failure("expected text in UTF-8")
        }
        return text
    }

    private mutating func pushOldText(_ count: Int) throws {
        let start = cursor.position
        if let text = String(validating: try cursor.take(count), as: UTF8.self) {
            stack.append(.text(text))
        } else {
            stack.append(graph.add(bytes: .range(start..<start + count)))
        }
    }

    private mutating func pushBytes(_ count: Int) throws {
        let start = cursor.position
        _ = try cursor.take(count)
        stack.append(graph.add(bytes: .range(start..<start + count)))
    }

    /// The text up to the next line feed, which is consumed.
    private mutating func line() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let byte = try cursor.integer(UInt8.self)
            if byte == UInt8(ascii: "\n") { break }
            guard bytes.count < Limits.nameBytes else { throw failure("the name of a global is too long") }
            bytes.append(byte)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("expected text in UTF-8") }
        return text
    }

    private mutating func pushTuple(_ count: Int) throws {
        guard stack.count - floor >= count else { throw failure("the stack is empty") }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        stack.append(graph.add(sequence: values))
    }

    private mutating func appendToSequence(_ values: [PickleValue]) throws {
        switch try top() {
        case .sequence(let place): graph.sequences[place].append(contentsOf: values)
        case .object(let place): graph.objects[place].elements.append(contentsOf: values)
        case .inert: break
        default: throw failure("expected a list to append to")
        }
    }

    private func pairs(of values: [PickleValue]) throws -> [(key: PickleValue, value: PickleValue)] {
        guard values.count.isMultiple(of: 2) else { throw failure("a key without a value") }
        return stride(from: 0, to: values.count, by: 2).map { (key: values[$0], value: values[$0 + 1]) }
    }

    private mutating func insert(_ pairs: [(key: PickleValue, value: PickleValue)]) throws {
        switch try top() {
        case .mapping(let place): graph.mappings[place].append(contentsOf: pairs)
        case .object(let place): graph.objects[place].items.append(contentsOf: pairs)
        case .inert: break
        default: throw failure("expected a mapping to add to")
        }
    }

    private func sequence(_ value: PickleValue, _ what: String) throws -> [PickleValue] {
        guard case .sequence(let place) = value else { throw failure("expected \(what) in a tuple") }
        return graph.sequences[place]
    }

    private func integers(_ value: PickleValue, _ what: String) throws -> [Int] {
        let values = try sequence(value, what)
        try require(values.count, atMost: Limits.rank, "axes of a tensor")
        return try values.map { try integer($0, what) }
    }

    private func integer(_ value: PickleValue, _ what: String) throws -> Int {
        guard case .integer(let integer) = value else { throw failure("expected an integer for the \(what)") }
        return integer
    }

    // MARK: Objects

    /// What stands for the result of a class or function and its arguments. What a pickle made of others before, such as a
    /// method, is called as little as they are.
    private mutating func make(
        _ callee: PickleValue, _ arguments: [PickleValue], isCall: Bool = false
    ) throws -> PickleValue {
        let global: PickleGlobal
        switch callee {
        case .global(let named): global = named
        case .object(let place): global = .other(graph.objects[place].name)
        case .inert: global = .inert
        default: throw failure("expected a class or function")
        }
        switch global {
        case .orderedDictionary: return try dictionary(arguments.first)
        case .defaultDictionary: return try dictionary(arguments.count > 1 ? arguments[1] : nil)
        case .rebuildTensor: return try tensor(arguments, type: nil)
        case .rebuildTensorWithType:
            guard arguments.count >= 7, case .global(let type) = arguments[6] else {
                throw failure("expected the element type of a tensor")
            }
            switch type {
            case .elementType(let type): return try tensor(arguments, type: type)
            case .other(let name): return graph.add(object: .init(name: "a tensor of " + name))
            default: throw failure("expected the element type of a tensor")
            }
        case .rebuildParameter:
            switch arguments.first {
            case .tensor(let place): return .tensor(place)
            case .object(let place): return .object(place)
            default: throw failure("expected a parameter's tensor")
            }
        case .rebuildFromType:
            guard arguments.count >= 3, case .global(let function) = arguments[0] else {
                throw failure("expected how to rebuild a tensor")
            }
            switch function {
            case .rebuildTensor, .rebuildTensorWithType, .rebuildParameter, .other:
                return try make(arguments[0], try sequence(arguments[2], "arguments"))
            default: throw failure("expected how to rebuild a tensor")
            }
        case .passThrough: return arguments.first ?? .none
        case .scriptClass: return graph.add(object: .init(name: "a TorchScript class", isScript: true))
        case .encode:
            guard isCall, case .text(let text)? = arguments.first else { return .inert }
            return graph.add(bytes: .text(text))
        case .inert:
            // `bytearray(bytes)` and the like.
            if arguments.count == 1, case .bytes = arguments[0] { return arguments[0] }
            return .inert
        case .other("copyreg._reconstructor"), .other("copy_reg._reconstructor"):
            // As old protocols make an object of a class, which is their first argument.
            guard case .global(.other(let name))? = arguments.first else { return .inert }
            return graph.add(object: .init(name: name))
        case .other(let name): return graph.add(object: .init(name: name, arguments: arguments))
        case .storage, .elementType: throw failure("a storage or element type cannot be called")
        }
    }

    /// A mapping made of a list of pairs, or of another mapping.
    private mutating func dictionary(_ source: PickleValue?) throws -> PickleValue {
        switch source {
        case nil, .some(.none): return graph.add(mapping: [])
        case .mapping(let place):
            try spend(graph.mappings[place].count)
            return graph.add(mapping: graph.mappings[place])
        case .sequence(let place):
            try spend(graph.sequences[place].count)
            let items = try graph.sequences[place].map { item in
                let pair = try sequence(item, "a key and its value")
                guard pair.count == 2 else { throw failure("expected a key and its value") }
                return (key: pair[0], value: pair[1])
            }
            return graph.add(mapping: items)
        default: throw failure("expected the items of a mapping")
        }
    }

    /// Counts values that are copied: a short pickle could otherwise ask for a long list to be copied again and again.
    private mutating func spend(_ count: Int) throws {
        copies += count
        try require(copies, atMost: Limits.pickleCopies, "copied values in the pickle")
    }

    private mutating func build() throws {
        let state = try pop()
        guard case .object(let place) = try top() else { return }
        graph.objects[place].state = state
    }

    /// `_rebuild_tensor…(storage, offset, size, stride, requires gradient, hooks[, metadata])`; before the metadata, version 3
    /// has the type.
    private mutating func tensor(_ arguments: [PickleValue], type: ElementType?) throws -> PickleValue {
        if arguments.count >= 4, case .object(let place) = arguments[0] {
            return graph.add(object: .init(name: "a tensor over " + graph.objects[place].name))
        }
        guard arguments.count >= 4, case .storage(let storage) = arguments[0] else {
            throw failure("expected a tensor's storage, offset, size and stride")
        }
        if case .other(let name)? = type { return graph.add(object: .init(name: "a tensor of torch." + name)) }
        let sizes = try integers(arguments[2], "size of a tensor")
        let strides = try integers(arguments[3], "stride of a tensor")
        guard sizes.count == strides.count else { throw failure("a tensor has more sizes than strides, or fewer") }
        var reference = PickleGraph.TensorReference(
            storage: storage, type: type ?? graph.storages[storage].type,
            offset: try integer(arguments[1], "offset of a tensor"), sizes: sizes, strides: strides)
        let metadata = arguments.dropFirst(type == nil ? 6 : 7).first.flatMap { graph.items($0) }
        if case .boolean(true)? = metadata?.value("neg") { reference.isNegated = true }
        if case .boolean(true)? = metadata?.value("conj") { reference.isConjugated = true }
        graph.tensors.append(reference)
        return .tensor(graph.tensors.count - 1)
    }

    /// `("storage", type, key, location, count[, view])`.
    private mutating func storage(_ identifier: PickleValue) throws -> PickleValue {
        let parts = try sequence(identifier, "a storage")
        // Old files of whole modules name classes with their source.
        if parts.count == 4, case .text("module") = parts[0], case .global = parts[1] { return parts[1] }
        if parts.count >= 5, case .text("storage") = parts[0], case .global(.other(let name)) = parts[1] {
            return graph.add(object: .init(name: name))
        }
        guard parts.count == 5 || parts.count == 6, case .text("storage") = parts[0],
            case .global(.storage(let type)) = parts[1], case .text(let key) = parts[2]
        else { throw failure("expected a storage with its type and key") }
        try require(key.utf8.count, atMost: Limits.nameBytes, "bytes in the key of a storage")
        let count = try integer(parts[4], "size of a storage")
        guard count >= 0 else { throw failure("a storage of negative size") }
        var reference = PickleGraph.StorageReference(key: key, type: type, count: count, view: nil)
        if parts.count == 6, case .sequence(let place) = parts[5] {
            let view = graph.sequences[place]
            guard view.count == 3 else { throw failure("expected a view of a storage") }
            let start = try integer(view[1], "offset of a view")
            let length = try integer(view[2], "size of a view")
            guard start >= 0, length >= 0, start <= count, length <= count - start else {
                throw failure("a view reaches outside its storage")
            }
            reference.view = start..<start + length
        }
        if let known = storages[reference] { return .storage(known) }
        graph.storages.append(reference)
        storages[reference] = graph.storages.count - 1
        return .storage(graph.storages.count - 1)
    }
}
