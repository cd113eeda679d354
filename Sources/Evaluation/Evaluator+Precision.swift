import Datasets
import FlowTok
import Foundation
import Images
import Tensors

extension Evaluator {
    /// How far pictures of faster precisions are from the same seeds' in float32. None for a packed model, which exists
    /// in one precision alone.
    func precisions() throws -> [Metric] {
        guard !flowtok.isPacked else { return [] }
        let prompts = chosen(min(cases, 60), seed: 3).map { composer.single(emoji[$0]).caption }
        let exact = try drawn(prompts, in: .float32)
        return try [(Precision.bfloat16, 45.0), (.int8, 32)].map { precision, goal in
            let errors = try zip(exact, drawn(prompts, in: precision)).map { try $0.meanSquaredError(to: $1) }
            // Equal pictures have no ratio: the bound is that of one value in a whole picture that is off by one.
            let error = max(1e-5, errors.reduce(0, +) / Double(max(1, errors.count)))
            return Metric(
                name: "PSNR of pictures in \(precision.rawValue) against float32", value: errors.isEmpty ? 0 : 10 * log10(255 * 255 / error),
                unit: "dB", cases: errors.count, goal: goal)
        }
    }

    /// Pictures of prompts as users draw them, picture i with seed i.
    private func drawn(_ prompts: [String], in precision: Precision) throws -> [Image] {
        try prompts.enumerated().map { index, prompt in
            var request = GenerationRequest(prompt)
            request.seed = UInt64(index)
            request.precision = precision
            return try flowtok.generate(request)[0].image
        }
    }
}
