import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Giving a mapping's pages back: its values are read again where they are needed.
@Suite struct ReleaseTests {
    @Test func aBorrowedTensorKeepsItsValues() throws {
        let folder = try TemporaryFolder()
        let size = 1 << 20
        let values = Tensor((0..<size).map { Float($0 % 977) }, shape: [size])
        try Checkpoint.write([("a", Tensor(3)), ("w", values)], to: folder("m"))
        let checkpoint = try Checkpoint(path: folder("m"))
        let borrowed = try checkpoint.tensor("w")
        #expect(borrowed.firstNonFinite == nil)
        checkpoint.release("w")
        checkpoint.release("a")
        checkpoint.release("nothing of that name")
        #expect(borrowed.values == values.values)
        #expect(try checkpoint.tensor("a").item == 3)
    }

    /// 64 MiB that were looked through and given back do not stay.
    @Test func lookingThroughAFileLeavesNoPages() throws {
        let folder = try TemporaryFolder()
        let tensors = (0..<16).map { ("w\($0)", Tensor.filled([1 << 20], with: Float($0))) }
        try Checkpoint.write(tensors, to: folder("m"))
        let checkpoint = try Checkpoint(path: folder("m"))
        try checkpoint.checkFinite()
        let path = folder("m")
        let maps = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
        var inFile = false
        var kilobytes = 0
        for line in maps.split(separator: "\n") {
            if line.contains("-"), line.contains(" r") { inFile = line.hasSuffix(path) }
            if inFile, line.hasPrefix("Rss:") { kilobytes += Int(line.split(separator: " ")[1]) ?? 0 }
        }
        #expect(kilobytes < 8 << 10, "\(kilobytes) kB of the file are in memory")
    }
}
