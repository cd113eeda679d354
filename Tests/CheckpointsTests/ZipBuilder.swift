import CZlib

/// Writes zip archives, broken ones on demand.
struct ZipBuilder {
    struct Record {
        var name: String
        var data: [UInt8]
        var method: UInt16 = 0
        var flags: UInt16 = 0
        /// The size before compression, where that differs from the data's.
        var count: Int?
        var checksum: UInt32?
        /// What the local header says instead.
        var localName: String?
        var localFlags: UInt16?
        var localChecksum: UInt32?
        /// Where the central header says that the record begins.
        var offset: Int?
        /// Whether sizes and offset go to the zip64 extra field.
        var isWide = false
    }

    var records: [Record]
    var hasWideEnd = false
    var comment: [UInt8] = []
    var directoryOffsetError = 0
    var entryCountError = 0

    init(_ records: [Record]) { self.records = records }

    /// An archive of `torch.save` with a pickle and storages "0", "1", ….
    init(pickle: [UInt8], storages: [[UInt8]] = []) {
        records = [Record(name: "archive/data.pkl", data: pickle)]
        records += storages.enumerated().map { Record(name: "archive/data/\($0)", data: $1) }
    }

    func build() -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for record in records {
            let start = bytes.count
            let checksum = record.checksum ?? crc(record.data)
            let count = record.count ?? record.data.count
            let sizes: [UInt8]
            if record.isWide {
                sizes = UInt32.max.bytes + UInt32.max.bytes
            } else {
                sizes = UInt32(record.data.count).bytes + UInt32(count).bytes
            }
            let wide = UInt64(count).bytes + UInt64(record.data.count).bytes
            let localExtra = record.isWide ? UInt16(1).bytes + UInt16(16).bytes + wide : []
            let localName = Array((record.localName ?? record.name).utf8)
            bytes += UInt32(0x0403_4b50).bytes + UInt16(20).bytes + (record.localFlags ?? record.flags).bytes
            bytes += record.method.bytes + UInt32(0).bytes + (record.localChecksum ?? checksum).bytes + sizes
            bytes += UInt16(localName.count).bytes + UInt16(localExtra.count).bytes + localName + localExtra
            bytes += record.data

            let offset = record.offset ?? start
            let centralExtra = record.isWide ? UInt16(1).bytes + UInt16(24).bytes + wide + UInt64(offset).bytes : []
            let name = Array(record.name.utf8)
            directory += UInt32(0x0201_4b50).bytes + UInt32(20).bytes + record.flags.bytes + record.method.bytes
            directory += UInt32(0).bytes + checksum.bytes + sizes
            directory += UInt16(name.count).bytes + UInt16(centralExtra.count).bytes + UInt16(0).bytes
            directory += UInt16(0).bytes + UInt16(0).bytes + UInt32(0).bytes
            directory += record.isWide ? UInt32.max.bytes : UInt32(truncatingIfNeeded: offset).bytes
            directory += name + centralExtra
        }
        let start = bytes.count + directoryOffsetError
        let entries = records.count + entryCountError
        bytes += directory
        if hasWideEnd {
            let wideStart = bytes.count
            bytes += UInt32(0x0606_4b50).bytes + UInt64(44).bytes + UInt32(0x002d_002d).bytes + UInt64(0).bytes
            bytes += UInt64(entries).bytes + UInt64(entries).bytes + UInt64(directory.count).bytes + UInt64(start).bytes
            bytes += UInt32(0x0706_4b50).bytes + UInt32(0).bytes + UInt64(wideStart).bytes + UInt32(1).bytes
            bytes += UInt32(0x0605_4b50).bytes + UInt32(0).bytes + UInt16.max.bytes + UInt16.max.bytes
            bytes += UInt32.max.bytes + UInt32.max.bytes
        } else {
            bytes += UInt32(0x0605_4b50).bytes + UInt32(0).bytes + UInt16(entries).bytes + UInt16(entries).bytes
            bytes += UInt32(directory.count).bytes + UInt32(start).bytes
        }
        return bytes + UInt16(comment.count).bytes + comment
    }

    private func crc(_ data: [UInt8]) -> UInt32 { data.withUnsafeBytes { cz_crc32(0, $0.baseAddress, $0.count) } }
}
