import Foundation
import Images
import Testing

@Suite struct BenchTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func rows(_ result: Tool.Result) throws -> [String: [String: Any]] {
        #expect(result.status == 0, "\(result.errors)")
        let object = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(object["threads"] is Int && object["kernels"] is String && object["cpu"] is String)
        let rows = try #require(object["rows"] as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: try rows.map { (try #require($0["name"] as? String), $0) })
    }

    @Test func tellsTheFiguresOfTinyNetworks() throws {
        let rows = try rows(
            Tool.run(["bench", "gemm", "velocity", "decode", "train", "--size", "tiny", "--repeat", "1", "--json"], in: scratch))
        for precision in ["float32", "bfloat16", "int8"] {
            for name in ["gemm.\(precision).14x64x96", "velocity.tiny.\(precision)", "decode.64.\(precision)"] {
                let row = try #require(rows[name], "\(name)")
                #expect(row["precision"] as? String == precision)
                #expect(try #require(row["seconds"] as? Double) > 0)
                #expect(try #require(row["gigaflops_per_second"] as? Double) > 0)
                #expect(try #require(row["share_of_peak"] as? Double) > 0)
            }
        }
        #expect(rows["peak.float32"] != nil && rows["train.tokenizer.float32"] != nil)
        #expect(rows["train.transformers.bfloat16"] != nil && rows["train.tokenizer.int8"] == nil)
    }

    @Test func severalPicturesAtOnce() throws {
        try scratch.write(
            """
            {"peer": "torch 9", "what": "velocity", "size": "tiny", "dtype": "f32", "seconds": 10}
            {"peer": "torch 9", "what": "velocity", "size": "tiny", "dtype": "f32", "batch": 3, "seconds": 1000}
            """, to: "torch.jsonl")
        let rows = try rows(
            Tool.run(
                [
                    "bench", "velocity", "decode", "--size", "tiny", "--batch", "3", "--precision", "float32", "--repeat", "1", "--json", "--against",
                    "torch.jsonl",
                ], in: scratch))
        let velocity = try #require(rows["velocity.tiny.float32.batch3"]), decode = try #require(rows["decode.64.float32.batch3"])
        #expect(velocity["batch"] as? Int == 3 && decode["batch"] as? Int == 3)
        // Held against as many pictures of the peer's.
        #expect(velocity["against"] as? Double == 1000)
        let one = try self.rows(
            Tool.run(["bench", "velocity", "--size", "tiny", "--precision", "float32", "--repeat", "1", "--json"], in: scratch))
        let alone = try #require(one["velocity.tiny.float32"]?["gigaflops"] as? Double)
        #expect(try abs(#require(velocity["gigaflops"] as? Double) - 3 * alone) < 1e-9)
        expectFailure(try Tool.run(["bench", "velocity", "--batch", "0"], in: scratch), 64, "--batch is 0")
    }

    @Test func howTheCostGrows() throws {
        let result = try Tool.run(
            ["bench", "scale", "--size", "tiny", "--precision", "float32", "--repeat", "1", "--json", "--plot", "scale.png"], in: scratch)
        #expect(result.status == 0, "\(result.errors)")
        let report = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let series = try #require(report["series"] as? [[String: Any]])
        #expect(
            series.map { "\($0["network"] ?? "") \($0["name"] ?? "")" } == [
                "velocity batch", "decode batch", "velocity tokens", "decode side", "velocity threads",
            ])
        for series in series {
            let points = try #require(series["points"] as? [[String: Any]])
            #expect(points.allSatisfy { $0["seconds"] as? Double ?? 0 > 0 && $0["value"] is Int })
            #expect(points.count == 1 || series["time_exponent"] is Double)
        }
        // Eight times the tokens take more time, and less than their square.
        let tokens = try #require(series[2]["points"] as? [[String: Any]])
        let seconds = tokens.compactMap { $0["seconds"] as? Double }
        #expect(seconds[3] > seconds[0] && seconds[3] < 64 * seconds[0])
        #expect(try Image(path: scratch.path("scale.png")).width == 800)
        let table = try Tool.run(["bench", "scale", "--size", "tiny", "--precision", "int8", "--repeat", "1"], in: scratch)
        #expect(table.output.contains("time ~ value^") && table.output.contains("over the side of the image"))
        expectFailure(try Tool.run(["bench", "scale", "velocity"], in: scratch), 64, "measured alone")
        expectFailure(try Tool.run(["bench", "velocity", "--plot", "a.png"], in: scratch), 64, "--plot draws what scale finds")
        expectFailure(try Tool.run(["bench", "scale", "--size", "tiny", "--plot", "no/where.png"], in: scratch), 66, "no")
    }

    @Test func generatorsOfEveryFamily() throws {
        let rows = try rows(
            Tool.run(
                [
                    "bench", "generate", "--size", "tiny", "--repeat", "1", "--json", "--precision", "bf16", "--family", "rar", "--family", "tokenbridge",
                    "--family", "maskgit", "--family", "maskgen", "--family", "gigatok", "--family", "flextok",
                ], in: scratch))
        #expect(try #require(rows["peak.memory"]?["gigabytes_per_second"] as? Double) > 0)
        // GigaTok is drawn with by its generator, which has another name, and its own decoder.
        for name in ["rar", "tokenbridge", "maskgit", "maskgen-vq", "maskgen-kl", "gpt", "gigatok", "flextok"] {
            let row = try #require(rows["generate.\(name)-tiny.bfloat16"], "\(name)")
            for key in ["seconds", "tokens_per_second", "images_per_second"] { #expect(try #require(row[key] as? Double) > 0) }
            #expect(row["bytes"] is Int)
            #expect((row["share_of_bandwidth"] as? Double ?? 0 > 0) == ["rar", "gpt"].contains(name))
        }
        let row = try #require(rows["generate.rar-tiny.bfloat16"])
        let (tokens, images) = (try #require(row["tokens_per_second"] as? Double), try #require(row["images_per_second"] as? Double))
        #expect(abs(tokens / images - 16) < 1e-6)
        let table = try Tool.run(["bench", "generate", "--size", "tiny", "--repeat", "1", "--precision", "int8", "--family", "rar"], in: scratch)
        #expect(table.status == 0 && table.output.contains("tokens/s") && table.output.contains("of the memory's"), "\(table.errors)")
        expectFailure(try Tool.run(["bench", "generate"], in: scratch), 64, "expects --family")
        expectFailure(try Tool.run(["bench", "generate", "--family", "dalle"], in: scratch), 64, "no generators \"dalle\", expected one of gigatok")
        expectFailure(
            try Tool.run(["bench", "generate", "--family", "rar", "--published", "RAR-Z"], in: scratch), 64, "expected one of RAR-B")
        expectFailure(
            try Tool.run(["bench", "generate", "--family", "flextok", "--published", "d9"], in: scratch), 64,
            "expected one of FlexTok-d12-d12, FlexTok-d18-d18, FlexTok-d18-d28")
        #expect(
            try Tool.run(["bench", "generate", "--size", "tiny", "--repeat", "1", "--precision", "bf16", "--family", "llamagen"], in: scratch)
                .output.contains("generate.gpt-tiny.bfloat16"))
    }

    @Test func measuresTheWholeProgram() throws {
        let rows = try rows(
            Tool.run(["bench", "load", "t2i", "i2t", "--precision", "float32", "--repeat", "1", "--json"], in: scratch))
        #expect(Set(rows.keys) == ["load.float32", "t2i.float32", "i2t.float32"])
        for row in rows.values {
            #expect(try #require(row["seconds"] as? Double) > 0)
            #expect(try #require(row["bytes"] as? Int) > 1_000_000)
        }
        #expect(try scratch.names().isEmpty)
    }

    @Test func comparesWithAPeer() throws {
        try scratch.write(
            """
            {"peer": "torch 9", "what": "velocity", "size": "tiny", "dtype": "bf16", "threads": 2, "seconds": 1000}
            {"peer": "torch 9", "what": "train", "size": "xl", "dtype": "f32", "threads": 2, "seconds": 1000}
            {"peer": "torch 9", "what": "generate", "size": "RAR-tiny", "dtype": "bf16", "threads": 2, "seconds": 1000}
            {"peer": "torch 9", "what": "generate", "size": "RAR-B", "dtype": "bf16", "threads": 2, "seconds": 2000}

            """, to: "torch.jsonl")
        let rows = try rows(
            Tool.run(
                ["bench", "velocity", "generate", "--family", "rar", "--size", "tiny", "--repeat", "1", "--json", "--against", "torch.jsonl"],
                in: scratch))
        // Eight bits are held against the peer's sixteen.
        for name in ["velocity.tiny.bfloat16", "velocity.tiny.int8", "generate.rar-tiny.bfloat16", "generate.rar-tiny.int8"] {
            let row = try #require(rows[name])
            #expect(row["against"] as? Double == 1000 && row["peer"] as? String == "torch 9 bf16")
            let (seconds, ratio) = (try #require(row["seconds"] as? Double), try #require(row["ratio"] as? Double))
            #expect(abs(ratio * seconds - 1000) < 1)
        }
        #expect(rows["velocity.tiny.float32"]?["ratio"] == nil)
    }

    @Test func comparesWithAnEarlierReport() throws {
        let arguments = ["bench", "velocity", "--size", "tiny", "--precision", "float32", "--repeat", "1"]
        let before = try Tool.run(arguments + ["--json"], in: scratch)
        try scratch.write(before.output, to: "before.json")
        let after = try rows(Tool.run(arguments + ["--json", "--against", "before.json"], in: scratch))
        #expect(after["velocity.tiny.float32"]?["ratio"] is Double && after["peak.float32"]?["ratio"] is Double)
        let table = try Tool.run(arguments + ["--against", "before.json"], in: scratch)
        #expect(table.lines.contains { $0.hasPrefix("velocity.tiny.float32 ") && $0.contains("× earlier flowtok") })
    }

    @Test func saysWhatIsWrong() throws {
        try scratch.write("{\"what\": \"velocity\"}\n", to: "half.json")
        try scratch.write("[]", to: "empty.json")
        try scratch.write("{\"what\": \"train\", \"dtype\": \"bf16\", \"seconds\": 0}", to: "zero.json")
        expectFailure(
            try Tool.run(["bench", "peak", "--against", "none.json"], in: scratch), 66, "no file none.json")
        expectFailure(
            try Tool.run(["bench", "peak", "--against", "half.json"], in: scratch), 65, "half.json: line 1 is no figure")
        expectFailure(
            try Tool.run(["bench", "peak", "--against", "empty.json"], in: scratch), 65, "empty.json: it holds no figures")
        expectFailure(try Tool.run(["bench", "peak", "--against", "zero.json"], in: scratch), 65, "expected a number above 0")
        expectFailure(try Tool.run(["bench", "speed"], in: scratch), 64, "speed")
        expectFailure(try Tool.run(["bench", "peak", "--repeat", "0"], in: scratch), 64, "--repeat is 0")
        expectFailure(try Tool.run(["bench", "t2i", "--model", "nowhere"], in: scratch), 66, "nowhere")
    }
}
