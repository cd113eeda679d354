import Files

/// The inputs that a configuration names: every text of it that leads to a file or a folder.
enum ConfigurationInputs {
    /// Protects them. A configuration that cannot be read is left to who opens it.
    ///
    /// - Parameter folder: one whose files are not protected, since the command made them itself.
    static func protect(_ file: String, except folder: String? = nil) {
        guard let value = try? JSONFile.read(JSONValue.self, from: file) else { return }
        let own = folder.flatMap { FileIdentity(path: $0) }
        ProtectedFiles.add(
            texts(of: value).filter { path in
                guard let identity = FileIdentity(path: path) else { return false }
                return identity != own
            })
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
