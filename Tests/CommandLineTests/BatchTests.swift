import Datasets
import FlowTok
import Foundation
import Images
import TestSupport
import Testing

/// Batches that several processes share.
@Suite struct BatchTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func flowtok(_ arguments: String..., variables: [String: String] = [:]) throws -> Tool.Result {
        try Tool.run(arguments, in: scratch, environment: variables)
    }

    /// A prompt of words that the tiny model knows.
    private func prompt(_ index: Int) -> String {
        let things = ["fox", "house", "tree", "boat", "cat"]
        return "a \(["red", "blue", "green", "small"][index / 5 % 4]) \(things[index % 5])"
    }

    private func prompts(_ count: Int) throws {
        try scratch.write((0..<count).map { prompt($0) + "\n" }.joined(), to: "prompts.txt")
    }

    private func pictures(_ count: Int, in folder: String = "pictures") throws {
        try scratch.makeFolder(folder)
        for index in 0..<count {
            try Image(width: 32, height: 32, filled: Color(red: UInt8(index * 20 % 256), green: 90, blue: 60)).write(to: scratch.path("\(folder)/\(index).png"))
            try scratch.write("picture \(index)\n", to: "\(folder)/\(index).txt")
        }
    }

    private func archive(_ keys: Range<Int>, _ name: String) throws {
        var tar = TarWriter()
        for key in keys {
            try tar.append("\(key).png", Data(Image(width: 32, height: 32, filled: Color(red: UInt8(key * 20 % 256), green: 10, blue: 60)).encoded(as: .png)))
            try tar.append("\(key).txt", Data("picture \(key)".utf8))
        }
        try scratch.write(tar.finished(), to: name)
    }

    /// Everything in a batch's folder but what belongs to a share.
    private func results(_ folder: String) throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: scratch.path(folder)) where !name.hasPrefix("part-") && name != "batch.json" {
            found[name] = try? scratch.data(folder + "/" + name)
        }
        return found
    }

    // MARK: - Drawing

    @Test func sharesDrawWhatOneProcessDraws() throws {
        try prompts(7)
        for (folder, count) in [("one", 1), ("three", 3)] {
            for number in 0..<count {
                let result = try flowtok(
                    "t2i", "--prompt-file", "prompts.txt", "--seed", "40", "--count", "2", "--steps", "1", "-o", folder, "--shard", "\(number)/\(count)")
                #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
            }
            #expect(try flowtok("merge", folder).output == "\(folder)/batch.jsonl: 14 lines of \(count) \(count == 1 ? "share" : "shares")\n")
        }
        let one = try results("one")
        let three = try results("three")
        #expect(one.count == 15 && one == three)
        // The same pictures as without shares.
        #expect(try flowtok("t2i", "--prompt-file", "prompts.txt", "--seed", "40", "--count", "2", "--steps", "1", "-o", "plain").status == 0)
        for (name, bytes) in try results("plain") { #expect(one[name] == bytes, "\(name)") }
        let lines = try scratch.text("three/batch.jsonl").split(separator: "\n")
        #expect(lines[3].contains("\"index\":3") && lines[3].contains("\"seed\":43") && lines[3].contains("\"file\":\"0004-a-red-house.png\""))
        // What flowtok writes it reads back.
        let again = try flowtok("t2i", "--prompt-file", "three/batch.jsonl", "--steps", "1", "-o", "again")
        #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
    }

    @Test func aShareThatWasKilledGoesOn() throws {
        try prompts(400)
        let arguments = ["t2i", "--prompt-file", "prompts.txt", "--steps", "1", "-o", "out", "--shard", "1/2"]
        for _ in 0..<2 {
            let before = scratch.has("out/part-1-of-2.jsonl") ? try scratch.text("out/part-1-of-2.jsonl").count : 0
            let (process, _, _) = try Tool.start(arguments, in: scratch)
            for _ in 0..<2000 {
                if scratch.has("out/part-1-of-2.jsonl"), try scratch.text("out/part-1-of-2.jsonl").count > before + 500 { break }
                Thread.sleep(forTimeInterval: 0.005)
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        #expect(!scratch.has("out/part-1-of-2.done"))
        // What a kill leaves of a line, and a picture without one.
        let lines = try scratch.text("out/part-1-of-2.jsonl")
        try scratch.write(lines + "{\"file\":\"0", to: "out/part-1-of-2.jsonl")
        let done = lines.split(separator: "\n").count
        #expect(done < 200)
        let times = try (0..<done).map { try modified("out/" + name($0 * 2 + 1)) }
        #expect(try Tool.run(arguments, in: scratch).status == 0)
        #expect(try (0..<done).map { try modified("out/" + name($0 * 2 + 1)) } == times)
        #expect(try flowtok("t2i", "--prompt-file", "prompts.txt", "--steps", "1", "-o", "out", "--shard", "0/2").status == 0)
        #expect(try flowtok("t2i", "--prompt-file", "prompts.txt", "--steps", "1", "-o", "one", "--shard", "0/1").status == 0)
        for folder in ["out", "one"] { #expect(try flowtok("merge", folder).status == 0) }
        #expect(try results("one") == results("out"))
        let idle = try Tool.run(arguments, in: scratch)
        #expect(idle.status == 0 && idle.output == "out: share 1/2 is done already, 200 of 400 pictures\n")
    }

    private func name(_ index: Int) -> String {
        let number = String(index + 1)
        return String(repeating: "0", count: 4 - number.count) + number + "-" + prompt(index).replacingOccurrences(of: " ", with: "-") + ".png"
    }

    private func modified(_ name: String) throws -> Date? {
        try FileManager.default.attributesOfItem(atPath: scratch.path(name))[.modificationDate] as? Date
    }

    @Test func ctrlCStopsAShare() throws {
        try prompts(2000)
        let (process, _, errors) = try Tool.start(["t2i", "--prompt-file", "prompts.txt", "--steps", "20", "-o", "out", "--shard", "0/2"], in: scratch)
        for _ in 0..<2000 {
            if scratch.has("out/part-0-of-2.jsonl"), try !scratch.text("out/part-0-of-2.jsonl").isEmpty { break }
            Thread.sleep(forTimeInterval: 0.005)
        }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        let message = try String(contentsOf: errors, encoding: .utf8)
        let done = try scratch.text("out/part-0-of-2.jsonl").split(separator: "\n").count
        #expect(message == "flowtok: share 0/2 stopped after \(done) of 1000 pictures; the same command goes on\n")
    }

    @Test(arguments: [
        ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2"], ["PMI_RANK": "1", "PMI_SIZE": "2"], ["SLURM_PROCID": "1", "SLURM_NTASKS": "2"],
        ["RANK": "1", "WORLD_SIZE": "2"],
    ]) func launchersSayWhichShare(variables: [String: String]) throws {
        let result = try flowtok("t2i", "a cat", "--count", "3", "--steps", "1", "-o", "out", variables: variables)
        #expect(result.status == 0 && result.output == "out: share 1/2, 1 of 3 pictures drawn\n", "\(result.errors)")
        #expect(try scratch.names("out") == ["0002-a-cat.png", "batch.json", "part-1-of-2.done", "part-1-of-2.jsonl"])
        expectFailure(try flowtok("t2i", "a cat", variables: variables), 64, "this is process 1 of 2: expected -o")
        // What is no batch knows nothing of shares.
        #expect(try flowtok("variations", "out/0002-a-cat.png", "--steps", "1", "-o", "near.png", variables: variables).status == 0)
        // A share that is named comes first.
        #expect(try flowtok("t2i", "a cat", "--steps", "1", "-o", "all", "--shard", "0/1", variables: variables).status == 0)
    }

    // MARK: - Pictures and archives

    @Test(arguments: ["i2t", "tokenize", "reconstruct"]) func sharesOfPictures(command: String) throws {
        try pictures(5)
        try scratch.write("no picture", to: "pictures/3.png")
        for (folder, count) in [("one", 1), ("two", 2)] {
            for number in 0..<count {
                let result = try flowtok(command, "pictures", "-o", folder, "--shard", "\(number)/\(count)")
                // 3.png is number 3.
                let isBad = 3 % count == number
                #expect(result.status == (isBad ? 65 : 0), "\(result.errors)")
                #expect(result.errorLines.count == (isBad ? 2 : 0), "\(result.errors)")
            }
            #expect(try flowtok("merge", folder, "-o", folder + ".jsonl").output.hasSuffix(", 1 of pictures that failed\n"))
        }
        #expect(try results("one") == results("two") && scratch.data("one.jsonl") == scratch.data("two.jsonl"))
        let lines = try scratch.text("one.jsonl").split(separator: "\n")
        #expect(lines.count == 5 && lines[3].contains("\"error\":") && lines[4].contains("\"file\":\"pictures/4.png\""))
        #expect(try results("one").count == (command == "i2t" ? 0 : 4))
    }

    @Test func archivesAreCaptioned() throws {
        try archive(0..<3, "a.tar")
        try archive(3..<5, "b.tar")
        #expect(try Tool.shell("gzip b.tar", in: scratch).status == 0)
        let result = try flowtok("i2t", "a.tar", "b.tar.gz")
        #expect(result.status == 0 && result.lines.count == 5, "\(result.errors)")
        #expect(result.lines.first?.hasPrefix("a.tar/0.png: ") == true && result.lines.last?.hasPrefix("b.tar.gz/4.png: ") == true)
        let json = try flowtok("i2t", "b.tar.gz", "--jsonl")
        #expect(json.lines.count == 2 && json.lines[0].contains("\"file\":\"b.tar.gz/3.png\""))
        expectFailure(try flowtok("i2t", "a.tar", "--sidecar"), 64, "pictures in an archive have no files beside them")
        // The measures of a reconstruction need no folder.
        #expect(try flowtok("reconstruct", "a.tar").lines.count == 4)
        expectFailure(try flowtok("tokenize", "a.tar"), 64, "expected -o with a folder for the results")
    }

    @Test(arguments: ["i2t", "tokenize", "reconstruct"]) func archivesComeOut(command: String) throws {
        try scratch.makeFolder("shards")
        for (index, range) in [0..<3, 3..<5, 5..<9].enumerated() { try archive(range, "shards/\(index).tar") }
        for (folder, count) in [("one", 1), ("two", 2)] {
            for number in 0..<count {
                let result = try flowtok(command, "shards", "-o", folder, "--output-format", "webdataset", "--shard", "\(number)/\(count)")
                #expect(result.status == 0, "\(result.errors)")
            }
            #expect(try flowtok("merge", folder).status == 0)
        }
        #expect(try results("one") == results("two"))
        let lines = try scratch.text("one/batch.jsonl").split(separator: "\n")
        #expect(lines.count == 9 && lines[4].contains("\"index\":1") && lines[4].contains("\"sample\":1") && lines[4].contains("\"output\":\"1.tar\""))
        let names = try TarReader(contentsOf: scratch.url.appendingPathComponent("one/1.tar")).entries().map(\.name)
        let kinds = ["i2t": ["png", "txt", "json"], "tokenize": ["safetensors", "txt", "json"], "reconstruct": ["png", "txt", "json"]][command] ?? []
        #expect(names == ["3", "4"].flatMap { key in kinds.map { key + "." + $0 } })
        let texts = try TarReader(contentsOf: scratch.url.appendingPathComponent("one/1.tar")).entries().filter { $0.name == "4.txt" }
        #expect((String(decoding: texts.first?.data ?? Data(), as: UTF8.self) == "picture 4\n") == (command != "i2t"))
        // What came out is read again.
        if command != "tokenize" { #expect(try flowtok("i2t", "one/1.tar").lines.count == 2) }
    }

    @Test func picturesAreGroupedIntoArchives() throws {
        try pictures(5)
        let result = try flowtok("i2t", "pictures", "-o", "out", "--output-format", "webdataset", "--samples-per-tar", "2")
        #expect(result.status == 0 && result.output == "out: share 0/1, 3 of 3 pictures and archives captioned\n", "\(result.errors)")
        #expect(try scratch.names("out") == ["00000.tar", "00001.tar", "00002.tar", "batch.json", "part-0-of-1.done", "part-0-of-1.jsonl"])
        // Loose pictures and files.
        #expect(try flowtok("tokenize", "pictures", "out/00001.tar", "-o", "tokens").status == 0)
        #expect(
            try scratch.names("tokens").filter { !$0.hasPrefix("part-") } == [
                "0.safetensors", "00001", "1.safetensors", "2.safetensors", "3.safetensors", "4.safetensors", "batch.json",
            ])
        #expect(try scratch.names("tokens/00001") == ["2.safetensors", "3.safetensors"])
        #expect(try flowtok("detokenize", "tokens/00001/2.safetensors").status == 0)
    }

    @Test func resultsAmongThePicturesAreNoPictures() throws {
        try pictures(3)
        expectFailure(try flowtok("reconstruct", "pictures", "-o", "pictures", "--shard", "0/1"), 64, "pictures: holds pictures of the list")
        for number in 0..<2 {
            let result = try flowtok("reconstruct", "pictures", "-o", "pictures/again", "--shard", "\(number)/2")
            #expect(result.status == 0, "\(result.errors)")
        }
        #expect(try flowtok("merge", "pictures/again").output == "pictures/again/batch.jsonl: 3 lines of 2 shares\n")
    }

    @Test func anArchiveThatIsCutOffIsPassedOver() throws {
        try scratch.makeFolder("shards")
        for (index, range) in [0..<3, 3..<6].enumerated() { try archive(range, "shards/\(index).tar") }
        let whole = try scratch.data("shards/0.tar")
        // In the first picture.
        try scratch.write(whole.prefix(512 + 40), to: "shards/0.tar")
        try scratch.write(try scratch.data("shards/1.tar"), to: "shards/2.tar")
        #expect(try Tool.shell("gzip shards/2.tar; truncate -s -20 shards/2.tar.gz", in: scratch).status == 0)
        let result = try flowtok("i2t", "shards")
        #expect(result.status == 65 && result.lines.count == 3, "\(result.errors)")
        #expect(
            result.errorLines.count == 3 && result.errors.contains("shards/0.tar: ")
                && result.errors.contains("shards/2.tar.gz: expected a gzip file, found a truncated one"))
        #expect(result.errorLines.last == "flowtok: 2 of 5 pictures could not be captioned", "\(result.errors)")
        let batch = try flowtok("i2t", "shards", "-o", "out", "--output-format", "webdataset")
        #expect(batch.status == 65 && batch.errorLines.count == 3, "\(batch.errors)")
        #expect(try results("out").keys.sorted() == ["1.tar"])
        #expect(try flowtok("merge", "out").output == "out/batch.jsonl: 5 lines of 1 share, 2 of pictures that failed\n")
        // Between two files nothing tells but that the end is missing.
        try scratch.write(whole.dropLast(1024), to: "short.tar")
        let short = try flowtok("i2t", "short.tar")
        #expect(short.status == 0 && short.lines.count == 3 && short.errors.contains("short.tar: ends without the mark of an archive's end"), "\(short.errors)")
    }

    // MARK: - Bad input

    @Test(arguments: ["3/3", "4/3", "x", "1", "1/", "/2", "-1/2", "0/0", "0/-1", "1/2/3", "1.5/2"]) func badShares(share: String) throws {
        try pictures(1)
        for command in [["t2i", "a cat"], ["i2t", "pictures"], ["tokenize", "pictures"], ["reconstruct", "pictures"], ["generate", "--class", "1"]] {
            let result = try Tool.run(command + ["-o", "out", "--shard=\(share)"], in: scratch)
            expectFailure(result, 64, "--shard")
        }
        #expect(try scratch.names() == ["pictures"])
    }

    @Test func otherBatchesAreRefused() throws {
        try prompts(4)
        func draw(_ arguments: String...) throws -> Tool.Result {
            try Tool.run(["t2i", "--prompt-file", "prompts.txt", "--steps", "1", "-o", "out"] + arguments, in: scratch)
        }
        #expect(try draw("--shard", "0/2").status == 0)
        expectFailure(try draw("--shard", "1/3"), 64, "out: holds another batch: shards was 2 and is now 3")
        expectFailure(try draw("--shard", "1/2", "--seed", "5"), 64, "settings.")
        expectFailure(try draw("--shard", "1/2", "--guidance", "3"), 64, "settings.guidance was left out and is now \"3.0\"")
        try pictures(2)
        expectFailure(try flowtok("i2t", "pictures", "-o", "out", "--shard", "1/2"), 64, "command was \"t2i\" and is now \"i2t\"")
        try prompts(5)
        expectFailure(try draw("--shard", "1/2"), 64, "out: holds another batch")
        // Somebody's own files.
        try scratch.makeFolder("mine")
        try scratch.write("mine", to: "mine/0001-a-cat.png")
        expectFailure(try flowtok("t2i", "a cat", "-o", "mine", "--shard", "0/1"), 64, "mine/0001-a-cat.png: is there already")
        #expect(try scratch.text("mine/0001-a-cat.png") == "mine")
        expectFailure(try flowtok("t2i", "a cat", "-o", "cat.png", "--shard", "0/1"), 64, "the shares of a batch need a folder")
        expectFailure(try flowtok("t2i", "a cat", "--shard", "0/1"), 64, "expected -o")
        expectFailure(try flowtok("t2i", "a cat", "-o", "x", "--grid", "--shard", "0/1"), 64, "--grid")
        expectFailure(try flowtok("t2i", "a cat", "-o", "x", "--seed", "-1", "--shard", "0/1"), 64, "a random seed")
        expectFailure(try flowtok("i2t", "pictures", "-o", "x"), 64, "expected --shard or --output-format webdataset")
        expectFailure(try flowtok("i2t", "pictures", "--output-format", "webdataset"), 64, "expected -o with a folder")
        expectFailure(try flowtok("i2t", "pictures", "-o", "x", "--shard", "0/1", "--samples-per-tar", "4"), 64, "--samples-per-tar is for archives")
    }

    @Test func whatIsMissingOrDoubleIsNotMerged() throws {
        try prompts(6)
        func draw(_ number: Int) throws {
            #expect(try flowtok("t2i", "--prompt-file", "prompts.txt", "--steps", "1", "-o", "out", "--shard", "\(number)/2").status == 0)
        }
        expectFailure(try flowtok("merge", "none"), 66, "none: holds no batch")
        try draw(0)
        expectFailure(try flowtok("merge", "out"), 65, "share 1/2 is missing")
        try draw(1)
        let (lines, mark) = (try scratch.text("out/part-1-of-2.jsonl"), try scratch.data("out/part-1-of-2.done"))
        try FileManager.default.removeItem(atPath: scratch.path("out/part-1-of-2.done"))
        expectFailure(try flowtok("merge", "out"), 65, "share 1/2 is not done")
        try scratch.write(mark, to: "out/part-1-of-2.done")
        let each = lines.split(separator: "\n").map(String.init)
        for (changed, message) in [
            (each[0] + "\n" + each[1] + "\n", "picture 5 is missing"), (lines + each[0] + "\n", "picture 1 is there twice"),
            (lines + "{\"index\": 2}\n", "line 4: no line of this share"), (lines + "{\"index\": 900000000000}\n", "no line of this share"),
            (lines + "nothing\n", "no line of this share"),
        ] {
            try scratch.write(changed, to: "out/part-1-of-2.jsonl")
            expectFailure(try flowtok("merge", "out"), 65, message)
        }
        try scratch.write(lines, to: "out/part-1-of-2.jsonl")
        let picture = "out/" + name(3)
        let bytes = try scratch.data(picture)
        try FileManager.default.removeItem(atPath: scratch.path(picture))
        expectFailure(try flowtok("merge", "out"), 65, "0004-a-red-boat.png is missing")
        try scratch.write(bytes, to: picture)
        #expect(!scratch.has("out/batch.jsonl"))
        expectFailure(try flowtok("merge", "out", "-o", "out/part-0-of-2.jsonl"), 64, "an input of this command")
        #expect(try flowtok("merge", "out").status == 0)
        expectFailure(try flowtok("merge", "out", "--no-clobber"), 64, "is there already")
        // Of machines without a common disk.
        try scratch.makeFolder("other")
        for file in ["batch.json", "part-1-of-2.jsonl", "part-1-of-2.done"] { try scratch.write(try scratch.data("out/" + file), to: "other/" + file) }
        expectFailure(try flowtok("merge", "out", "other"), 65, "share 1/2 is there twice")
        for file in ["part-1-of-2.jsonl", "part-1-of-2.done"] { try FileManager.default.removeItem(atPath: scratch.path("out/" + file)) }
        #expect(try flowtok("merge", "out", "other", "-o", "both.jsonl").status == 0)
        #expect(try scratch.data("both.jsonl") == scratch.data("out/batch.jsonl"))
        try scratch.write(try scratch.text("other/batch.json").replacingOccurrences(of: "\"seed\" : \"0\"", with: "\"seed\" : \"1\""), to: "other/batch.json")
        expectFailure(try flowtok("merge", "out", "other"), 64, "other: holds another batch than out")
    }

    @Test func aShareIsDoneByOneProcess() throws {
        try prompts(2000)
        let arguments = ["t2i", "--prompt-file", "prompts.txt", "--steps", "20", "-o", "out", "--shard", "0/1"]
        let (process, _, _) = try Tool.start(arguments, in: scratch)
        for _ in 0..<2000 where !scratch.has("out/part-0-of-1.jsonl") { Thread.sleep(forTimeInterval: 0.005) }
        Thread.sleep(forTimeInterval: 0.1)
        expectFailure(try Tool.run(arguments, in: scratch), 64, "another process does this share")
        process.terminate()
        process.waitUntilExit()
    }
}
