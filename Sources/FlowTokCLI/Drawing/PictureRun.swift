import Files
import FlowTok
import Foundation
import Images
import Training

/// A picture that was drawn, and how it came about.
struct DrawnPicture {
    let image: Image
    let record: GenerationMetadata
    /// The picture forming; empty unless that was asked for.
    var frames: [Image] = []
}

/// Pictures drawn one after another, written, and told of. Ctrl-C finishes the picture in hand and stops; a picture that
/// cannot be drawn or written is reported, and the others are drawn all the same.
struct PictureRun {
    let plan: PicturePlan
    /// Different prompts of the plan.
    let prompts: Int
    let options: PictureOptions
    var trajectory = false

    /// Throws where the pictures, squares of `side` pixels, cannot be written as asked.
    func check(side: Int) throws {
        guard options.grid else { return }
        try PictureGrid(pictures: plan.pictures.count, prompts: prompts).check(pictures: plan.pictures.count, side: side)
    }

    /// A picture that was drawn and how long it took.
    private struct Result {
        let picture: DrawnPicture
        let seconds: Double

        func report(file: String, trajectory: String?) -> PictureReport {
            PictureReport(file: file, record: picture.record, trajectory: trajectory, seconds: seconds)
        }
    }

    /// Draws all pictures of the plan.
    ///
    /// - Parameter draw: draws the picture of an index, and reports steps done and steps in all.
    func start(
        _ draw: (_ index: Int, PicturePlan.Picture, _ progress: (Int, Int) -> Void) throws -> DrawnPicture
    ) throws {
        StopRequest.install()
        var drawn: [Result] = []
        var stoppedAfter: Int?
        var failures = FailureCount()
        var written: Set<FileIdentity> = []
        let total = plan.pictures.count
        let line = ProgressLine(enabled: !options.quiet, onlyOnTerminal: true)
        for (index, picture) in plan.pictures.enumerated() {
            if StopRequest.received != nil {
                stoppedAfter = index
                break
            }
            let clock = ContinuousClock()
            let start = clock.now
            do {
                let result = Result(
                    picture: try draw(index, picture) { step, steps in
                        let done = Double(index) + Double(step) / Double(steps)
                        line.show(done / Double(total), "picture \(index + 1)/\(total)  step \(step)/\(steps)")
                    }, seconds: (clock.now - start) / .seconds(1))
                if options.grid {
                    drawn.append(result)
                } else {
                    let report = try write(result, to: picture.file, &written)
                    line.finish()
                    try announce(report)
                }
            } catch  where total > 1 && !options.grid && error.errorCategory == .data {
                line.finish()
                failures.add(error)
            }
        }
        line.finish()
        if options.grid, !drawn.isEmpty { try writeGrid(drawn, to: plan.pictures[0].file) }
        if let stoppedAfter { throw Failure(.interrupted, "stopped after \(stoppedAfter) of \(total) pictures") }
        try failures.finish(of: total, "pictures could not be drawn")
    }

    /// Draws the pictures of one share of a batch that are not there yet.
    func start(
        in batch: BatchFolder, _ draw: (_ index: Int, PicturePlan.Picture, _ progress: (Int, Int) -> Void) throws -> DrawnPicture
    ) throws {
        var folders: Set<String> = [""]
        try batch.work(quiet: options.quiet, noun: "pictures", verb: "drawn") { index, _, line in
            let picture = plan.pictures[index]
            let drawn: DrawnPicture
            do {
                drawn = try draw(index, picture) { _, _ in }
            } catch  where BatchFolder.isPassedOver(error) {
                line.finish()
                return try batch.add([batch.fault(error, file: picture.file.path, unit: index)], of: index, isFinished: true)
            }
            var file = picture.file
            let parent = FilePath.folder(of: file.path)
            if folders.insert(parent).inserted { try OutputPath.make(folder: parent) }
            let text = options.noMetadata ? [] : drawn.record.texts
            try file.write(drawn.image, text: text)
            var strip: String?
            if trajectory {
                var file = OutputFile(named: PicturePlan.trajectory(beside: file.path))
                try file.write(Image.strip(drawn.frames, gap: PictureGrid.gap), text: text)
                strip = FilePath.relative(file.path, to: batch.path)
            }
            let report = PictureReport(file: FilePath.relative(file.path, to: batch.path), record: drawn.record, trajectory: strip, seconds: nil)
            let result = try BatchLine.text(index: index, report)
            try batch.add([result], of: index, isFinished: true)
            if options.json {
                line.finish()
                Console.print(result)
            }
        }
    }

    private func write(_ result: Result, to file: OutputFile, _ written: inout Set<FileIdentity>) throws -> PictureReport {
        let text = options.noMetadata ? [] : result.picture.record.texts
        var file = file
        var none: Set<String> = []
        // Two names may lead to one file.
        if let identity = FileIdentity(path: file.path), written.contains(identity), !file.isMade {
            file = OutputFile(like: file.path, taken: &none)
        }
        try file.write(result.picture.image, text: text)
        if let identity = FileIdentity(path: file.path), identity.kind == S_IFREG { written.insert(identity) }
        guard trajectory else { return result.report(file: file.path, trajectory: nil) }
        var strip = OutputFile(like: PicturePlan.trajectory(beside: file.path), taken: &none)
        try strip.write(Image.strip(result.picture.frames, gap: PictureGrid.gap), text: text)
        return result.report(file: file.path, trajectory: strip.path)
    }

    private func writeGrid(_ results: [Result], to file: OutputFile) throws {
        let pictures = results.map(\.picture)
        let grid = try PictureGrid(pictures: pictures.count, prompts: prompts).picture(of: pictures.map(\.image))
        let text = options.noMetadata ? [] : GenerationMetadata(grid: grid, of: pictures.map(\.record))?.texts ?? []
        var file = file
        try file.write(grid, text: text)
        var path: String?
        if trajectory {
            var none: Set<String> = []
            var strip = OutputFile(like: PicturePlan.trajectory(beside: file.path), taken: &none)
            let frames = pictures.map(\.frames)
            try strip.write(Image.grid(frames.flatMap { $0 }, columns: frames[0].count, gap: PictureGrid.gap), text: text)
            path = strip.path
        }
        for result in results { try announce(result.report(file: file.path, trajectory: path)) }
    }

    private func announce(_ report: PictureReport) throws {
        if options.json {
            try Console.print(json: report)
        } else if !options.quiet {
            Console.print(report.line)
        }
    }
}
