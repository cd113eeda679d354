import ArgumentParser
import Foundation
import Tensors

@main struct FlowTokCommand: ParsableCommand {
    static var configuration: CommandConfiguration { CommandConfiguration(commandName: "flowtok", subcommands: [Train.self, Evaluate.self]) }
}

func runReportingErrors(_ body: () throws -> Void) throws { try body() }
func setThreads(_ n: Int) throws { Machine.threads = n }
final class ProgressLine {
    let isTerminal = false
    init(enabled: Bool) {}
    func show(_ f: Double, _ t: String) { FileHandle.standardError.write(Data((t + "\n").utf8)) }
    func finish() {}
    static func duration(_ s: Double) -> String { String(format: "%.0f min", s / 60) }
}
