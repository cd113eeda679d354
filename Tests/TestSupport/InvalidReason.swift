package import Files

extension Validated {
    /// What `validate()` says, or nil where all is well.
    package var invalidReason: String? {
        do { try validate() } catch { return error.reason }
        return nil
    }
}
