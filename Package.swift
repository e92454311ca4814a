// swift-tools-version: 6.2
import PackageDescription

// `Server` is the HTTP API with its page, `Cluster` models on other machines. Without them, as `make solve` builds it, the
// program needs neither NIO nor BoringSSL, which take longer to build than all the rest.
let server = TargetDependencyCondition.when(traits: ["Server"])
let cluster = TargetDependencyCondition.when(traits: ["Cluster"])

let package = Package(
    name: "SpecSearch",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "SpecSearch", targets: ["SpecSearch"]),
        .library(name: "SpecSearchLlama", targets: ["SpecSearchLlama"]),
        .library(name: "SpecSearchRemote", targets: ["SpecSearchRemote"]),
        .library(name: "ModelHub", targets: ["ModelHub"]),
        .library(name: "MathGrading", targets: ["MathGrading"]),
        .library(name: "SpecSearchEvaluation", targets: ["SpecSearchEvaluation"]),
        .library(name: "SpecSearchServer", targets: ["SpecSearchServer"]),
        .library(name: "SpecSearchTesting", targets: ["SpecSearchTesting"]),
        .library(name: "SpecSearchFuzzing", targets: ["SpecSearchFuzzing"]),
        // For the benchmarks, which are a package of their own.
        .library(name: "CKernels", targets: ["CKernels"]),
        .executable(name: "specsearch", targets: ["specsearch"]),
    ],
    traits: [
        .default(enabledTraits: ["Server", "Cluster"]),
        .trait(name: "Server", description: "The HTTP API and the live page."),
        .trait(name: "Cluster", description: "Models on other machines: vLLM, SGLang, llama-server."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
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
        .target(name: "SpecSearch", dependencies: ["MathGrading"]),
        // Engines.
        .systemLibrary(name: "CLlama", pkgConfig: "llama"),
        .target(name: "CKernels"),
        .target(name: "SpecSearchLlama", dependencies: ["SpecSearch", "Checksums", "CLlama", "CKernels"]),
        .target(
            name: "SpecSearchRemote",
            dependencies: [
                "SpecSearch",
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: cluster),
                .product(name: "NIOCore", package: "swift-nio", condition: cluster),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: cluster),
            ]),
        // Of use without a search.
        .target(
            name: "MathGrading",
            dependencies: [
                .product(name: "BigInt", package: "BigInt"), .product(name: "Numerics", package: "swift-numerics"),
            ]),
        .target(name: "Checksums"),
        // JSON Schema to grammars that a model's text is held to.
        .target(name: "JSONGrammar"),
        // How weights arrive.
        .target(
            name: "ModelHub", dependencies: ["SpecSearch", "Checksums"],
            resources: [.embedInCode("Catalogue/models.json")]),
        // Uses of a search.
        .target(
            name: "SpecSearchEvaluation",
            dependencies: [
                "SpecSearch", "MathGrading", "Checksums", .product(name: "Subprocess", package: "swift-subprocess"),
            ]),
        .target(
            name: "SpecSearchMeasurement",
            dependencies: ["SpecSearch", "SpecSearchLlama", "SpecSearchEvaluation", "MathGrading"]),
        .target(
            name: "SpecSearchServer",
            dependencies: [
                "SpecSearch", "Checksums", "JSONGrammar",
                .product(name: "Hummingbird", package: "hummingbird", condition: server),
                .product(name: "HummingbirdCore", package: "hummingbird", condition: server),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
                .product(name: "Logging", package: "swift-log", condition: server),
                .product(name: "CoreMetrics", package: "swift-metrics", condition: server),
                .product(name: "NIOCore", package: "swift-nio", condition: server),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: server),
                .product(name: "NIOPosix", package: "swift-nio", condition: server),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: server),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras", condition: server),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: server),
                .product(name: "UnixSignals", package: "swift-service-lifecycle", condition: server),
            ],
            exclude: ["KaTeX/LICENSE"], resources: [.embedInCode("Page")]),
        .target(
            name: "SpecSearchCLI",
            dependencies: [
                "SpecSearch", "SpecSearchLlama", "SpecSearchEvaluation", "SpecSearchMeasurement", "MathGrading",
                "ModelHub", "Checksums",
                .target(name: "SpecSearchRemote", condition: cluster),
                .target(name: "SpecSearchServer", condition: server),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration", condition: cluster),
                .product(name: "SystemPackage", package: "swift-system", condition: cluster),
                .product(name: "Yams", package: "Yams", condition: cluster),
                .product(name: "Logging", package: "swift-log", condition: server),
                .product(name: "Metrics", package: "swift-metrics", condition: server),
            ]),
        .executableTarget(
            name: "specsearch",
            dependencies: ["SpecSearchCLI", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        // What tests, benchmarks and fuzzers share: scripted models and servers, invariants.
        .target(
            name: "SpecSearchTesting",
            dependencies: [
                "SpecSearch", .product(name: "NIOCore", package: "swift-nio", condition: cluster),
                .product(name: "NIOPosix", package: "swift-nio", condition: cluster),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: cluster),
            ]),
        .target(name: "SpecSearchFuzzing", dependencies: ["SpecSearch", "SpecSearchRemote", "SpecSearchServer"]),
        // Tests.
        .testTarget(name: "SpecSearchTests", dependencies: ["SpecSearch", "MathGrading", "SpecSearchTesting"]),
        .testTarget(name: "ExtensionTests", dependencies: ["SpecSearch"]),
        .testTarget(name: "SpecSearchLlamaTests", dependencies: ["SpecSearchLlama", "CLlama", "JSONGrammar"]),
        .testTarget(name: "JSONGrammarTests", dependencies: ["JSONGrammar"]),
        .testTarget(
            name: "SpecSearchRemoteTests", dependencies: ["SpecSearchRemote", "SpecSearchLlama", "SpecSearchTesting"]),
        .testTarget(
            name: "MathGradingTests", dependencies: ["MathGrading"], resources: [.embedInCode("Cases/grading.jsonl")]),
        .testTarget(
            name: "RealModelTests", dependencies: ["SpecSearch", "SpecSearchLlama", "ModelHub", "SpecSearchTesting"]),
        .testTarget(name: "ChecksumsTests", dependencies: ["Checksums"]),
        .testTarget(name: "ModelHubTests", dependencies: ["ModelHub", "Checksums", "SpecSearch"]),
        .testTarget(
            name: "SpecSearchEvaluationTests",
            dependencies: ["SpecSearchEvaluation", "MathGrading", "SpecSearchTesting"]),
        .testTarget(
            name: "SpecSearchMeasurementTests",
            dependencies: ["SpecSearchMeasurement", "SpecSearchEvaluation", "SpecSearchLlama", "SpecSearchTesting"]),
        .testTarget(
            name: "SpecSearchServerTests",
            dependencies: [
                "SpecSearchServer", "SpecSearchTesting", "Checksums",
                .product(name: "HummingbirdTesting", package: "hummingbird", condition: server),
                .product(name: "AsyncHTTPClient", package: "async-http-client", condition: server),
                .product(name: "CoreMetrics", package: "swift-metrics", condition: server),
                .product(name: "HTTPTypes", package: "swift-http-types", condition: server),
                .product(name: "Hummingbird", package: "hummingbird", condition: server),
                .product(name: "Logging", package: "swift-log", condition: server),
                .product(name: "NIOCore", package: "swift-nio", condition: server),
                .product(name: "NIOHTTP1", package: "swift-nio", condition: server),
                .product(name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle", condition: server),
            ]),
        .testTarget(
            name: "SpecSearchFuzzingTests", dependencies: ["SpecSearchFuzzing", "SpecSearch", "SpecSearchTesting"]),
        .testTarget(
            name: "SpecSearchCLITests",
            dependencies: [
                "specsearch", "SpecSearch", "SpecSearchCLI", "SpecSearchEvaluation", "SpecSearchLlama", "MathGrading",
                "SpecSearchRemote", "SpecSearchTesting",
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
