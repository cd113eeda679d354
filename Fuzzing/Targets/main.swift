// Hands inputs to one of the readers until it finds one that ends the process: Scripts/fuzz runs this.
//
//     flowtok-fuzz list
//     flowtok-fuzz seeds FOLDER
//     flowtok-fuzz TARGET [OPTIONS OF LIBFUZZER] [CORPUS …]
import CFuzzer
import Foundation

/// The reader at hand. Set once, before the loop begins.
nonisolated(unsafe) private var read: (([UInt8]) throws -> Void)?

private func end(_ message: String) -> Never {
    try? FileHandle.standardError.write(contentsOf: Data("flowtok-fuzz: \(message)\n".utf8))
    exit(64)
}

switch CommandLine.arguments.dropFirst().first {
case "list":
    for target in FuzzTarget.all { print(target.name) }
case "seeds":
    guard CommandLine.arguments.count == 3 else { end("seeds: expected a folder") }
    try Seeds.write(to: CommandLine.arguments[2])
case let name?:
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else { end("\(name): expected one of those that `list` prints") }
    read = target.read
    // What is left of the arguments is libFuzzer's.
    var arguments = CommandLine.unsafeArgv
    arguments += 1
    var count = CommandLine.argc - 1
    var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = arguments
    let status = withUnsafeMutablePointer(to: &list) { pointer in
        LLVMFuzzerRunDriver(&count, pointer) { data, count in
            // Refusing an input is what readers are for.
            try? read?(Array(UnsafeBufferPointer(start: data, count: count)))
            return 0
        }
    }
    // Nothing is left to do, and what would be taken down is large.
    _exit(status)
case nil: end("expected list, seeds FOLDER or a target")
}
