import Foundation

/// One line of the report: a figure, what it was taken over, and the least it should be.
public struct Metric: Sendable, Codable, Equatable {
    public let name: String
    public let value: Double
    /// "%" or "dB".
    public let unit: String
    public let cases: Int
    /// The figure that a good model reaches; nil where none is set.
    public let goal: Double?

    public init(name: String, value: Double, unit: String, cases: Int, goal: Double? = nil) {
        self.name = name
        self.value = value
        self.unit = unit
        self.cases = cases
        self.goal = goal
    }

    /// The figure, its name, the number of cases and the goal, for people.
    public var line: String {
        let figure = String(format: unit == "dB" ? "%6.2f dB" : "%6.1f %%", value)
        let aim = goal.map { String(format: "  (goal %g %@)", $0, unit == "dB" ? "dB" : "%") } ?? ""
        return "\(figure)  \(name), \(cases) cases\(aim)"
    }
}
