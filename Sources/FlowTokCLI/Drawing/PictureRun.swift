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

/// Pictures drawn one after another, written, and reported. Ctrl-C finishes the picture in hand and stops.
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

    /// Draws all pictures of the plan.
    ///
    /// - Parameter draw: draws the picture of an index, and reports steps done and steps in all.
    func start(
        _ draw: (_ index: Int, PicturePlan.Picture, _ progress: (Int, Int) -> Void) throws -> DrawnPicture
    ) throws {
        StopRequest.install()
        var drawn: [(picture: DrawnPicture, report: PictureReport)] = []
        var stoppedAfter: Int?
        let total = plan.pictures.count
        let line = ProgressLine(enabled: !options.quiet, onlyOnTerminal: true)
        for (index, picture) in plan.pictures.enumerated() {
            if StopRequest.received != nil {
                stoppedAfter = index
                break
            }
            let clock = ContinuousClock()
            let start = clock.now
            let result = try draw(index, picture) { step, steps in
                let done = Double(index) + Double(step) / Double(steps)
                line.show(done / Double(total), "picture \(index + 1)/\(total)  step \(step)/\(steps)")
            }
            let report = PictureReport(
                file: picture.file, record: result.record,
                trajectory: trajectory ? PicturePlan.trajectory(beside: picture.file) : nil,
                seconds: (clock.now - start) / .seconds(1))
            if options.grid {
                drawn.append((result, report))
            } else {
                try write(result, to: report)
                line.finish()
                try announce(report)
            }
        }
        line.finish()
        if options.grid, !drawn.isEmpty {
            try writeGrid(drawn.map(\.picture), to: plan.pictures[0].file)
            for (_, report) in drawn { try announce(report) }
        }
        if let stoppedAfter { throw Failure(.interrupted, "stopped after \(stoppedAfter) of \(total) pictures") }
    }

    private func write(_ picture: DrawnPicture, to report: PictureReport) throws {
        let text = options.noMetadata ? [] : picture.record.texts
        try picture.image.write(to: report.file, text: text)
        if let path = report.trajectory {
            try Image.strip(picture.frames, gap: PictureGrid.gap).write(to: path, text: text)
        }
    }

    private func writeGrid(_ pictures: [DrawnPicture], to file: String) throws {
        let grid = try PictureGrid(pictures: pictures.count, prompts: prompts).picture(of: pictures.map(\.image))
        let text = options.noMetadata ? [] : GenerationMetadata(grid: grid, of: pictures.map(\.record))?.texts ?? []
        try grid.write(to: file, text: text)
        if trajectory {
            let frames = pictures.map(\.frames)
            try Image.grid(frames.flatMap { $0 }, columns: frames[0].count, gap: PictureGrid.gap)
                .write(to: PicturePlan.trajectory(beside: file), text: text)
        }
    }

    private func announce(_ report: PictureReport) throws {
        if options.json {
            try Console.print(json: report)
        } else if !options.quiet {
            Console.print(report.line)
        }
    }
}
