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
    /// - Returns: the seconds from start to end, and the most bytes that it had in memory.
    static func run(_ path: String, _ arguments: [String]) throws -> (seconds: Double, bytes: Int) {
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
        var usage = rusage()
        while wait4(child, &status, 0, &usage) < 0 {
            guard errno == EINTR else { throw Failed(description: "\(path) cannot be waited for") }
        }
        let seconds = (clock.now - start) / .seconds(1)
        guard status == 0 else {
            throw Failed(description: "\(([path] + arguments).joined(separator: " ")) ended with status \(status >> 8 & 0xff)")
        }
        #if canImport(Darwin)
        return (seconds, usage.ru_maxrss)
        #else
        return (seconds, usage.ru_maxrss * 1024)
        #endif
    }
}
