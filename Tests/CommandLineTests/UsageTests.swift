import Foundation
import Testing

@Suite struct UsageTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test(arguments: [
        (["--steps", "0"], "--steps is 0, expected 1 to 10000"),
        (["--steps", "-3"], "--steps is -3, expected 1 to 10000"),
        (["--steps", "10001"], "--steps is 10001"),
        (["--steps", "many"], "many"),
        (["--guidance", "nan"], "--guidance is nan, expected a number"),
        (["--guidance", "-inf"], "--guidance is -inf"),
        (["--guidance-interval", "0.9,0.1"], "0.9,0.1"),
        (["--guidance-interval", "0,2"], "0,2"),
        (["--guidance-interval", "nan,1"], "nan,1"),
        (["--guidance-interval", "0.5"], "0.5"),
        (["--solver", "newton"], "newton"),
        (["--precision", "int3"], "int3"),
        (["--seed", "-2"], "-2"),
        (["--seed", "18446744073709551616"], "18446744073709551616"),
        (["--count", "0"], "--count is 0"),
        (["--count", "-2"], "--count is -2"),
        (["--threads", "0"], "--threads is 0, expected 1 to 64"),
        (["--threads", "-1"], "--threads is -1"),
        (["--frobnicate"], "--frobnicate"),
        (["--steps"], "--steps"),
    ])
    func refusesBadSettings(arguments: [String], message: String) throws {
        expectFailure(try Tool.run(["t2i", "a cat"] + arguments, in: scratch), 64, message)
        #expect(try scratch.names().isEmpty)
    }

    @Test func refusesUnknownCommands() throws {
        expectFailure(try Tool.run(["draw", "a cat"], in: scratch), 64, "draw")
        expectFailure(try Tool.run(["i2t"], in: scratch), 64, "image")
        // What else is wrong does not hide an option that there is not.
        expectFailure(try Tool.run(["generate", "--colour", "red"], in: scratch), 64, "Unknown option '--colour'")
        expectFailure(try Tool.run(["generate", "--class", "1", "--cfg-scale", "3"], in: scratch), 64, "Did you mean '--guidance'?")
        expectFailure(try Tool.run(["generate", "--class", "1", "a cat"], in: scratch), 64, "different models")
        expectFailure(try Tool.run(["i2t", "a.png", "--count", "0"], in: scratch), 64, "--count is 0")
        expectFailure(try Tool.run(["i2t", "a.png", "--steps", "-3"], in: scratch), 64, "--steps is -3")
        expectFailure(try Tool.run(["dataset", "--size", "0"], in: scratch), 64, "--size is 0")
        expectFailure(try Tool.run(["t2i", "-", "-"], in: scratch), 64, "only once")
    }

    @Test(arguments: [
        "t2i", "i2t", "variations", "morph", "tokenize", "detokenize", "reconstruct", "info", "inspect", "dataset", "scenes", "train", "evaluate", "doctor",
    ])
    func helpShowsExamples(command: String) throws {
        let result = try Tool.run([command, "--help"], in: scratch)
        #expect(result.status == 0 && result.errors.isEmpty)
        #expect(result.output.contains("EXAMPLES") && result.output.contains("flowtok \(command)"))
    }

    @Test func theRootTellsWhatThereIs() throws {
        let help = try Tool.run([], in: scratch)
        #expect(help.status == 0)
        #expect(help.output.contains("EXAMPLES") && help.output.contains("EXIT STATUS"))
        #expect(try Tool.run(["help"], in: scratch).output == help.output)
        let version = try Tool.run(["--version"], in: scratch)
        #expect(version.status == 0 && version.output.contains(/^\d+\.\d+\.\d+\n$/))
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func writesCompletionScripts(shell: String) throws {
        let result = try Tool.run(["--generate-completion-script", shell], in: scratch)
        #expect(result.status == 0 && result.output.contains("flowtok") && result.output.contains("t2i"))
    }
    @Test(arguments: ["vocabulary", "tokenizer", "flow"]) func trainingNamesWhatItCannotUse(stage: String) throws {
        expectFailure(
            try Tool.run(["train", stage, "none.json", "--output", "run"], in: scratch), 66, "none.json: no such file")
        for text in ["", "nonsense", "{}", "[1]", "{\"data\": 3}"] {
            try scratch.write(text, to: "bad.json")
            expectFailure(try Tool.run(["train", stage, "bad.json", "--output", "run"], in: scratch), 65, "bad.json: ")
        }
        #expect(try scratch.names() == ["bad.json"])
    }

    @Test func evaluationNamesWhatIsMissing() throws {
        expectFailure(try Tool.run(["evaluate", "--sprites", "none"], in: scratch), 66, "none")
        expectFailure(try Tool.run(["evaluate", "--cases", "0"], in: scratch), 64, "--cases is 0")
    }

    @Test(arguments: [("FLOWTOK_KERNELS", "foo"), ("FLOWTOK_BLAS", "mkl")])
    func unknownKernelsAreRefused(variable: String, value: String) throws {
        let result = try Tool.run(["doctor"], in: scratch, environment: [variable: value])
        expectFailure(result, 64, "\(variable) is \"\(value)\", expected one of ")
        #expect(try Tool.run(["doctor"], in: scratch, environment: ["FLOWTOK_KERNELS": "portable"]).status == 0)
    }

    @Test func datasetNamesWhatIsMissing() throws {
        let result = try Tool.run(["dataset", "--pictures", "none", "--output", "out"], in: scratch)
        #expect(result.status == 66 && result.errorLines.count == 1, "\(result.errors)")
    }
}
