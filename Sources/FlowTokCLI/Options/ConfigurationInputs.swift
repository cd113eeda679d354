import Files

/// The inputs that a configuration names: every text of it that leads to a file or a folder.
enum ConfigurationInputs {
    /// Protects them. A configuration that cannot be read is left to who opens it.
    static func protect(_ file: String) {
        guard let value = try? JSONFile.read(JSONValue.self, from: file) else { return }
        ProtectedFiles.add(texts(of: value).filter { InputFile.isThere($0) })
    }

    private static func texts(of value: JSONValue) -> [String] {
        switch value {
        case .text(let text): [text]
        case .list(let values): values.flatMap(texts)
        case .object(let values): values.values.flatMap(texts)
        default: []
        }
    }
}
