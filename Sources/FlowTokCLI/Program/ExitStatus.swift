/// How the process ends, after sysexits.h.
enum ExitStatus: Int32 {
    case success = 0
    /// The command was used wrongly.
    case usage = 64
    /// An input is not what it should be, or an output cannot be written.
    case data = 65
    /// A file, folder or model is not there.
    case missing = 66
    /// A fault of flowtok itself.
    case fault = 70
    /// Ctrl-C, as shells count it.
    case interrupted = 130
}
