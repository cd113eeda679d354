package import Files
import Foundation
package import Testing

/// The error of this package's that `body` ends with, as its users see it: the line, and the category that decides the exit
/// status. Anything else is an issue.
@discardableResult
package func refusal(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Any
) -> (text: String, category: ErrorCategory) {
    do {
        _ = try body()
        Issue.record("nothing was refused", sourceLocation: sourceLocation)
        return ("", .internalFault)
    } catch {
        let text = String(describing: error)
        if !(error is any CategorizedError) {
            Issue.record("an error of somebody else's: \(text)", sourceLocation: sourceLocation)
        }
        #expect(!text.contains { $0.isNewline }, sourceLocation: sourceLocation)
        #expect(error.localizedDescription == text, sourceLocation: sourceLocation)
        return (text, error.errorCategory)
    }
}
