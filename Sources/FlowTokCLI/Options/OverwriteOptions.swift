import ArgumentParser

/// What becomes of a file that is there already.
struct OverwriteOptions: ParsableArguments {
    @Flag(help: "Refuse to replace the file that -o names. Names that flowtok makes are always those of new files, and no output ever replaces an input.")
    var noClobber = false

    func named(_ path: String) -> OutputFile { OutputFile(named: path, replacing: !noClobber) }
}
