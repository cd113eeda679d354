import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct TarTests {
    /// A header of any type, with a right checksum.
    private func entry(_ name: String, type: Character = "0", data: Data = Data(), size: String? = nil) -> Data {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, _ at: Int) { for (i, byte) in text.utf8.enumerated() { header[at + i] = byte } }
        put(name, 0)
        put("0000644", 100)
        put(size ?? String(repeating: "0", count: 11 - String(data.count, radix: 8).count) + String(data.count, radix: 8), 124)
        put("        ", 148)
        put(String(type), 156)
        put("ustar\u{0}00", 257)
        let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
        put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", 148)
        return Data(header) + data + Data(count: (512 - data.count % 512) % 512)
    }

    private func read(_ archive: Data, limits: TarLimits = TarLimits()) throws -> [TarEntry] {
        try TarReader(archive, path: "test.tar", limits: limits).entries()
    }

    @Test func roundTrip() throws {
        var writer = TarWriter()
        let long = String(repeating: "folder/", count: 20) + String(repeating: "n", count: 90) + ".png"
        let files = [("a.png", Data([1, 2, 3])), ("b/c.json", Data(count: 512)), ("empty", Data()), (long, Data(count: 513)), ("ünï.txt", Data("x".utf8))]
        for (name, data) in files { try writer.append(name, data) }
        #expect(try read(writer.finished()) == files.map { TarEntry(name: $0.0, data: $0.1) })
        var again = TarWriter()
        for (name, data) in files { try again.append(name, data) }
        #expect(writer.finished() == again.finished())
    }

    @Test func writesTheWholeFileOrNothing() throws {
        let folder = try TemporaryFolder()
        var writer = TarWriter()
        try writer.append("a", Data([7]))
        try writer.write(to: folder.url.appendingPathComponent("x.tar"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["x.tar"])
        #expect(try TarReader(contentsOf: folder.url.appendingPathComponent("x.tar")).entries().count == 1)
        #expect(throws: (any Error).self) { try writer.write(to: folder.url.appendingPathComponent("no/such/x.tar")) }
    }

    @Test func refusesUnsafeOrRepeatedNamesWhenWriting() throws {
        var writer = TarWriter()
        for name in ["", "/etc/passwd", "../x", "a/../../b", String(repeating: "x", count: 101)] {
            #expect(throws: DatasetError.self) { try writer.append(name, Data()) }
        }
        try writer.append("a", Data())
        #expect(throws: DatasetError.self) { try writer.append("a", Data()) }
    }

    @Test func readsPaxAndGNULongNames() throws {
        let name = String(repeating: "a", count: 200) + ".txt"
        let body = " path=\(name)\n"
        var length = body.utf8.count + 3
        if String(length).count + body.utf8.count != length { length += 1 }
        let pax = entry("pax", type: "x", data: Data("\(length)\(body)".utf8))
        let gnu = entry("././@LongLink", type: "L", data: Data((name + "\u{0}").utf8))
        for prefix in [pax, gnu] {
            let files = try read(prefix + entry("short", data: Data([1])) + entry("./next", data: Data([2])) + Data(count: 1024))
            #expect(files.map(\.name) == [name, "next"])
        }
    }

    @Test func skipsFolders() throws {
        #expect(try read(entry("a/", type: "5") + entry("a/b", data: Data([1])) + Data(count: 1024)).map(\.name) == ["a/b"])
    }

    @Test(arguments: ["/absolute", "../up", "a/../b", ".."]) func refusesNamesThatLeaveTheFolder(name: String) throws {
        #expect(throws: DatasetError.self) { try read(entry(name)) }
    }

    @Test(arguments: ["1", "2", "3", "4", "6"] as [Character]) func refusesLinksAndDevices(type: Character) throws {
        #expect(throws: DatasetError.self) { try read(entry("x", type: type)) }
    }

    @Test func refusesWhatIsDamagedOrTooLarge() throws {
        let good = entry("a", data: Data(count: 700))
        #expect(throws: DatasetError.self) { try read(good.prefix(1000)) }
        #expect(throws: DatasetError.self) { try read(good.prefix(100)) }
        var damaged = good
        damaged[3] = 65
        #expect(throws: DatasetError.self) { try read(damaged) }
        #expect(throws: DatasetError.self) { try read(good, limits: TarLimits(fileBytes: 699)) }
        #expect(throws: DatasetError.self) { try read(good, limits: TarLimits(archiveBytes: 1000)) }
        #expect(throws: DatasetError.self) { try read(good + entry("b"), limits: TarLimits(files: 1)) }
        #expect(throws: DatasetError.self) { try read(entry("a", size: "zzz")) }
        #expect(throws: DatasetError.self) { try read(Data("not a tar archive".utf8)) }
        #expect(try read(Data()).isEmpty)
        #expect(throws: DatasetError.self) { try TarReader(contentsOf: URL(fileURLWithPath: "/nowhere.tar")) }
    }

    @Test func namesTheOffsetOfTheFault() throws {
        do {
            _ = try read(entry("a", data: Data([1])) + entry("../b"))
            Issue.record("no error")
        } catch DatasetError.badArchive(let path, let offset, _) {
            #expect(path == "test.tar")
            #expect(offset == 1024)
        }
    }
}
