import FlowTok
import Foundation
import Tensors

extension Benchmark {
    /// The whole program from its start to its end, as its users wait for it: `t2i.PRECISION` until the PNG is written, at
    /// the model's own settings; `i2t.PRECISION` until the caption is printed; `load.PRECISION` until the model stands. Each
    /// with the most memory that the process had.
    ///
    /// - Parameters:
    ///   - program: the path of `flowtok`.
    ///   - model: the model folder.
    ///   - scratch: a folder for the pictures.
    /// - Throws: where the model does not open.
    public static func processes(
        _ kinds: [Kind], program: String, model: String, precision: Precision, scratch: String
    ) throws -> [Benchmark] {
        let common = ["--model", model, "--precision", precision.rawValue, "--threads", String(Machine.threads)]
        let picture = scratch + "/fox.png"
        try ChildProcess.run(program, ["bench", "--only-load"] + common)
        var benchmarks: [Benchmark] = []
        for kind in kinds {
            let arguments: [String]
            switch kind {
            case .t2i: arguments = ["t2i", "a red fox", "--seed", "1", "--quiet", "-o", picture] + common
            case .i2t:
                try ChildProcess.run(program, ["t2i", "a red fox", "--seed", "1", "--quiet", "-o", picture] + common)
                arguments = ["i2t", picture] + common
            case .load: arguments = ["bench", "--only-load"] + common
            case .peak, .gemm, .velocity, .decode, .convolution, .train, .generate, .draw, .scale: continue
            }
            // Looking costs time: the first run, which does not count, is the one that is looked at.
            var most: Int?
            benchmarks.append(
                Benchmark("\(kind.rawValue).\(precision.rawValue)", kind, precision: precision, size: nil) {
                    let (seconds, bytes) = try ChildProcess.run(program, arguments, watchesMemory: most == nil)
                    most = bytes ?? most ?? 0
                    return (seconds, most.flatMap { $0 > 0 ? $0 : nil })
                })
        }
        return benchmarks
    }
}
