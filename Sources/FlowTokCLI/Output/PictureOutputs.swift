import Files

/// Where the results of pictures go: into the file or folder that the user named, or beside nothing, under new names.
struct PictureOutputs {
    let list: PictureList
    let output: String?
    let overwriting: OverwriteOptions
    /// Whether there may be several files, in a folder.
    let isFolder: Bool

    init(_ list: PictureList, output: String?, overwriting: OverwriteOptions) {
        self.list = list
        self.output = output
        self.overwriting = overwriting
        isFolder = !list.isSingle || output.map { $0.hasSuffix("/") || InputFile.isFolder($0) } == true
    }

    /// Makes the folder that files go to, or throws where none could be written.
    func prepare() throws {
        guard let output else { return try OutputPath.check(folder: "") }
        if isFolder {
            guard output != OutputFile.standardOutput else {
                throw Failure(.usage, "standard output takes the result of one picture, expected a folder for several")
            }
            return try OutputPath.make(folder: output)
        }
        try overwriting.named(output).prepare()
    }

    /// The file for every picture, by its path.
    ///
    /// - Parameter name: the name of a picture's file.
    /// - Throws: where one would go over an input, or cannot be written.
    func files(_ name: (String) -> String) throws -> [String: OutputFile] {
        var files: [String: OutputFile] = [:]
        if let output, !isFolder {
            try OutputPath.checkFormat(output)
            try prepare()
            files[list.files[0]] = overwriting.named(output)
            return files
        }
        try prepare()
        var taken: Set<String> = []
        for picture in list.pictures {
            // Without a folder of their own, results lie in the current one, whatever folders their pictures lie in.
            let own = name(output == nil ? FilePath.name(of: picture.path == "-" ? "standard-input" : picture.path) : picture.name)
            let path = output.map { FilePath.join($0, own) } ?? own
            if output != nil { try ProtectedFiles.check(path) }
            let parent = FilePath.folder(of: path)
            if let output, parent != FilePath.folder(of: FilePath.join(output, "x")) { try OutputPath.make(folder: parent) }
            files[picture.path] = OutputFile(like: path, taken: &taken)
        }
        try OutputPath.check(files: files.values.map(\.path))
        return files
    }
}
