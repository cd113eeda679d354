import ArgumentParser
import Files
import Foundation

/// `flowtok serve`: runs `flowtok-serve`, a program of its own, so that a build of `flowtok` compiles no web server.
struct Serve: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Serve a page and the interfaces of OpenAI and A1111.",
            discussion: """
                This runs flowtok-serve, which lies beside flowtok, with all arguments; flowtok serve --help shows them.

                EXAMPLES
                  flowtok serve                              http://127.0.0.1:7860
                  flowtok serve --host 0.0.0.0 --api-key-file key
                """)
    }

    static let program = "flowtok-serve"

    @Argument(parsing: .captureForPassthrough, help: "Options of flowtok-serve.")
    var arguments: [String] = []

    func run() throws {
        let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = FilePath.folder(of: executable) + "/" + Self.program
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Failure(
                .missing,
                "\(path): no such program; Scripts/run serve builds it, or FLOWTOK_SERVER=1 swift build -c release --product \(Self.program)")
        }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
        defer { words.forEach { free($0) } }
        words.append(nil)
        execv(path, words)
        throw Failure(.data, "\(path): cannot be run: \(String(cString: strerror(errno)))")
    }
}
