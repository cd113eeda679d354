import ArgumentParser
import Checkpoints
import FlowTok
import Foundation
import ModelFolders
import Networks
import Tensors

/// `flowtok doctor`.
struct Doctor: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Tell what flowtok finds on this machine: CPU, kernels, OpenBLAS, threads, memory, model.",
            discussion: """
                The exit status is 0 where everything that drawing needs is there, and otherwise that of what is wrong.

                ENVIRONMENT
                  FLOWTOK_MODEL        the model folder to use in place of the shipped one
                  FLOWTOK_KERNELS      the highest kernels to use: portable, avx2, avxvnni, avx512, vnni, bf16 or amx
                  FLOWTOK_BLAS         what computes float32 products: openblas or own
                  OPENBLAS_CORETYPE    the kernels that OpenBLAS is to use

                EXAMPLES
                  flowtok doctor
                  flowtok doctor --model Runs/flow/model --json
                """)
    }

    @Option(help: "The model folder to look at (default: the one that flowtok would use).", completion: .directory)
    var model: String?

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print a JSON object.")
    var json = false

    func run() throws {
        let (report, problem) = examine()
        if json { try Console.print(json: report) } else { show(report) }
        // The model is what drawing cannot do without.
        if let problem { throw problem }
    }

    private func examine() -> (DoctorReport, Failure?) {
        // OpenBLAS's variable is set while it loads, so the user's own is to be read before.
        let chosenCore = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"]
        let openBLAS = Machine.openBLAS
        var report = DoctorReport(
            flowtok: FlowTok.version, system: SystemFacts.name, swift: SystemFacts.compiler,
            cpu: SystemFacts.processor, cpuFeatures: Machine.cpuFeatures, kernels: Machine.kernelLevel,
            bfloat16: Precision.bfloat16.isAccelerated, openblas: openBLAS.problem == nil ? openBLAS.core : nil,
            openblasCoreType: chosenCore, openblasProblem: openBLAS.problem,
            float32Products: Machine.usesOpenBLAS ? "OpenBLAS" : "own kernels",
            threads: Machine.threads, usableCores: Machine.usableCores,
            memory: Int(clamping: ProcessInfo.processInfo.physicalMemory), memoryAvailable: SystemFacts.availableMemory)
        do {
            let path = try model ?? DefaultModel.path()
            let opened = try ModelFolder(path: path)
            Console.warn(opened.warnings)
            let entries = try opened.weightFiles.flatMap { try Checkpoint(path: $0).entries }
            report.model = DoctorReport.Model(
                path: path, name: opened.configuration.name, license: opened.configuration.license,
                parameters: entries.reduce(0) { $0 + $1.shape.reduce(1, *) },
                bytes: entries.reduce(0) { $0 + $1.byteCount }, imageSize: opened.configuration.imageTokenizer.imageSize)
            return (report, nil)
        } catch {
            let failure = Failure(error)
            report.modelProblem = failure.description
            if model == nil { report.lookedIn = DefaultModel.places }
            return (report, failure)
        }
    }

    private func show(_ report: DoctorReport) {
        for (name, value) in report.lines {
            Console.print(name.padding(toLength: 18, withPad: " ", startingAt: 0) + value)
        }
    }
}
