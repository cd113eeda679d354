import Checkpoints
import Foundation
import Tensors
import Testing

@Suite struct ShardIndexTests {
    private func shard(_ name: String, _ value: Float) -> [UInt8] {
        safetensors("{\"\(name)\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", [value].bytes)
    }

    private func write(_ folder: TemporaryFolder, map: String) throws -> String {
        _ = try folder.write(shard("module.a", 1), "model-1.safetensors")
        _ = try folder.write(shard("b", 2), "model-2.safetensors")
        return try folder.write(
            .utf8("\n{\"metadata\":{\"total_size\":8,\"x\":\"y\"},\"weight_map\":{\(map)}}"), "model.safetensors.index.json")
    }

    @Test func joinsShards() throws {
        let folder = try TemporaryFolder()
        let path = try write(folder, map: "\"module.a\":\"model-1.safetensors\",\"b\":\"model-2.safetensors\"")
        let checkpoint = try Checkpoint(path: path)
        #expect(checkpoint.format == .shardedIndex)
        #expect(checkpoint.names == ["a", "b"])
        #expect(checkpoint.metadata == ["total_size": "8", "x": "y"])
        #expect(try checkpoint.tensor("a").values == [1])
        #expect(try checkpoint.tensor("b").values == [2])
    }

    @Test func shardsMayBeArchives() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write(Fixtures.archive, "pytorch_model-1.bin")
        let path = try folder.write(.utf8("{\"weight_map\":{\"a\":\"pytorch_model-1.bin\"}}"), "pytorch_model.bin.index.json")
        let checkpoint = try Checkpoint(path: path)
        #expect(checkpoint.names == ["a"])
        #expect(try checkpoint.tensor("a").values == [0, 1, 2, 3, 4, 5])
        #expect(try checkpoint.verifyChecksums() > 1)
    }

    @Test(arguments: [
        "../model-1.safetensors", "/etc/passwd", "..", ".", "", "sub/model.safetensors", "a\\\\b", "a\\u0000b", "./model-1.safetensors",
    ])
    func refusesShardsElsewhere(name: String) throws {
        let folder = try TemporaryFolder()
        let path = try write(folder, map: "\"module.a\":\"\(name)\"")
        #expect(failure { _ = try Checkpoint(path: path) }?.kind == "unsafeShardName")
    }

    @Test func missingShardsAndTensors() throws {
        let folder = try TemporaryFolder()
        var path = try write(folder, map: "\"b\":\"model-3.safetensors\"")
        #expect(failure { _ = try Checkpoint(path: path) } == .fileNotFound(path: folder("model-3.safetensors")))
        path = try write(folder, map: "\"b\":\"model-1.safetensors\"")
        #expect(
            failure { _ = try Checkpoint(path: path) }
                == .missingTensor(path: folder("model-1.safetensors"), tensor: "b", held: 1))
    }

    @Test func anIndexIsNoShard() throws {
        let folder = try TemporaryFolder()
        let path = try write(folder, map: "\"b\":\"model.safetensors.index.json\"")
        #expect(failure { _ = try Checkpoint(path: path) }?.kind == "unrecognisedFormat")
    }

    @Test func malformedIndexes() {
        #expect(failure(.utf8("{\"weights\":{}}"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":[]}"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":{\"a\":1}}"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":{\"a\":\"b\",\"a\":\"c\"}}"))?.kind == "duplicateName")
        #expect(failure(.utf8("{\"weight_map\":{}} x"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":{}}")) == nil)
    }
}
