import Files
import FlowTok
import Foundation

/// A run's configuration as its checkpoints keep it, and the rules of what a resumed run may change.
struct RunConfiguration {
    /// The whole configuration as JSON text, defaults included.
    let text: String
    private let completed: (String) throws -> String

    init<Configuration: Codable>(_ configuration: Configuration) throws {
        text = try JSONFile.text(configuration)
        // Keys that came later than a checkpoint get their defaults, and do not count as changes.
        completed = { try JSONFile.text(JSONDecoder().decode(Configuration.self, from: Data($0.utf8))) }
    }

    /// Keys whose values do not touch what a step computes: when and what a run writes.
    private static let free: Set<String> = [
        "model.training.checkpoint_minutes", "model.training.sample_every", "model.training.log_every", "model.name",
        "model.license", "model.trained_on",
    ]
    private static let freePrefixes = ["model.sampling.", "model.captioning."]

    /// Keys that may change, and what to tell about it.
    private static let remarks: [String: String] = [
        "model.training.steps": "the learning rate follows the new schedule from here on",
        "data.sprites": "the run goes on as before only if both hold the same",
        "data.images": "the run goes on as before only if both hold the same",
        "data.skip_bad": "the run goes on as before only if both leave out the same",
        "vocabulary": "the run goes on as before only if both hold the same",
        "tokenizer": "the run goes on as before only if both hold the same",
        "start": "a resumed run starts from its checkpoint",
    ]

    /// Compares with the configuration that a checkpoint keeps.
    ///
    /// - Returns: what to tell of the changes that are allowed, a line each.
    /// - Throws: `TrainingError.configurationChanged` with the first key that must not change, and
    ///   `.unusableCheckpoint` where what is kept is no configuration of such a run.
    func changes(from stored: String, in path: String) throws -> [String] {
        let old: JSONValue
        do {
            old = try RunConfiguration.tree(completed(stored))
        } catch {
            let reason = (error as? DecodingError)?.oneLine ?? "\(error)"
            throw TrainingError.unusableCheckpoint(
                path: path, reason: "it keeps the configuration of another sort of run (\(reason))")
        }
        var notices: [String] = []
        for difference in try RunConfiguration.tree(text).differences(from: old) {
            let key = difference.path
            if RunConfiguration.free.contains(key) || RunConfiguration.freePrefixes.contains(where: key.hasPrefix) { continue }
            let (stored, given) = (difference.old?.brief ?? "left out", difference.new?.brief ?? "left out")
            guard let remark = RunConfiguration.remarks[key] else {
                throw TrainingError.configurationChanged(path: path, key: key, stored: stored, given: given)
            }
            notices.append("\(key) was \(stored) and is now \(given): \(remark)")
        }
        return notices
    }

    private static func tree(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
}
