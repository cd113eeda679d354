import Checkpoints
import Foundation
import Tensors

/// The last checkpoint of a run's folder.
func checkpointPath(_ folder: String) -> String { folder + "/checkpoint.safetensors" }

func contents(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

/// The bits of all values of a checkpoint, by name.
func bits(_ path: String) throws -> [String: [UInt32]] {
    let checkpoint = try Checkpoint(path: path)
    var all: [String: [UInt32]] = [:]
    for name in checkpoint.names { all[name] = try checkpoint.tensor(name).values.map(\.bitPattern) }
    return all
}

/// The step that a checkpoint was written at.
func step(_ path: String) throws -> Int? { try Checkpoint(path: path).metadata["step"].flatMap { Int($0) } }

/// A log: its columns, and its rows by step.
func logRows(_ folder: String) throws -> (columns: [String], rows: [[String]]) {
    let lines = String(decoding: try contents(folder + "/log.csv"), as: UTF8.self).split(separator: "\n")
    let fields = lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return (fields.first ?? [], Array(fields.dropFirst()))
}
