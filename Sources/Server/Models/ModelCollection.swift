import Files
import Synchronization

/// The models of a server, which load while it answers already.
package final class ModelCollection: Sendable {
    private let models = Mutex<[ServedModel]?>(nil)

    package init() {}

    /// Nil while they load.
    var loaded: [ServedModel]? { models.withLock { $0 } }

    package func finishLoading(_ loaded: [ServedModel]) { models.withLock { $0 = loaded } }

    /// The model that a request names; the first one where it names none.
    ///
    /// - Throws: `APIError` 503 while models load, 404 where there is none of that name.
    func model(_ wanted: String?) throws -> ServedModel {
        guard let loaded, let first = loaded.first else {
            throw APIError.unavailable("the model is still loading", code: "loading")
        }
        guard let wanted, !wanted.isEmpty else { return first }
        if let model = loaded.first(where: { $0.name == wanted }) ?? loaded.first(where: { $0.folderName == wanted }) {
            return model
        }
        throw APIError.notFound(
            "there is no model \"\(wanted.prefix(100).description.oneLine)\", expected one of \(loaded.map { "\"\($0.name)\"" }.joined(separator: ", "))",
            code: "model_not_found")
    }
}
