import Foundation
import TestSupport
import Testing

/// A case of the reference: a system and a name.
struct ParityCase: Sendable, CustomTestStringConvertible {
    let system: String
    let name: String

    var testDescription: String { "\(system)/\(name)" }

    static let systems = ["flowtok", "titok", "rar", "tokenbridge", "gigatok", "flextok"]

    /// All cases of the systems that this target knows.
    static func all(full: Bool) -> [ParityCase] {
        systems.flatMap { system in
            Goldens.cases(of: system).filter { Goldens.isFullSize($0) == full }.map { ParityCase(system: system, name: $0) }
        }
    }
}

/// This package against the official implementations. Every case found beside the references is run: its checkpoint is
/// made by the manifest's formula, written as a file, loaded as a user's file is, and every tensor that the case stores is
/// compared.
@Suite(.serialized) struct ParityTests {
    @Test(
        "Agrees with the official implementation", .enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)),
        arguments: ParityCase.all(full: false))
    func agrees(_ parityCase: ParityCase) throws { try run(parityCase) }

    @Test(
        "Agrees with the official implementation at full size",
        .enabled(if: Goldens.fullAreAvailable, Comment(rawValue: Goldens.fullAbsence)),
        arguments: ParityCase.all(full: true))
    func agreesAtFullSize(_ parityCase: ParityCase) throws { try run(parityCase) }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["FLOWTOK_REFERENCE"] != nil, "FLOWTOK_REFERENCE is not set"))
    func theReferenceThatWasAskedForIsThere() {
        let cases = ParityCase.all(full: false) + ParityCase.all(full: true)
        let systems = ParityCase.systems.map { $0 + "/" }.joined(separator: ", ")
        #expect(!cases.isEmpty, "no cases in \(Goldens.folder.path), expected manifests in \(systems)")
    }

    private func run(_ parityCase: ParityCase) throws {
        let golden = try GoldenCase(parityCase.system, parityCase.name)
        guard let kind = CaseKind(golden) else {
            Issue.record("\(parityCase.testDescription): nothing here knows what this case is")
            return
        }
        let clock = ContinuousClock()
        let start = clock.now
        let comparison = try Comparison(golden)
        switch kind {
        case .clipText: try compareTextTower(comparison)
        case .clipVocabulary:
            try compareVocabulary(comparison)
            return
        case .flowTok: try compareFlowTok(comparison)
        case .flowTiTok: try compareFlowTiTok(comparison)
        case .flowTokPipeline: try comparePipeline(comparison)
        case .flowTokPictures: try compareFlowTokPictures(comparison)
        case .tiTok: try compareTiTok(comparison)
        case .tiTokTraining: try compareTiTokTraining(comparison)
        case .tiTokPictures: try compareTiTokPictures(comparison)
        case .maskGITVQGAN: try compareMaskGITVQGAN(comparison)
        case .maskGIT: try compareMaskGIT(comparison)
        case .maskGenVQ: try compareMaskGenVQ(comparison)
        case .maskGenKL: try compareMaskGenKL(comparison)
        case .rar: try compareRAR(comparison)
        case .tokenBridge: try compareTokenBridge(comparison)
        case .flexTok: try compareFlexTok(comparison)
        case .flexTokAutoencoder: try compareFlexTokAutoencoder(comparison)
        case .flexTokUnits: try compareFlexTokUnits(comparison)
        case .imageLosses: try compareImageLosses(comparison)
        case .gigaTok: try compareGigaTok(comparison)
        case .llamaGen: try compareLlamaGen(comparison)
        case .gigaTokLosses: try compareGigaTokLosses(comparison)
        }
        comparison.conclude()
        print("\(golden.name): \(kind.rawValue), \(String(format: "%.1f", (clock.now - start) / .seconds(1))) s")
    }
}
