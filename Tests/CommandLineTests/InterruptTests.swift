import Foundation
import Images
import Testing

@Suite struct InterruptTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Waits until the folder holds a picture, or gives up.
    private func waitForAPicture(in folder: String) throws {
        for _ in 0..<600 {
            if scratch.has(folder), try scratch.names(folder).contains(where: { $0.hasSuffix(".png") }) { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
        Issue.record("no picture appeared")
    }

    @Test func oneInterruptFinishesThePicture() throws {
        let (process, _, errors) = try Tool.start(
            ["t2i", "a cat", "--count", "10000", "--steps", "20", "-o", "out"], in: scratch)
        try waitForAPicture(in: "out")
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        let names = try scratch.names("out")
        #expect(!names.isEmpty && names.count < 10_000 && names.allSatisfy { $0.hasSuffix(".png") })
        for name in names { _ = try Image(path: scratch.path("out/" + name)) }
        let message = try String(contentsOf: errors, encoding: .utf8)
        #expect(message == "flowtok: stopped after \(names.count) of 10000 pictures\n")
    }

    @Test func twoInterruptsStopAtOnce() throws {
        let (process, _, errors) = try Tool.start(
            ["t2i", "a cat", "--count", "100", "--steps", "10000", "-o", "out"], in: scratch)
        try waitForAPicture(in: "out")
        // Two that come before a process that waits for its turn has seen the first are one to it.
        while process.isRunning {
            process.interrupt()
            Thread.sleep(forTimeInterval: 0.002)
        }
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(try scratch.names("out").count < 100)
        // Had the picture in hand been finished, the command would have said where it stopped.
        #expect(try String(contentsOf: errors, encoding: .utf8).isEmpty)
    }
}
