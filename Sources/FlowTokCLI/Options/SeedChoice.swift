import ArgumentParser

/// A seed as people give it: a number, or -1 for a random one.
enum SeedChoice: ExpressibleByArgument, Equatable {
    case number(UInt64)
    case random

    init?(argument: String) {
        if argument == "-1" || argument == "random" {
            self = .random
        } else if let number = UInt64(argument) {
            self = .number(number)
        } else {
            return nil
        }
    }

    /// The seed; a random one is small enough to be typed again.
    var seed: UInt64 {
        switch self {
        case .number(let number): number
        case .random: UInt64(UInt32.random(in: .min ... .max))
        }
    }
}
