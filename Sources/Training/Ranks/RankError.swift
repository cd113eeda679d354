import Files

/// What goes wrong where several processes train together.
public enum RankError: Equatable, Sendable, CategorizedError {
    /// The variable that chooses the library names none.
    case badChoice(String)
    /// A launcher started several processes, but no MPI library can be loaded.
    case noLibrary(launcher: String, size: Int, reason: String)
    /// srun started several processes without an interface by which MPI finds them.
    case noInterface(size: Int)
    /// A launcher started several processes, and the library of another MPI sees one.
    case otherLauncher(launcher: String, size: Int, library: String)
    /// MPI reports an error.
    case failed(String)
    /// The ranks do not divide the groups of a step.
    case ranksDoNotDivide(groups: Int, ranks: Int)
    /// A tensor's gradient is larger than MPI takes in one piece.
    case tooLarge(name: String, values: Int)
    /// Two ranks were started differently.
    case differ(rank: Int, what: String, first: String, other: String)
    /// The same gradients came to another norm on a rank than on the first.
    case otherResults(rank: Int)
    /// Nothing came from the others for so long.
    case silent(seconds: Int, step: Int)
    /// Another rank failed, and this one ends with it.
    case other(rank: Int, message: String, category: ErrorCategory)

    public var description: String {
        switch self {
        case .badChoice(let name): "\(MPIChoice.variable) is \"\(name)\", expected openmpi or mpich"
        case .noLibrary(let launcher, let size, let reason):
            "\(launcher) started \(size) processes, but no MPI library can be loaded, expected libmpi.so.40 (Open MPI) or libmpich.so.12 (MPICH): \(reason)"
        case .noInterface(let size):
            "Slurm started \(size) processes that do not know each other, expected srun --mpi=pmix (Open MPI) or srun --mpi=pmi2 (MPICH)"
        case .otherLauncher(let launcher, let size, let library):
            "\(launcher) started \(size) processes, but the library of \(library) sees a single one: expected the mpirun of \(library), or \(MPIChoice.variable) with the launcher's own library"
        case .failed(let reason): "MPI: \(reason)"
        case .ranksDoNotDivide(let groups, let ranks):
            "training.groups is \(groups), which \(ranks) ranks do not divide: expected a multiple of \(ranks), or \(RankError.divisors(of: groups)) ranks"
        case .tooLarge(let name, let values): "\(name) has \(values) values, more than MPI sends in one piece"
        case .differ(let rank, let what, let first, let other):
            "rank \(rank) was started with another \(what) than rank 0: \(other), expected \(first)"
        case .otherResults(let rank):
            "rank \(rank) computes other bits than rank 0 from the same gradients: its machine or its build of flowtok is not the same"
        case .silent(let seconds, let step):
            "nothing came from the other ranks for \(seconds) s after step \(step): one of them hangs, or the network is cut; go on with --resume"
        case .other(let rank, let message, _): "rank \(rank): \(message)"
        }
    }

    /// Whether every rank finds it for itself, so that the first need not be told.
    static func isCommon(_ error: any Error) -> Bool {
        switch error {
        case RankError.differ, RankError.otherResults, RankError.other, TrainingError.diverged: true
        default: false
        }
    }

    private static func divisors(of groups: Int) -> String {
        let found = (1...max(1, groups)).filter { groups % $0 == 0 }.map(String.init)
        return found.count > 8 ? "a divisor of \(groups)" : found.joined(separator: ", ")
    }

    public var category: ErrorCategory {
        switch self {
        case .badChoice, .noInterface, .otherLauncher, .ranksDoNotDivide, .differ: .usage
        case .noLibrary: .missing
        case .failed, .otherResults, .silent, .tooLarge: .data
        case .other(_, _, let category): category
        }
    }
}
