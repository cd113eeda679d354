import Foundation

/// What this process has in memory.
enum ResidentMemory {
    /// Bytes; nil where the system does not say.
    static var bytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * 4096
    }

    /// The most bytes that `work` adds to what is there before it; nil where the system does not say.
    static func growth(during work: () throws -> Void) rethrows -> Int? {
        // Linux forgets the highest mark where 5 is written here.
        let forgets = (try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))) != nil
        let before = bytes
        try work()
        guard forgets, let before, let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return max(0, kilobytes * 1024 - before)
    }
}
