import ArgumentParser

/// A number of bytes as people write it: 90MB, 1.5GB, 512KiB, 100000.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let units: [(String, Double)] = [
            ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824), ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("b", 1),
        ]
        let text = argument.lowercased()
        let unit = units.first { text.hasSuffix($0.0) } ?? ("", 1)
        guard let number = Double(text.dropLast(unit.0.count)), number > 0, number * unit.1 >= 1, number * unit.1 < 1e18 else {
            return nil
        }
        bytes = Int(number * unit.1)
    }
}
