import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A run of a program that is waited for, with what the system tells of it afterwards.
enum ChildProcess {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a program without input and with its output thrown away; errors go where this process's go.
    ///
    /// - Parameter watchesMemory: whether to look, every millisecond, how much it has in memory. What the system tells at the end
    ///   will not do: a child's figure begins at its parent's, which may have large networks.
    /// - Returns: the seconds from start to end, and the most bytes that it had in memory where that was watched.
    @discardableResult
    static func run(_ path: String, _ arguments: [String], watchesMemory: Bool = false) throws -> (seconds: Double, bytes: Int?) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        var list: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { list.forEach { free($0) } }
        let clock = ContinuousClock()
        let start = clock.now
        var child = pid_t()
        let code = posix_spawn(&child, path, &actions, nil, &list, environ)
        guard code == 0 else { throw Failed(description: "\(path) cannot be run: \(String(cString: strerror(code)))") }
        var status: Int32 = 0
        var bytes: Int?
        while true {
            let ended = waitpid(child, &status, watchesMemory ? WNOHANG : 0)
            if ended == child { break }
            guard ended == 0 || errno == EINTR else { throw Failed(description: "\(path) cannot be waited for") }
            if let now = ResidentMemory.most(of: child) { bytes = max(bytes ?? 0, now) }
            if watchesMemory { usleep(1000) }
        }
        let seconds = (clock.now - start) / .seconds(1)
        guard status == 0 else {
            throw Failed(description: "\(([path] + arguments).joined(separator: " ")) ended with status \(status >> 8 & 0xff)")
        }
        return (seconds, bytes)
    }
}
