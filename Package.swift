// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "SpecSearch",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SpecSearch", targets: ["SpecSearch"]),
        .library(name: "SpecSearchLlama", targets: ["SpecSearchLlama"]),
        .library(name: "SpecSearchRemote", targets: ["SpecSearchRemote"]),
        .library(name: "SpecSearchEvaluation", targets: ["SpecSearchEvaluation"]),
        .library(name: "SpecSearchServer", targets: ["SpecSearchServer"]),
        .library(name: "SpecSearchTesting", targets: ["SpecSearchTesting"]),
        .library(name: "SpecSearchFuzzing", targets: ["SpecSearchFuzzing"]),
        // For the benchmarks, which are a package of their own.
        .library(name: "SpecSearchRemoteTesting", targets: ["SpecSearchRemoteTesting"]),
        .library(name: "CKernels", targets: ["CKernels"]),
        .executable(name: "specsearch", targets: ["specsearch"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
        // Already there for swift-configuration, which does not say which keys a file has.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // The method: no engine, no I/O.
        .target(name: "SpecSearch"),
        // Engines.
        .systemLibrary(name: "CLlama", pkgConfig: "llama"),
        .target(name: "CKernels"),
        .target(name: "SpecSearchLlama", dependencies: ["SpecSearch", "CLlama", "CKernels"]),
        .target(
            name: "SpecSearchRemote",
            dependencies: [
                "SpecSearch", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        // Uses of a search.
        .target(
            name: "SpecSearchEvaluation",
            dependencies: [
                "SpecSearch", .product(name: "BigInt", package: "BigInt"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Numerics", package: "swift-numerics"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]),
        .target(name: "SpecSearchTesting", dependencies: ["SpecSearch"]),
        .target(
            name: "SpecSearchRemoteTesting",
            dependencies: [
                "SpecSearch", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            ]),
        .target(
            name: "SpecSearchServer",
            dependencies: [
                "SpecSearch",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Page")]),
        .target(name: "SpecSearchFuzzing", dependencies: ["SpecSearch", "SpecSearchRemote", "SpecSearchServer"]),
        .target(
            name: "SpecSearchCLI",
            dependencies: [
                "SpecSearch", "SpecSearchLlama", "SpecSearchRemote", "SpecSearchEvaluation", "SpecSearchServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ]),
        .executableTarget(
            name: "specsearch",
            dependencies: ["SpecSearchCLI", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        // Tests.
        .testTarget(name: "SpecSearchTests", dependencies: ["SpecSearch", "SpecSearchTesting"]),
        .testTarget(name: "SpecSearchLlamaTests", dependencies: ["SpecSearchLlama", "SpecSearchTesting", "CLlama"]),
        .testTarget(
            name: "SpecSearchRemoteTests",
            dependencies: ["SpecSearchRemote", "SpecSearchRemoteTesting", "SpecSearchLlama", "SpecSearchTesting"]),
        .testTarget(name: "SpecSearchEvaluationTests", dependencies: ["SpecSearchEvaluation", "SpecSearchTesting"]),
        .testTarget(
            name: "SpecSearchServerTests",
            dependencies: [
                "SpecSearchServer", "SpecSearchTesting", .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle"),
            ]),
        .testTarget(name: "SpecSearchFuzzingTests", dependencies: ["SpecSearchFuzzing"]),
        .testTarget(
            name: "SpecSearchCLITests",
            dependencies: [
                "specsearch", "SpecSearchCLI", "SpecSearchEvaluation", "SpecSearchRemote", "SpecSearchRemoteTesting",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)

for target in package.targets where [.regular, .executable, .test].contains(target.type) && target.name != "CKernels" {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            .treatAllWarnings(as: .error),
        ]
}
