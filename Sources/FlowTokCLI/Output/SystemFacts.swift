import Foundation

/// What the system tells of itself.
enum SystemFacts {
    /// "Debian GNU/Linux 12 (bookworm), Linux 6.1.0"
    static var name: String {
        let release = field("PRETTY_NAME=", of: "/etc/os-release")?.trimmingCharacters(in: ["\""])
        let kernel = field("", of: "/proc/sys/kernel/osrelease")
        return [release ?? ProcessInfo.processInfo.operatingSystemVersionString, kernel.map { "Linux \($0)" }]
            .compactMap { $0 }.joined(separator: ", ")
    }

    /// The processor's name, or its architecture.
    static var processor: String {
        if let name = field("model name", of: "/proc/cpuinfo") { return name.drop { ":\t ".contains($0) }.trimmed }
        #if arch(x86_64)
        return "x86-64"
        #elseif arch(arm64)
        return "arm64"
        #else
        return "unknown"
        #endif
    }

    /// Bytes that a process could have now; nil where the system does not say.
    static var availableMemory: Int? {
        field("MemAvailable:", of: "/proc/meminfo")?.split(separator: " ").first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    /// The path of this program.
    static var executable: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    /// Processes that wanted to run, on average over the last minute; nil where the system does not say.
    static var loadAverage: Double? {
        field("", of: "/proc/loadavg")?.split(separator: " ").first.flatMap { Double($0) }
    }

    /// The version of the compiler, as far as it can be known at compile time.
    static var compiler: String {
        #if compiler(>=6.4)
        "6.4 or later"
        #else
        "6.3"
        #endif
    }

    /// What follows `prefix` on the first line that begins with it.
    private static func field(_ prefix: String, of file: String) -> String? {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)).trimmed }
    }
}
