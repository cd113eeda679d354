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
        let (process, _, _) = try Tool.start(["t2i", "a cat", "a dog", "--steps", "10000", "-o", "out"], in: scratch)
        // The folder is there before the model is loaded, and signals are caught after.
        Thread.sleep(forTimeInterval: 1)
        process.interrupt()
        Thread.sleep(forTimeInterval: 0.1)
        if process.isRunning { process.interrupt() }
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
        if scratch.has("out") { #expect(try scratch.names("out").allSatisfy { $0.hasSuffix(".png") }) }
    }
}
