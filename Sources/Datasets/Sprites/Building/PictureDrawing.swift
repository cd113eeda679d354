import Files
import Foundation
import Images
import Synchronization

/// Makes sprites' pictures of files, as many at a time as the machine has cores: PNG as they are, SVG by `rsvg-convert`.
struct PictureDrawing: Sendable {
    enum Drawn: Sendable {
        case sprite(RGBAImage)
        case failed(String)
    }

    /// The longest side of a sprite; bitmaps are not enlarged to it.
    let size: Int
    /// Whether what shows hardly anything on white paper is refused.
    var refusesFaint = false

    /// The pictures of `files`, in order.
    ///
    /// - Parameter progress: called from several threads; an error that it throws stops the drawing.
    func draw(_ files: [URL], progress: @Sendable (Int, Int) throws -> Void) throws -> [Drawn] {
        let rasterizer = files.contains(where: Self.isSVG) ? try SVGRasterizer() : nil
        let process = ProcessInfo.processInfo.processIdentifier
        let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("flowtok-sprites-\(process)-\(UInt32.random(in: 0 ... .max))")
        do { try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true) } catch {
            throw DatasetError.unwritable(path: scratch.path, reason: error.localizedDescription)
        }
        defer { try? FileManager.default.removeItem(at: scratch) }
        struct State: Sendable {
            var drawn: [Drawn?]
            var done = 0
            var failure: (any Error)?
        }
        let state = Mutex(State(drawn: Array(repeating: nil, count: files.count)))
        DispatchQueue.concurrentPerform(iterations: files.count) { index in
            if state.withLock({ $0.failure != nil }) { return }
            do {
                let drawn = try draw(files[index], rasterizer, scratch: scratch.appendingPathComponent("\(index).png"))
                let done = state.withLock { state in
                    state.drawn[index] = drawn
                    state.done += 1
                    return state.done
                }
                try progress(done, files.count)
            } catch {
                state.withLock { $0.failure = error }
            }
        }
        let end = state.withLock { $0 }
        if let failure = end.failure { throw failure }
        return end.drawn.map { $0 ?? .failed("not drawn") }
    }

    private static func isSVG(_ file: URL) -> Bool { file.pathExtension.lowercased() == "svg" }

    /// - Throws: where nothing can be drawn for want of room, which is no fault of the file.
    private func draw(_ file: URL, _ rasterizer: SVGRasterizer?, scratch: URL) throws -> Drawn {
        defer { try? FileManager.default.removeItem(at: scratch) }
        do {
            let picture: RGBAImage
            if Self.isSVG(file), let rasterizer {
                picture = try render(file, rasterizer, scratch: scratch)
            } else {
                picture = try RGBAImage(png: InputFile.bytes(file.path))
            }
            guard let sprite = SpriteTrimming.trimmed(picture, side: size) else { return .failed("empty") }
            if refusesFaint, let objection = SpriteTrimming.objection(to: sprite) { return .failed(objection) }
            return .sprite(sprite)
        } catch let failure as SVGRasterizer.Failure {
            let room = scratch.path + ".room"
            try AtomicFile.write(to: room, [UInt8](repeating: 0, count: 1 << 20))
            try? FileManager.default.removeItem(atPath: room)
            return .failed(failure.reason)
        } catch let error as ImageError {
            return .failed("\(error)")
        } catch {
            // Without the path, which differs from machine to machine.
            return .failed("cannot be read")
        }
    }

    /// A picture to cut and make smaller: much art covers a part of its page.
    private func render(_ file: URL, _ rasterizer: SVGRasterizer, scratch: URL) throws -> RGBAImage {
        let picture = try rasterizer.render(file, side: 2 * size, scratch: scratch)
        guard let bounds = picture.contentBounds(alphaAbove: SpriteTrimming.faint) else { return picture }
        let longest = max(bounds.width, bounds.height)
        guard longest < size, longest > 3 else { return picture }
        return try rasterizer.render(file, side: min(2 * size * size / longest + 1, 4096), scratch: scratch)
    }
}
