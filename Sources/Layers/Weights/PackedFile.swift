import Checkpoints
import Tensors

/// A safetensors file whose matrices lie in the kernels' own order, so that they are used where the file is mapped and no
/// copy is made. `CheckpointWeights` reads it like any other.
///
/// Packed matrices stand under their own names as blocks of 64-bit integers; what they are is in the header's texts:
/// `packed_layout` the version of the order (it is the same for all CPUs), `packed_kernels` the kernels of the machine that
/// wrote the file, `packed_precision` what it was packed as, and for each matrix `packed:NAME` its type and stored shape ("int8 4608 1152"). Scales and sums of int8
/// matrices follow as `NAME.scales` and `NAME.sums`. Everything else is as in other files; matrices that a schedule needs
/// only once are bfloat16 beside packed types other than float32.
public enum PackedFile {
    /// The version of the order that this package's kernels read.
    public static let layout = "1"

    /// What a packed matrix is.
    struct Form {
        let precision: Precision
        /// The stored shape.
        let shape: [Int]
    }

    /// Writes the parameters of a model, whole or not at all.
    ///
    /// - Parameters:
    ///   - source: the parameters as they are.
    ///   - build: makes the model from the weights that it is given, and gives what else the file is to hold; which
    ///     parameters are packed is what the model asks for.
    ///   - progress: called after every parameter that was written with the share of them; throws to cancel.
    /// - Throws: `CheckpointError` where the file cannot be written; what `build` and `progress` throw. What `source` lacks is
    ///   reported by `source`.
    public static func write(
        from source: any WeightSource, as precision: Precision, metadata: [String: String] = [:], to path: String,
        progress: (Double) throws -> Void = { _ in }, build: (Weights) throws -> [(name: String, tensor: Tensor)]
    ) throws {
        let recorder = PackedRecorder(PackingWeights(source, as: precision))
        let further = try build(Weights(recorder))
        let seldom: ElementType = precision == .float32 ? .f32 : .bf16
        var tensors: [SafetensorsWriter.Declaration] = []
        var texts = metadata
        texts["packed_layout"] = layout
        texts["packed_kernels"] = Machine.kernelLevel
        texts["packed_precision"] = precision.rawValue
        for (name, item) in recorder.items {
            switch item {
            case .tensor(let tensor): tensors.append(.init(name: name, type: .f32, shape: tensor.shape))
            case .deferred(_, let shape): tensors.append(.init(name: name, type: seldom, shape: shape))
            case .packed(let matrix, let shape):
                tensors.append(.init(name: name, type: .u64, shape: [matrix.byteCount / 8]))
                texts["packed:" + name] = ([matrix.precision.rawValue] + shape.map(String.init)).joined(separator: " ")
                if matrix.precision == .int8 {
                    tensors.append(.init(name: name + ".scales", type: .f32, shape: [matrix.outputs]))
                    tensors.append(.init(name: name + ".sums", type: .i32, shape: [matrix.outputs]))
                }
            }
        }
        for (name, tensor) in further { tensors.append(.init(name: name, type: .f32, shape: tensor.shape)) }
        // Blocks of 64-bit values come first, each a multiple of 64 bytes: they are aligned where the header is.
        texts["padding"] = ""
        let rest = try SafetensorsWriter.headerSize(of: tensors, metadata: texts, path: path) % 64
        texts["padding"] = String(repeating: " ", count: (64 - rest) % 64)
        let writer = try SafetensorsWriter(to: path, tensors: tensors, metadata: texts)
        for (index, (name, item)) in recorder.items.enumerated() {
            try progress(Double(index) / Double(recorder.items.count))
            switch item {
            case .tensor(let tensor): try writer.write(name, tensor)
            case .deferred(let matrix, _): try matrix.withTensor { try writer.write(name, $0) }
            case .packed(let matrix, _):
                try matrix.withBytes { try writer.write(name, bytes: $0) }
                guard matrix.precision == .int8 else { continue }
                let factors = matrix.factors
                try writer.write(name + ".scales", Tensor(factors.scales, shape: [matrix.outputs]))
                try writer.write(name + ".sums", integers: factors.sums.map { Int64($0) })
            }
        }
        for (name, tensor) in further { try writer.write(name, tensor) }
        try writer.finish()
    }

    /// What the matrices of a file are packed as; nil of files that are not packed.
    public static func precision(of checkpoint: Checkpoint) -> Precision? {
        checkpoint.metadata["packed_precision"].flatMap { Precision(rawValue: $0) }
    }

    /// The stored shape of a packed matrix; nil of what is not packed.
    public static func shape(of name: String, in checkpoint: Checkpoint) -> [Int]? {
        checkpoint.metadata.isEmpty ? nil : form(of: name, in: checkpoint)?.shape
    }

    /// Why a packed file cannot be used here, or nil.
    static func problem(of checkpoint: Checkpoint) -> String? {
        guard let found = checkpoint.metadata["packed_layout"], found != layout else { return nil }
        return "its matrices are packed in layout \(found), expected \(layout): convert the model anew"
    }

    /// What a file says of a packed matrix; nil of what is not packed.
    static func form(of name: String, in checkpoint: Checkpoint) -> Form? {
        guard let text = checkpoint.metadata["packed:" + name] else { return nil }
        let words = text.split(separator: " ")
        guard let first = words.first, let precision = Precision(rawValue: String(first)) else { return nil }
        let shape = words.dropFirst().compactMap { Int($0) }
        guard shape.count == words.count - 1, !shape.isEmpty, shape.allSatisfy({ $0 > 0 && $0 < 1 << 32 }) else { return nil }
        return Form(precision: precision, shape: shape)
    }

    /// The names under which a matrix's scales and sums stand.
    static func factors(of name: String) -> [String] { [name + ".scales", name + ".sums"] }

    /// A packed matrix of a file, where it lies; nil where sizes do not agree.
    static func matrix(_ name: String, _ form: Form, in checkpoint: Checkpoint) -> PackedMatrix? {
        guard let (bytes, owner) = checkpoint.memory(of: name) else { return nil }
        var inputs = 1
        for extent in form.shape.dropFirst() {
            let (product, overflow) = inputs.multipliedReportingOverflow(by: extent)
            guard !overflow, product < 1 << 40 else { return nil }
            inputs = product
        }
        var (scales, sums): ([Float], [Int32]) = ([], [])
        if form.precision == .int8 {
            let names = factors(of: name)
            guard let found = try? checkpoint.tensor(names[0]).values, let whole = try? checkpoint.integers(names[1]) else {
                return nil
            }
            scales = found
            sums = whole.map { Int32(truncatingIfNeeded: $0) }
        }
        return PackedMatrix(
            outputs: form.shape[0], inputs: inputs, precision: form.precision, bytes: bytes, scales: scales, sums: sums,
            owner: owner)
    }
}

/// Remembers in what form a model takes its parameters.
private final class PackedRecorder: WeightSource {
    enum Item {
        case tensor(Tensor)
        case packed(PackedMatrix, [Int])
        case deferred(LazyMatrix, [Int])
    }

    private let source: PackingWeights
    private var names: Set<String> = []
    private(set) var items: [(name: String, item: Item)] = []

    init(_ source: PackingWeights) {
        self.source = source
    }

    private func record(_ name: String, _ item: Item) {
        if names.insert(name).inserted { items.append((name, item)) }
    }

    func contains(_ name: String) -> Bool { source.contains(name) }

    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        let tensor = source.tensor(named: name, shape: shape, initial: initial)
        record(name, .tensor(tensor))
        return tensor
    }

    func packed(named name: String, shape: [Int]) -> PackedMatrix? {
        guard let matrix = source.packed(named: name, shape: shape) else { return nil }
        record(name, .packed(matrix, shape))
        return matrix
    }

    func deferred(named name: String, shape: [Int]) -> LazyMatrix? {
        guard let matrix = source.deferred(named: name, shape: shape) else { return nil }
        record(name, .deferred(matrix, shape))
        return matrix
    }
}
