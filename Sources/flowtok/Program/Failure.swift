import Benchmarks
import Checkpoints
import Flow
import FlowTok
import Foundation
import Generators
import ImageTokenizers
import Images
import Layers
import Training
import Vocabularies

/// What goes to the user when a command fails: an exit status and one line.
struct Failure: Error, CustomStringConvertible {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The status and the line of any error.
    init(_ error: any Error) {
        if let failure = error as? Failure {
            self = failure
        } else {
            self.init(Failure.status(of: error), Failure.text(of: error))
        }
    }

    var description: String { message.onOneLine }

    private static func text(of error: any Error) -> String {
        // The system's errors describe themselves to programmers only.
        type(of: error) is NSError.Type ? error.reason : String(describing: error)
    }

    private static func status(of error: any Error) -> ExitStatus {
        switch error {
        case let error as FlowTokError: status(of: error)
        case let error as ImageError: status(of: error)
        case let error as CheckpointError: status(of: error)
        case let error as DatasetError: status(of: error)
        case let error as TrainingError: status(of: error)
        case GeneratorError.undetermined: .data
        case is GeneratorError: .usage
        case PeerFigures.Problem.missing: .missing
        case is PeerFigures.Problem: .data
        case VocabularyError.unreadable: .missing
        case is VocabularyError, is ImageTokenizerError, is WeightMismatch, is SolverError: .data
        case is CancellationError: .interrupted
        default: .fault
        }
    }

    private static func status(of error: FlowTokError) -> ExitStatus {
        switch error {
        case .emptyPrompt, .badSetting: .usage
        case .modelNotFound, .missingFile, .incompleteFiles: .missing
        case .unusableModel, .unfitVocabulary, .tokenShape, .foreignTokens, .unusableTokens, .cannotCaption, .unusableFiles: .data
        case .cancelled: .interrupted
        }
    }

    private static func status(of error: ImageError) -> ExitStatus {
        switch error {
        case .missingFile: .missing
        case .nonFinite, .wrongCount, .noImages: .fault
        default: .data
        }
    }

    private static func status(of error: CheckpointError) -> ExitStatus {
        switch error {
        case .fileNotFound: .missing
        case .invalidWrite: .fault
        default: .data
        }
    }

    private static func status(of error: DatasetError) -> ExitStatus {
        switch error {
        case .missing, .missingProgram: .missing
        default: .data
        }
    }

    private static func status(of error: TrainingError) -> ExitStatus {
        switch error {
        case .runExists: .usage
        case .nothingToResume, .missingFile, .unusableInput(_, _, _, isMissing: true): .missing
        default: .data
        }
    }
}

extension String {
    /// The text without line breaks and other control characters, whatever a file or an argument put into it.
    var onOneLine: String {
        var line = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                if line.last != " " { line.append(" ") }
            default: line.append(scalar)
            }
        }
        return String(line).trimmingSuffix(" ")
    }

    private func trimmingSuffix(_ character: Character) -> String {
        String(self[..<(lastIndex { $0 != character }.map(index(after:)) ?? startIndex)])
    }
}
