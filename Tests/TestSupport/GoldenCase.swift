import Checkpoints
import Foundation
import Tensors

/// One case of a system: its manifest and its tensors, either of which may be absent.
package struct GoldenCase {
    package let system: String
    package let name: String
    /// The parameters that the official module had, in state-dict order.
    package let parameters: [SyntheticParameter]
    private let manifest: [String: Any]
    private let file: Checkpoint?

    package init(_ system: String, _ name: String) throws {
        self.name = name
        self.system = system
        let folder = Goldens.folder.appendingPathComponent(system, isDirectory: true)
        let files = (manifest: folder.appendingPathComponent(name + ".json"), tensors: folder.appendingPathComponent(name + ".safetensors"))
        let hasManifest = FileManager.default.fileExists(atPath: files.manifest.path)
        let json = hasManifest ? try Data(contentsOf: files.manifest) : Data("{}".utf8)
        manifest = try JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:]
        parameters = try JSONDecoder().decode(Parameters.self, from: json).tensors ?? []
        file =
            FileManager.default.fileExists(atPath: files.tensors.path)
            ? try Checkpoint(path: files.tensors.path, strippingPrefixes: false) : nil
    }

    private struct Parameters: Decodable {
        let tensors: [SyntheticParameter]?
    }

    /// The manifest's value at a path of keys, decoded.
    package func decode<Value: Decodable>(_ path: String..., as type: Value.Type = Value.self) throws -> Value {
        var value: Any = manifest
        for key in path {
            guard let inner = (value as? [String: Any])?[key] else { throw GoldenError.noEntry(path, name) }
            value = inner
        }
        let data = try JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
        return try JSONDecoder().decode(Value.self, from: data)
    }

    /// The names of what is stored, a strided golden's under its own name.
    package var outputs: [String] {
        Set(
            (file?.names ?? []).map { name in
                [".sub", ".stride", ".shape"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? name
            }
        ).sorted()
    }

    package func contains(_ tensor: String) -> Bool { file?.contains(tensor) ?? false }

    /// Whether the manifest has something at a path of keys.
    package func has(_ path: String...) -> Bool {
        var value: Any = manifest
        for key in path {
            guard let inner = (value as? [String: Any])?[key] else { return false }
            value = inner
        }
        return true
    }

    private func stored() throws -> Checkpoint {
        guard let file else { throw GoldenError.noTensors(name) }
        return file
    }

    /// A golden of floating-point values.
    package func tensor(_ name: String) throws -> Tensor { try stored().tensor(name) }

    /// A golden of integers, row-major.
    package func integers(_ name: String) throws -> [Int] { try stored().integers(name).map { Int($0) } }

    /// A golden that is stored whole, or as every n-th value of the flattened tensor.
    package func golden(_ name: String) throws -> Golden {
        guard contains(name + ".sub") else {
            let whole = try tensor(name)
            return Golden(shape: whole.shape, stride: 1, values: whole.values)
        }
        let stride = try integers(name + ".stride")[0]
        return Golden(shape: try integers(name + ".shape"), stride: stride, values: try tensor(name + ".sub").values)
    }

    /// Weights by the manifest's formula.
    package var weights: SyntheticWeights { SyntheticWeights(parameters) }

    /// An input named `input/<what>`: the stored one, or noise-like values √3·u by the formula.
    package func noise(_ what: String, shape: [Int]) throws -> Tensor {
        try contains("input_" + what)
            ? tensor("input_" + what)
            : SyntheticValues.tensor("input/" + what, shape: shape, base: 0, scale: 3.0.squareRoot())
    }

    /// An input image in 0...1: the stored one, or 0.5 + 0.5 u by the formula.
    package func image(_ what: String, shape: [Int]) throws -> Tensor {
        try contains("input_" + what)
            ? tensor("input_" + what)
            : SyntheticValues.tensor("input/" + what, shape: shape, base: 0.5, scale: 0.5)
    }
}

/// What a golden holds of an output: all of it (stride 1) or every `stride`-th value.
package struct Golden {
    package let shape: [Int]
    package let stride: Int
    package let values: [Float]

    package init(shape: [Int], stride: Int, values: [Float]) {
        self.shape = shape
        self.stride = stride
        self.values = values
    }

    package init(_ tensor: Tensor) {
        self.init(shape: tensor.shape, stride: 1, values: tensor.values)
    }
}

package enum GoldenError: Error {
    /// The manifest has nothing at a path of keys.
    case noEntry([String], String)
    /// A case has no file of tensors.
    case noTensors(String)
}
