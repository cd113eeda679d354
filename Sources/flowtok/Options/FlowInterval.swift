import ArgumentParser

/// Two times of the flow, given as "lo,hi".
struct FlowInterval: ExpressibleByArgument {
    let times: ClosedRange<Float>

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0.trimmed) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low >= 0, low <= high, high <= 1 else { return nil }
        times = low...high
    }
}

extension StringProtocol {
    /// The text without white space around it.
    var trimmed: String {
        var part = self[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return String(part)
    }
}
