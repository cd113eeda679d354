// swift-tools-version: 6.3
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// One floor of the house: a Swift target that imports only the floors named in `uses`.
func floor(_ name: String, uses: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: uses, swiftSettings: swiftSettings)
}

/// The test target of a floor, which has the floor's name and shares the test support.
func tests(of name: String, uses: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests",
        dependencies: [.target(name: name), "TestSupport"] + uses,
        swiftSettings: swiftSettings)
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "flowtok",
    products: [
        .library(name: "FlowTok", targets: ["FlowTok"]),
        .executable(name: "flowtok", targets: ["flowtok"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // Floor 0: C.
        .target(name: "CKernels"),
        .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("z")]),
        .target(name: "CSentencePiece", linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        // Floor 1.
        floor("Tensors", uses: ["CKernels", "COpenBLAS"]),
        // Floor 2.
        floor("Checkpoints", uses: ["Tensors", "CKernels", "CZlib"]),
        floor("Images", uses: ["CPNG"]),
        floor("Vocabularies", uses: ["CSentencePiece", "CZlib"]),
        // Floor 3.
        floor("Layers", uses: ["Tensors", "Checkpoints"]),
        // Floor 4.
        floor("Flow", uses: ["Layers", "Tensors"]),
        floor("ImageTokenizers", uses: ["Checkpoints", "Layers", "Tensors"]),
        floor("TextModels", uses: ["Layers", "Tensors"]),
        floor("Generators", uses: ["Layers", "Tensors"]),
        // Floor 5.
        floor("FlowTok", uses: ["Flow", "Generators", "ImageTokenizers", "TextModels", "Checkpoints", "Images", "Vocabularies", "Layers", "Tensors"]),
        // Floor 6.
        floor("Training", uses: ["CKernels", "FlowTok", "Flow", "ImageTokenizers", "TextModels", "Checkpoints", "Images", "Vocabularies", "Layers", "Tensors"]),
        floor("Evaluation", uses: ["FlowTok", "Training", "Flow", "ImageTokenizers", "TextModels", "Images", "Tensors"]),
        floor(
            "Benchmarks",
            uses: ["CKernels", "COpenBLAS", "FlowTok", "Flow", "ImageTokenizers", "TextModels", "Training", "Layers", "Tensors"]),
        // Floor 7.
        .executableTarget(
            name: "flowtok",
            dependencies: ["FlowTok", "Training", "Evaluation", "Benchmarks", "Flow", "Generators", "ImageTokenizers", "TextModels", "Checkpoints", "Vocabularies", "Images", "Tensors", argumentParser],
            swiftSettings: swiftSettings),
        // Tests.
        .target(name: "TestSupport", dependencies: ["Layers", "Tensors", "Checkpoints", "CZlib"], path: "Tests/TestSupport", swiftSettings: swiftSettings),
        tests(of: "Tensors", uses: ["CKernels", "COpenBLAS"]),
        tests(of: "Checkpoints", uses: ["Tensors", "CZlib"]),
        tests(of: "Images"),
        tests(of: "Vocabularies"),
        tests(of: "Layers", uses: ["Checkpoints", "Tensors"]),
        tests(of: "Flow", uses: ["Checkpoints", "Layers", "Tensors"]),
        tests(of: "ImageTokenizers", uses: ["Checkpoints", "Images", "Layers", "Tensors"]),
        tests(of: "Generators", uses: ["Checkpoints", "Layers", "Tensors"]),
        tests(of: "TextModels", uses: ["Checkpoints", "Layers", "Tensors"]),
        tests(of: "FlowTok", uses: ["Checkpoints", "Flow", "ImageTokenizers", "Images", "Layers", "Tensors", "TextModels", "Vocabularies"]),
        tests(of: "Training", uses: ["FlowTok", "Flow", "ImageTokenizers", "TextModels", "Checkpoints", "Images", "Vocabularies", "Layers", "Tensors"]),
        tests(of: "Evaluation", uses: ["FlowTok", "Training", "Flow", "ImageTokenizers", "TextModels", "Images", "Vocabularies"]),
        .testTarget(
            name: "ParityTests",
            dependencies: ["TestSupport", "FlowTok", "Training", "Flow", "ImageTokenizers", "TextModels", "Generators", "Checkpoints", "Images", "Vocabularies", "Layers", "Tensors"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["FlowTok", "Flow", "Generators", "ImageTokenizers", "TextModels", "Layers", "Checkpoints", "Images", "Vocabularies", "Tensors", "TestSupport"],
            swiftSettings: swiftSettings),
    ],
    cxxLanguageStandard: .cxx17
)
