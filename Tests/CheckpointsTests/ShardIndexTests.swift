import Checkpoints
import Files
import Foundation
import Tensors
import TestSupport
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

    @Test("What is split is read back whole", arguments: [16, 40, 100, 1000])
    func splitting(_ bytes: Int) throws {
        let folder = try TemporaryFolder()
        let tensors = (0..<7).map { (name: "t\($0)", tensor: Tensor((0...$0).map(Float.init), shape: [$0 + 1])) }
        let whole = folder("whole.safetensors")
        try Checkpoint.write(tensors, metadata: ["format": "pt"], to: whole)
        let (source, path) = (try Checkpoint(path: whole), folder("split.safetensors"))
        var shares: [Int] = []
        try source.convert(to: path, shardBytes: bytes) { done, total in shares.append(total - done) }
        #expect(shares.count == 7 && shares.last == 0)
        let found = try #require(Checkpoint.existing(path))
        #expect(found == path + (bytes < 112 ? ".index.json" : ""))
        let again = try Checkpoint(path: found)
        #expect(again.names.sorted() == source.names.sorted() && again.metadata["format"] == "pt")
        for (name, tensor) in tensors { #expect(try again.tensor(name).values == tensor.values) }
        for file in folder.files where file.hasPrefix("split-") {
            let shard = try Checkpoint(path: folder(file))
            let size = shard.entries.reduce(0) { $0 + $1.byteCount }
            #expect(size <= bytes || shard.entries.count == 1, "\(file)")
        }
        // The whole file of before does not hide its successors, nor they it.
        try source.convert(to: path)
        try source.convert(to: path, as: .bf16, shardBytes: 10)
        #expect(try Checkpoint(path: #require(Checkpoint.existing(path))).entries.allSatisfy { $0.type == .bf16 })
    }

    @Test func whatCannotBeSplitLeavesNothing() throws {
        let folder = try TemporaryFolder()
        try Checkpoint.write([("a", Tensor(1)), ("b", Tensor(1e30))], to: folder("whole.safetensors"))
        let source = try Checkpoint(path: folder("whole.safetensors"))
        #expect(throws: CheckpointError.self) { try source.convert(to: folder("x.safetensors"), as: .f16, shardBytes: 2) }
        #expect(folder.files == ["whole.safetensors"])
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
        #expect(throws: FileError.missing(path: folder("model-3.safetensors"))) { try Checkpoint(path: path) }
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
        #expect(failure(.utf8("{\"weights\":{}}"))?.kind == "unrecognisedFormat")
        #expect(failure(.utf8("{\"weight_map\":[]}"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":{\"a\":1}}"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":{\"a\":\"b\",\"a\":\"c\"}}"))?.kind == "duplicateName")
        #expect(failure(.utf8("{\"weight_map\":{}} x"))?.kind == "malformedHeader")
        #expect(failure(.utf8("{\"weight_map\":{}}")) == nil)
    }
}
