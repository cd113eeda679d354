import Foundation
import Images
import Testing

/// Streams that are closed, full or read by nobody, and pipes both ways.
@Suite struct StreamTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        try Image(width: 40, height: 30, filled: .white).write(to: scratch.path("a.png"))
        try Image(width: 40, height: 30, filled: .black).write(to: scratch.path("b.png"))
    }

    private func shell(_ line: String) throws -> Tool.Result { try Tool.shell(line, in: scratch) }

    /// Commands with streams that take nothing: the status, and no trap's 132 or signal's 141.
    @Test(arguments: [
        ("t2i '' 2>/dev/full", 64), ("t2i '' 2>&-", 64), ("t2i - <&-", 65), ("t2i - </tmp", 65), ("t2i --prompt-file - <&-", 65),
        ("i2t . 2>&-", 0), ("i2t . 2>/dev/full", 0), ("i2t . >/dev/full", 65), ("i2t . >&-", 65), ("i2t - <&-", 65), ("i2t - </tmp", 65),
        ("doctor >&- 2>&-", 65), ("--help >/dev/full", 65), ("--help >&-", 65), ("info a.png >&-", 65), ("info a.png <&- 2>&-", 0),
        ("info none.png 2>&-", 66), ("frobnicate 2>/dev/full", 64), ("train flow none.json --output r 2>&-", 66),
    ]) func survivesStreamsThatTakeNothing(line: String, status: Int32) throws {
        let result = try shell("\"$FT\" \(line)")
        #expect(result.status == status, "\(line): \(result.errors)")
        #expect(result.errorLines.count <= 1, "\(result.errors)")
    }

    @Test func nothingGoesIntoAFileThatTookAClosedStreamsPlace() throws {
        let before = try scratch.data("a.png")
        #expect(try shell("\"$FT\" t2i 'a cat' -o cat.png >&- 2>&-").status == 65)
        _ = try Image(path: scratch.path("cat.png"))
        #expect(try shell("\"$FT\" i2t a.png b.png --sidecar >&- 2>&- <&-").status == 65)
        #expect(try scratch.data("a.png") == before && scratch.has("a.txt") && scratch.has("b.txt"))
    }

    @Test func readersThatHaveGoneStopNoPicture() throws {
        let result = try shell("\"$FT\" t2i 'a cat' 'a dog' 'a boat' -o out 2>&1 | head -0; echo ${PIPESTATUS[0]}")
        #expect(result.output == "65\n")
        #expect(try scratch.names("out").count == 3)
        #expect(try shell("\"$FT\" i2t . --sidecar | head -0; echo ${PIPESTATUS[0]}").output == "65\n")
        #expect(scratch.has("a.txt") && scratch.has("b.txt"))
    }

    @Test func goodPicturesOfABatchAreWritten() throws {
        try scratch.write(
            """
            {"prompt": "a cat", "output": "cat.png"}
            {"prompt": "a dog", "output": "/dev/full"}
            {"prompt": "a boat", "output": "boat.png"}

            """, to: "list.jsonl")
        let result = try shell("\"$FT\" t2i --prompt-file list.jsonl 2>/dev/full")
        #expect(result.status == 65)
        #expect(scratch.has("cat.png") && scratch.has("boat.png"))
    }

    @Test(arguments: ["-o - | cat", "-o /dev/stdout | cat", "-o -", "-o /dev/stdout", "-o /dev/fd/1 | cat", "--count 2 --grid -o - | cat"])
    func picturesGoToStandardOutput(output: String) throws {
        let result = try shell("set -o pipefail; \"$FT\" t2i 'a cat' --seed 7 \(output) > got.png")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("seed 7"))
        #expect(try scratch.names() == ["a.png", "b.png", "got.png"])
        _ = try Image(path: scratch.path("got.png"))
        if !output.contains("--grid") {
            #expect(try shell("\"$FT\" t2i 'a cat' --seed 7 -o same.png").status == 0)
            #expect(try scratch.data("got.png") == scratch.data("same.png"))
        }
    }

    @Test func whatIsNoSinglePictureDoesNotGoToStandardOutput() throws {
        expectFailure(try shell("\"$FT\" t2i a b -o - | cat; exit ${PIPESTATUS[0]}"), 64, "--grid")
        expectFailure(try shell("\"$FT\" t2i a -o - >&-"), 65, "standard output cannot be written")
        expectFailure(try shell("\"$FT\" t2i a --trajectory -o - | cat; exit ${PIPESTATUS[0]}"), 64, "--trajectory")
    }

    @Test func picturesComeFromPipes() throws {
        let caption = try shell("\"$FT\" i2t a.png").output
        for line in ["cat a.png | \"$FT\" i2t -", "\"$FT\" i2t <(cat a.png)", "\"$FT\" i2t /dev/stdin < a.png", "\"$FT\" i2t - < a.png"] {
            let result = try shell(line)
            #expect(result.status == 0 && result.output == caption, "\(line): \(result.errors)")
        }
        #expect(try shell("cat a.png | \"$FT\" reconstruct - -o - > again.png").status == 0)
        _ = try Image(path: scratch.path("again.png"))
        let tokens = try shell("cat a.png | \"$FT\" tokenize - -o - | \"$FT\" detokenize - -o - | \"$FT\" info - --json")
        #expect(tokens.status == 0 && tokens.lines.count == 1, "\(tokens.errors)")
        #expect(try shell("cat \"$FLOWTOK_MODEL/model.safetensors\" | \"$FT\" convert - - | \"$FT\" convert - out.safetensors").status == 0)
        #expect(try scratch.data("out.safetensors").count > 1000)
        #expect(try shell("\"$FT\" t2i --prompt-file <(echo a cat)").status == 0)
        #expect(scratch.has("a-cat.png"))
    }

    @Test func aTerminalThatGoesStopsAfterThePicture() throws {
        let result = try shell(
            "\"$FT\" t2i 'a cat' --count 1000 --steps 20 -o out & until ls out/*.png >/dev/null 2>&1; do sleep 0.05; done; kill -HUP $!; wait $!")
        #expect(result.status == 130, "\(result.errors)")
        let names = try scratch.names("out")
        for name in names { _ = try Image(path: scratch.path("out/" + name)) }
        #expect(result.errors.contains("stopped after \(names.count) of 1000 pictures"))
        let pipe = try shell(
            "\"$FT\" t2i 'a cat' --count 20 --steps 20 -o pipe & until ls pipe/*.png >/dev/null 2>&1; do sleep 0.05; done; kill -PIPE $!; wait $!")
        #expect(pipe.status == 0)
        #expect(try scratch.names("pipe").count == 20)
    }

    @Test func quietPrintsWhatWasAskedFor() throws {
        #expect(try shell("\"$FT\" i2t a.png b.png --jsonl --quiet").lines.count == 2)
        #expect(try shell("\"$FT\" i2t a.png --quiet").lines.count == 1)
        #expect(try shell("\"$FT\" i2t a.png --quiet --sidecar").output.isEmpty)
        #expect(try shell("\"$FT\" i2t a.png --quiet --sidecar --json --existing replace").lines.count == 1)
        #expect(try shell("\"$FT\" t2i 'a cat' --json --quiet").lines.count == 1)
        #expect(try shell("\"$FT\" reconstruct a.png --jsonl -q").lines.count == 1)
    }
}
