import ArgumentParser
import Training

/// A share of a batch, given as "k/n": every n-th unit from number k on, k from 0.
struct ShardChoice: Equatable {
    let number: Int
    let count: Int

    init(number: Int, count: Int) { (self.number, self.count) = (number, count) }

    /// - Throws: `ValidationError` where an argument is no share.
    init(argument: String) throws {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let number = parts[0], let count = parts[1], (1...1_000_000).contains(count), (0..<count).contains(number) else {
            throw ValidationError("\(argument) is no share of a batch, expected k/n with k from 0 to n - 1, such as 0/4")
        }
        self.init(number: number, count: count)
    }

    var description: String { "\(number)/\(count)" }

    func has(_ unit: Int) -> Bool { unit % count == number }

    /// The file of this shard's lines in the folder of a batch, and the mark that it is done.
    var lines: String { "part-\(number)-of-\(count).jsonl" }
    var mark: String { "part-\(number)-of-\(count).done" }
}

/// The options of commands whose work several processes may share.
struct ShardOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Do the share k (from 0) of n of a batch: the pictures do not depend on n, what is done is passed over, and flowtok merge joins the shares (default: what mpirun, srun, or RANK and WORLD_SIZE say).",
            valueName: "k/n"),
        transform: ShardChoice.init(argument:))
    var shard: ShardChoice?

    /// The share to do; nil where the batch is not divided.
    ///
    /// - Parameter output: the folder of the batch, which every share needs.
    func choice(output: String?) throws -> ShardChoice? {
        guard let shard else {
            guard let launcher = Launcher.find(), launcher.size > 1 else { return nil }
            let choice = ShardChoice(number: launcher.rank, count: launcher.size)
            guard output.map({ $0 != OutputFile.standardOutput }) == true else {
                throw Failure(
                    .usage,
                    "\(launcher.kind.rawValue) says that this is process \(launcher.rank) of \(launcher.size): expected -o with the folder of the batch that they share, or --shard 0/1"
                )
            }
            return choice
        }
        guard output.map({ $0 != OutputFile.standardOutput }) == true else {
            throw Failure(.usage, "--shard \(shard.description): expected -o with the folder of the batch")
        }
        return shard
    }
}
