import Files
import Foundation

/// What all ranks of a run must have alike.
package struct RunAgreement: Codable, Equatable {
    package var version: String
    package var configuration: String
    package var step: Int
    /// A fingerprint of the parameters.
    package var state: String
    package var dependencies: String
    package var data: String
    package var kernels: String
    package var wire: String
    package var stopAfter: Int?

    package init(
        version: String, configuration: String, step: Int, state: String, dependencies: String, data: String, kernels: String, wire: String
    ) {
        self.version = version
        self.configuration = configuration
        self.step = step
        self.state = state
        self.dependencies = dependencies
        self.data = data
        self.kernels = kernels
        self.wire = wire
    }

    /// - Throws: `RankError.differ` for the first thing that another rank has not as the first one.
    package static func check(_ all: [RunAgreement]) throws {
        guard let first = all.first else { return }
        for (rank, other) in all.enumerated() {
            func compare(_ what: String, _ mine: String, _ theirs: String, _ advice: String = "") throws {
                if mine != theirs { throw RankError.differ(rank: rank, what: what, first: mine + advice, other: theirs) }
            }
            try compare("version of flowtok", first.version, other.version)
            if first.configuration != other.configuration {
                let difference = try? tree(other.configuration).differences(from: tree(first.configuration)).first
                try compare(
                    "configuration", difference.map { "\($0.path) \($0.old?.brief ?? "left out")" } ?? first.configuration,
                    difference.map { "\($0.path) \($0.new?.brief ?? "left out")" } ?? other.configuration)
            }
            try compare("checkpoint", "one of step \(first.step)", "one of step \(other.step)")
            try compare("checkpoint", "fingerprint \(first.state)", "fingerprint \(other.state)")
            try compare("vocabulary or tokenizer", "fingerprint \(first.dependencies)", "fingerprint \(other.dependencies)")
            try compare("data set", "fingerprint \(first.data)", "fingerprint \(other.data)")
            try compare("type of CPU", "\(first.kernels) kernels", "\(other.kernels) kernels", " (FLOWTOK_KERNELS lowers them)")
            try compare("--wire", first.wire, other.wire)
            try compare("--stop-after", first.stopAfter.map(String.init) ?? "none", other.stopAfter.map(String.init) ?? "none")
        }
    }

    private static func tree(_ text: String) throws -> JSONValue { try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) }
}

/// How the opening of a run went on a rank.
private struct OpeningReport: Codable {
    var agreement: RunAgreement?
    var failure: String?
    var category = 0

    static let categories: [ErrorCategory] = [.usage, .data, .missing, .cancelled, .internalFault]
}

extension RankGroup {
    /// Opens a run on every rank, and makes sure that all of them have the same.
    ///
    /// - Throws: on every rank what went wrong on one of them, or how they differ.
    public func open(stopAfter: Int? = nil, _ body: () throws -> TrainingRun) throws -> TrainingRun {
        let opened = Result { try body() }
        var report = OpeningReport()
        switch opened {
        case .success(let run):
            report.agreement = run.agreement
            report.agreement?.stopAfter = stopAfter
        case .failure(let error):
            report.failure = "\(error)"
            report.category = OpeningReport.categories.firstIndex(of: error.errorCategory) ?? 4
        }
        let all = try exchange(Array(JSONEncoder().encode(report))).map { try JSONDecoder().decode(OpeningReport.self, from: Data($0)) }
        for (number, other) in all.enumerated() {
            guard let failure = other.failure else { continue }
            // The first rank's own error is one of the run, and says where.
            if number == 0, case .failure(let error) = opened, isFirst { throw error }
            let categories = OpeningReport.categories
            let category = categories.indices.contains(other.category) ? categories[other.category] : .internalFault
            throw RankError.other(rank: number, message: failure, category: category)
        }
        try RunAgreement.check(all.compactMap(\.agreement))
        return try opened.get()
    }
}
