import Foundation
import Images

/// Draws SVG files through `rsvg-convert`, a process a file, so that a broken or endless file costs only its time-out.
struct SVGRasterizer: Sendable {
    let program: String
    /// Seconds after which a drawing is given up.
    let timeout: Double

    /// Finds `rsvg-convert` in `PATH`.
    init(timeout: Double = 20) throws {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        guard let program = folders.map({ "\($0)/rsvg-convert" }).first(where: FileManager.default.isExecutableFile) else {
            throw DatasetError.missingProgram(name: "rsvg-convert", package: "librsvg2-bin")
        }
        self.program = program
        self.timeout = timeout
    }

    /// Why a file has no picture.
    struct Failure: Error {
        var reason: String
    }

    /// The picture of `file`, its longest side `side` pixels, by way of `scratch`.
    func render(_ file: URL, side: Int, scratch: URL) throws -> RGBAImage {
        try? FileManager.default.removeItem(at: scratch)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-w", "\(side)", "-h", "\(side)", "-a", "-f", "png", "-o", scratch.path, file.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        if ended.wait(timeout: .now() + timeout) == .timedOut {
            kill(process.processIdentifier, SIGKILL)
            ended.wait()
            throw Failure(reason: "rsvg-convert took longer than \(Int(timeout)) seconds")
        }
        guard process.terminationStatus == 0 else { throw Failure(reason: "rsvg-convert could not draw it") }
        do { return try RGBAImage(path: scratch.path) } catch { throw Failure(reason: "rsvg-convert drew nothing readable") }
    }
}
