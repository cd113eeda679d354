// swift-tools-version: 6.3
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A Swift target. It imports only targets of the layers above its own in the list below.
func target(_ name: String, uses: [Target.Dependency], exclude: [String] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: uses, exclude: exclude, resources: resources, swiftSettings: swiftSettings)
}

/// The test target of a target, which has its name and shares the test support.
func tests(of name: String, uses: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name), "TestSupport"] + uses,
        swiftSettings: swiftSettings)
}

/// A program of the folder Examples, built with the tests, which run it.
func example(_ name: String, uses: [Target.Dependency] = []) -> Target {
    .executableTarget(name: "Example" + name, dependencies: ["FlowTok"] + uses, path: "Examples/" + name, swiftSettings: swiftSettings)
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

/// Whether the server is part of the package: `FLOWTOK_SERVER=1 swift build --product flowtok-serve`. Drawing needs no web
/// server, and whoever only draws, or depends on the library, neither fetches nor compiles one. `Scripts/run serve` and
/// `Scripts/test-server` set it.
let hasServer = Context.environment["FLOWTOK_SERVER"] == "1"

let package = Package(
    name: "flowtok",
    products: [
        .library(name: "FlowTok", targets: ["FlowTok"]),
        .library(name: "FlowTokTraining", targets: ["Training"]),
        .executable(name: "flowtok", targets: ["FlowTokCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // C: kernels of the package's own, and thin wrappers of libraries.
        .target(name: "CKernels"),
        .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CMPI", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png")]),
        .target(name: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(name: "CWebP", linkerSettings: [.linkedLibrary("webp")]),
        .target(name: "CSentencePiece", linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
        .target(name: "CTables", exclude: ["emoji-names.tsv", "foreign-titles.tsv", "html-entities.txt", "imagenet-classes.txt"]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        // Base.
        target("Tensors", uses: ["CKernels", "COpenBLAS"]),
        target("Files", uses: ["CTables", "CZlib"]),
        // Data.
        target("Checkpoints", uses: ["Files", "Tensors", "CKernels", "CZlib"]),
        target("Images", uses: ["Files", "CPNG", "CJPEG", "CWebP", "CZlib"]),
        target("TextTokenizers", uses: ["Files", "CSentencePiece"]),
        // Blocks.
        target("Layers", uses: ["Checkpoints", "Files", "Tensors", "CKernels"]),
        target("Sampling", uses: ["Files", "Layers", "Tensors"]),
        target("Datasets", uses: ["TextTokenizers", "Files", "Images", "Tensors"]),
        // Networks: one folder for each published family.
        target("Networks", uses: ["Layers", "Sampling", "Checkpoints", "Files", "Tensors"]),
        // Model folders on disk.
        target("ModelFolders", uses: ["Networks", "Sampling", "Layers", "TextTokenizers", "Checkpoints", "Files", "Tensors"]),
        // What a Swift program imports.
        target("FlowTok", uses: ["ModelFolders", "Networks", "Datasets", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors"]),
        // Tools.
        target(
            "Training",
            uses: [
                "FlowTok", "ModelFolders", "Networks", "Datasets", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors",
                "CKernels", "CMPI",
            ]),
        target("Evaluation", uses: ["FlowTok", "ModelFolders", "Networks", "Datasets", "Sampling", "Layers", "TextTokenizers", "Images", "Files", "Tensors"]),
        target("Benchmarks", uses: ["Training", "FlowTok", "ModelFolders", "Networks", "Sampling", "Layers", "Files", "Tensors", "CKernels", "COpenBLAS"]),
        // Programs.
        .executableTarget(
            name: "FlowTokCLI",
            dependencies: [
                "FlowTok", "Training", "Evaluation", "Benchmarks", "ModelFolders", "Networks", "Datasets", "Sampling", "Layers",
                "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors", argumentParser,
            ],
            swiftSettings: swiftSettings),
        // Small programs to begin from.
        example("Draw"), example("CaptionFolder"), example("EventStream"), example("FineTune", uses: ["Training"]),
        // Tests.
        .target(
            name: "TestSupport",
            dependencies: [
                "FlowTok", "ModelFolders", "Networks", "Datasets", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors",
                "CZlib",
            ], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        tests(of: "Tensors", uses: ["CKernels", "COpenBLAS"]),
        tests(of: "Files", uses: []),
        tests(of: "Checkpoints", uses: ["Files", "Tensors", "CZlib"]),
        tests(of: "Images", uses: ["Files"]),
        tests(of: "TextTokenizers", uses: ["Files"]),
        tests(of: "Layers", uses: ["Checkpoints", "Files", "Tensors"]),
        tests(of: "Sampling", uses: ["Networks", "Layers", "Files", "Tensors"]),
        tests(of: "Datasets", uses: ["TextTokenizers", "Files", "Images", "Tensors"]),
        tests(of: "Networks", uses: ["ModelFolders", "Sampling", "Layers", "Images", "Checkpoints", "Files", "Tensors"]),
        tests(of: "FlowTok", uses: ["ModelFolders", "Networks", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors"]),
        tests(
            of: "Training",
            uses: ["FlowTok", "ModelFolders", "Networks", "Datasets", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors"]),
        tests(of: "Evaluation", uses: ["FlowTok", "Training", "ModelFolders", "Networks", "Datasets", "Sampling", "TextTokenizers", "Images", "Files"]),
        .testTarget(
            name: "ParityTests",
            dependencies: [
                "TestSupport", "FlowTok", "Training", "ModelFolders", "Networks", "Datasets", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints",
                "Files", "Tensors",
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "TestSupport", "FlowTok", "ModelFolders", "Networks", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files", "Tensors",
                "ExampleDraw", "ExampleCaptionFolder", "ExampleEventStream", "ExampleFineTune",
            ],
            swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx17
)

if hasServer {
    let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
    let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
    let networking: [Target.Dependency] = [
        hummingbird, .product(name: "HummingbirdCore", package: "hummingbird"), logging, .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    ]
    package.products.append(.executable(name: "flowtok-serve", targets: ["FlowTokServe"]))
    package.dependencies += [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
    ]
    package.targets += [
        .target(name: "CServerFiles", exclude: ["page.html", "openapi.json"]),
        target(
            "Server",
            uses: ["FlowTok", "ModelFolders", "Networks", "Sampling", "TextTokenizers", "Images", "Files", "Tensors", "CServerFiles"] + networking),
        .executableTarget(
            name: "FlowTokServe", dependencies: ["Server", "FlowTok", "Files", argumentParser], swiftSettings: swiftSettings),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "TestSupport", "Server", "FlowTok", "ModelFolders", "Networks", "Sampling", "Layers", "TextTokenizers", "Images", "Checkpoints", "Files",
                "Tensors",
            ] + networking,
            exclude: ["Clients", "Fixtures"], swiftSettings: swiftSettings),
    ]
}

// Fuzzing is a build of its own, with sanitizers: Scripts/fuzz asks for it.
if Context.environment["FLOWTOK_FUZZ"] != nil {
    package.products.append(.executable(name: "flowtok-fuzz", targets: ["flowtok-fuzz"]))
    package.targets += [
        .target(name: "CFuzzer", path: "Fuzzing/CFuzzer"),
        .executableTarget(
            name: "flowtok-fuzz",
            dependencies: [
                "CFuzzer", "CZlib", "FlowTok", "Training", "ModelFolders", "Networks", "Datasets", "Layers", "TextTokenizers", "Images", "Checkpoints",
                "Files", "Tensors",
            ],
            path: "Fuzzing/Targets", swiftSettings: swiftSettings),
    ]
}
