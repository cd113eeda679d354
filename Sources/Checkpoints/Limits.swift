import Foundation

/// Bounds on what a file may ask for, generous to every real model and fatal to a hostile one.
enum Limits {
    /// The header of a safetensors file, and the text of a shard index.
    static let headerBytes = 100_000_000
    static let tensors = 100_000
    static let shards = 4096
    static let nameBytes = 512
    /// The name of an element type.
    static let typeNameBytes = 64
    static let rank = 8
    static let metadataItems = 100_000
    static let jsonDepth = 64

    static let archiveEntries = 250_000

    /// A pickle that is compressed, and so has to be held in memory.
    static let inflatedPickleBytes = 64 << 20
    /// A pickle that lies in the file as it is: arrays of NumPy are part of it.
    static let pickleBytes = 4 << 30
    /// What is listed as left out.
    static let leftOut = 1000
    static let pickleOpcodes = 16 << 20
    static let pickleContainers = 4 << 20
    static let pickleStack = 4 << 20
    static let pickleMemo = 4 << 20
    static let pickleMarks = 100_000
    /// Values that building mappings from lists may copy, over the whole pickle.
    static let pickleCopies = 1 << 20
    static let pickleWalk = 8 << 20
    static let pickleDepth = 64

    /// A tensor may repeat its storage (a stride of zero) up to this many values without owning as many.
    static let repeatedValues = 1 << 20

    /// The machine's memory in bytes: no single tensor can be larger, and asking would only end the process.
    static let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
}
