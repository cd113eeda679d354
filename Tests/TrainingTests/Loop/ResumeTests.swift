import Foundation
import Tensors
import TestSupport
import Testing
import Training

@Suite struct ResumeTests {
    @Test("Twenty steps are ten and ten more", arguments: TinyRun.allCases, [Precision.float32, .bfloat16])
    func resuming(_ kind: TinyRun, _ precision: Precision) throws {
        let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
        let settings = TinyTraining.settings(precision: precision)
        let losses = try kind.train(in: whole.url.path, settings: settings)
        let first = try kind.train(in: parts.url.path, settings: settings, stopAfter: 10)
        #expect(try step(checkpointPath(parts.url.path)) == 10)
        let second = try kind.train(in: parts.url.path, settings: settings, resume: true)
        #expect(losses.count == 20 && first + second == losses)
        // Parameters, averages, both moments, step and configuration.
        #expect(try contents(checkpointPath(whole.url.path)) == contents(checkpointPath(parts.url.path)))
        for file in kind.exported {
            #expect(try contents(whole.url.path + "/" + file) == contents(parts.url.path + "/" + file), "\(file)")
        }
        let names = try bits(checkpointPath(whole.url.path)).keys
        for group in ["parameters/", "averages/", "first_moments/", "second_moments/"] {
            #expect(names.count { $0.hasPrefix(group) } * 4 == names.count)
        }
    }

    @Test("The number of threads changes nothing", arguments: TinyRun.allCases, [Precision.float32, .bfloat16])
    func threads(_ kind: TinyRun, _ precision: Precision) throws {
        let usual = Machine.threads
        defer { Machine.threads = usual }
        let settings = TinyTraining.settings(steps: 12, precision: precision)
        let results = try [1, 2].map { count in
            Machine.threads = count
            let folder = try TemporaryFolder()
            _ = try kind.train(in: folder.url.path, settings: settings)
            return try contents(checkpointPath(folder.url.path))
        }
        #expect(results[0] == results[1])
    }

    @Test("A run that is complete stays as it is")
    func complete() throws {
        let folder = try TemporaryFolder()
        let settings = TinyTraining.settings(steps: 3)
        _ = try TinyRun.tokenizer.train(in: folder.url.path, settings: settings)
        let before = try contents(checkpointPath(folder.url.path))
        let run = try TinyRun.tokenizer.open(in: folder.url.path, settings: settings, resume: true)
        #expect(run.step == 3)
        #expect(try run.run())
        #expect(try contents(checkpointPath(folder.url.path)) == before)
    }
}
