import Checkpoints
import FlowTok
import Layers
import Vocabularies

/// Runs `body`; an error of it becomes one that names the file and the key of the configuration that asked for it.
func reading<Result>(_ key: String, of file: String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch {
        throw TrainingError.unusableInput(file: file, key: key, reason: "\(error)", isMissing: isMissing(error))
    }
}

private func isMissing(_ error: any Error) -> Bool {
    switch error {
    case TrainingError.missingFile, TrainingError.nothingToResume, CheckpointError.fileNotFound,
        VocabularyError.unreadable, DatasetError.missing:
        true
    default: false
    }
}
