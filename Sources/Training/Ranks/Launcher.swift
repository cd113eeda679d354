import CMPI
import Foundation

/// What started this process among others, as the variables say that it set: the place of the process, and how many there are.
package struct Launcher: Equatable, Sendable {
    package enum Kind: String, Sendable {
        case openMPI = "Open MPI"
        case mpich = "MPICH"
        case slurm = "Slurm"
        /// `RANK` and `WORLD_SIZE`, as launchers of PyTorch and batch systems of many sorts set them.
        case plain = "RANK and WORLD_SIZE"
    }

    package let kind: Kind
    package let rank: Int
    package let size: Int
    /// Processes of them on this machine; nil where that is not known.
    package let localSize: Int?

    /// The launcher that some variables speak of; nil where there is none, or what they say makes no sense.
    package static func find(_ variables: [String: String] = ProcessInfo.processInfo.environment) -> Launcher? {
        func number(_ name: String) -> Int? { variables[name].flatMap { Int($0) } }
        func launcher(_ kind: Kind, _ rank: String, _ sizes: [String], local: Int? = nil) -> Launcher? {
            guard let rank = number(rank), let size = sizes.lazy.compactMap({ number($0) }).first, size >= 1, (0..<size).contains(rank) else {
                return nil
            }
            return Launcher(kind: kind, rank: rank, size: size, localSize: local.flatMap { $0 >= 1 ? $0 : nil })
        }
        // The script of a Slurm job has the job's variables as well, and is no part of it before srun starts some.
        let isBatchScript = variables["SLURM_JOB_ID"] != nil && variables["SLURM_STEP_ID"] == nil && variables["SLURM_STEPID"] == nil
        return launcher(.openMPI, "OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"], local: number("OMPI_COMM_WORLD_LOCAL_SIZE"))
            ?? launcher(.mpich, "PMI_RANK", ["PMI_SIZE"], local: number("MPI_LOCALNRANKS"))
            ?? (isBatchScript
                ? nil
                : launcher(.slurm, "SLURM_PROCID", ["SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"], local: number("SLURM_NTASKS_PER_NODE")))
            ?? launcher(.plain, "RANK", ["WORLD_SIZE"], local: number("LOCAL_WORLD_SIZE"))
    }
}

/// Which MPI library to load.
enum MPIChoice {
    /// The name of the variable that decides it.
    static let variable = "FLOWTOK_MPI"

    /// The library that goes with a launcher.
    ///
    /// - Returns: the library to try first, and whether no other may be tried.
    /// - Throws: `RankError.badChoice`.
    static func library(
        for launcher: Launcher, _ variables: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> (wanted: cmpi_library, only: Bool) {
        switch variables[variable]?.lowercased() ?? "" {
        case "openmpi": return (CMPI_OPEN_MPI, true)
        case "mpich": return (CMPI_MPICH, true)
        case "": break
        case let other: throw RankError.badChoice(other)
        }
        switch launcher.kind {
        case .openMPI: return (CMPI_OPEN_MPI, false)
        case .mpich: return (CMPI_MPICH, false)
        // srun speaks PMIx with the one and PMI with the other, whose variables are those of MPICH's own launcher.
        default:
            guard variables["PMIX_RANK"] != nil else { throw RankError.noInterface(size: launcher.size) }
            return (CMPI_OPEN_MPI, false)
        }
    }
}
