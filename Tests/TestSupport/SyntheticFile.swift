import Checkpoints
import Foundation
import Layers
import Tensors

/// A checkpoint made by a manifest's formula, as a real file.
package enum SyntheticFile {
    /// The formats that models are published in.
    package enum Format: String, Sendable {
        case safetensors
        /// `torch.save` of a flat state dictionary.
        case torch = "bin"
    }

    /// Writes the parameters whose names begin with `prefix`, without it, and tables that are computed. One tensor is in
    /// memory at a time.
    ///
    /// - Parameter metadata: texts of the header, which only safetensors files have.
    package static func write(
        _ parameters: [SyntheticParameter], under prefix: String = "", computed: [(String, Tensor)] = [],
        as format: Format, metadata: [String: String] = [:], to path: String
    ) throws {
        let chosen = parameters.filter { $0.name.hasPrefix(prefix) }
        func name(_ parameter: SyntheticParameter) -> String { String(parameter.name.dropFirst(prefix.count)) }
        switch format {
        case .torch:
            let writer = try TorchArchiveWriter(to: path)
            for parameter in chosen { try writer.append(name(parameter), parameter.tensor) }
            for (name, tensor) in computed { try writer.append(name, tensor) }
            try writer.finish()
        case .safetensors:
            let writer = try SafetensorsWriter(
                to: path,
                tensors: chosen.map { .init(name: name($0), shape: $0.shape) }
                    + computed.map { .init(name: $0.0, shape: $0.1.shape) }, metadata: metadata)
            for parameter in chosen { try writer.write(name(parameter), parameter.tensor) }
            for (name, tensor) in computed { try writer.write(name, tensor) }
            try writer.finish()
        }
    }
}
