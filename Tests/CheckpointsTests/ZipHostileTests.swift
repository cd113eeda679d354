import Checkpoints
import Tensors
import Testing

@Suite struct ZipHostileTests {
    private let valid = ZipBuilder(
        pickle: PickleBuilder.one(storage: 2, size: [2], stride: [1]), storages: [[Float(1), 2].bytes])

    private func failure(_ change: (inout ZipBuilder) -> Void) -> CheckpointError? {
        var zip = valid
        change(&zip)
        return CheckpointsTests.failure(zip.build())
    }

    @Test func theUnchangedArchiveLoads() {
        #expect(failure { _ in } == nil)
        #expect(failure { $0.hasWideEnd = true } == nil)
    }

    @Test func truncationAtEveryByte() {
        let whole = valid.build()
        for count in whole.indices { #expect(CheckpointsTests.failure(Array(whole[..<count])) != nil, "cut to \(count) bytes") }
        #expect(CheckpointsTests.failure(whole + [0])?.kind == "malformedArchive")
    }

    @Test func checksums() throws {
        #expect(failure { $0.records[0].checksum = 1 }?.kind == "checksumMismatch")
        // A damaged tensor is found when it is asked for.
        var zip = valid
        zip.records[1].checksum = 1
        let checkpoint = try Checkpoint(contents: zip.build(), path: "test")
        #expect(CheckpointsTests.failure { try checkpoint.verifyChecksums() }?.kind == "checksumMismatch")
    }

    @Test func headersThatDisagree() {
        #expect(failure { $0.records[0].localName = "archive/data.pkx" }?.kind == "malformedArchive")
        #expect(failure { $0.records[0].localName = "a" }?.kind == "malformedArchive")
        #expect(failure { $0.records[0].localFlags = 2 }?.kind == "malformedArchive")
        #expect(failure { $0.records[0].localChecksum = 1 }?.kind == "malformedArchive")
        #expect(
            failure {
                $0.records[0].flags = 8; $0.records[0].localChecksum = 0
            } == nil)
        #expect(
            failure {
                $0.records[0].flags = 8; $0.records[0].localChecksum = 1
            }?.kind == "malformedArchive")
        #expect(failure { $0.records[1].count = 4 }?.kind == "malformedArchive")
    }

    @Test func encryptionAndUnknownMethods() {
        for flag: UInt16 in [1, 0x40, 0x2000, 0x20, 0x8000] {
            #expect(failure { $0.records[1].flags = flag }?.kind == "malformedArchive")
        }
        for method: UInt16 in [1, 9, 12, 14, 93, 99, .max] {
            #expect(failure { $0.records[1].method = method }?.kind == "malformedArchive")
        }
    }

    @Test func records() {
        #expect(failure { $0.records.append($0.records[1]) }?.kind == "duplicateName")
        #expect(failure { $0.records.append(.init(name: "other/data.pkl", data: [])) }?.kind == "malformedArchive")
        #expect(failure { $0.records.remove(at: 0) }?.kind == "unrecognisedFormat")
        #expect(failure { $0.records.remove(at: 1) }?.kind == "malformedArchive")
        #expect(failure { $0.records.append(.init(name: "archive/code/", data: [])) } == nil)
        for name in ["../x", "/x", "a/../../x", "a\\x", "", "a/..", "\u{1}", String(repeating: "n", count: 513)] {
            #expect(failure { $0.records.append(.init(name: name, data: [])) } != nil, "\(name)")
        }
        #expect(failure { $0.records.append(.init(name: "archive/byteorder", data: .utf8("big"))) }?.kind == "malformedArchive")
        #expect(failure { $0.records.append(.init(name: "archive/byteorder", data: .utf8("little"))) } == nil)
    }

    @Test func placesOutsideTheArchive() {
        for offset in [1, 10_000, Int(Int32.max), 0xffff_fffe] {
            #expect(failure { $0.records[1].offset = offset } != nil, "\(offset)")
            #expect(
                failure {
                    $0.records[1].offset = offset; $0.records[1].isWide = true
                } != nil, "\(offset)")
        }
        #expect(
            failure {
                $0.records[1].offset = .max; $0.records[1].isWide = true
            }?.kind == "malformedArchive")
        // Two names for the same bytes.
        #expect(
            failure {
                $0.records[1].name = $0.records[0].name + "x"; $0.records[1].offset = 0
            }?.kind == "malformedArchive")
        #expect(
            failure { zip in
                zip.records.append(zip.records[1])
                zip.records[2].name = "archive/data/1"
                zip.records[2].localName = "archive/data/0"
                zip.records[2].offset = 0
            }?.kind == "malformedArchive")
    }

    @Test func endRecords() {
        #expect(failure { $0.comment = [1, 2, 3] }?.kind == "malformedArchive")
        #expect(failure { $0.directoryOffsetError = 1 }?.kind == "malformedArchive")
        #expect(failure { $0.directoryOffsetError = -1 }?.kind == "malformedArchive")
        #expect(failure { $0.entryCountError = 1 } != nil)
        #expect(failure { $0.entryCountError = -1 }?.kind == "malformedArchive")
        #expect(
            failure {
                $0.directoryOffsetError = 1; $0.hasWideEnd = true
            }?.kind == "malformedArchive")
        #expect(
            failure {
                $0.entryCountError = 1 << 40; $0.hasWideEnd = true
            }?.kind == "limitExceeded")
        #expect(CheckpointsTests.failure(.utf8("PK\u{3}\u{4}"))?.kind == "truncated")
    }

    @Test func bombs() {
        // A kilobyte that claims to be the largest pickle there may be, and one that claims to be larger.
        let bomb = [UInt8](repeating: 0xaa, count: 1024)
        #expect(
            failure {
                $0.records[0].data = bomb; $0.records[0].method = 8; $0.records[0].count = 64 << 20
            }?.kind == "malformedArchive")
        #expect(
            failure {
                $0.records[0].data = bomb; $0.records[0].method = 8; $0.records[0].count = 65 << 20
            }?.kind == "limitExceeded")
        // A stream that inflates to more than it should, and to less: an uncompressed block of four bytes.
        let block: [UInt8] = [1, 4, 0, 0xfb, 0xff, 0x80, 2, 0x7d, 0x2e]
        for count in [0, 3, 5] {
            #expect(
                failure {
                    $0.records[0].data = block; $0.records[0].method = 8; $0.records[0].count = count
                }?.kind == "malformedArchive")
        }
        // Storages are stored, never deflated.
        #expect(
            failure {
                $0.records[1].data = block; $0.records[1].method = 8; $0.records[1].count = 8
            }?.kind == "malformedArchive")
    }
}
