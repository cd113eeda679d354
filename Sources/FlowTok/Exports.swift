// One import is enough: what the front's own signatures speak of comes with it.
@_exported import Files
@_exported import Images
@_exported import ModelFolders
@_exported import Networks
@_exported import Sampling
@_exported import Tensors
@_exported import TextTokenizers

extension FlowTok {
    /// The version of this package.
    public static let version = "0.2.0"
}
