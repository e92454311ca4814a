// swift-tools-version: 6.1
import PackageDescription

// Apart from the library's package, so that users of the library build none of this.
let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "SpecSearch", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .target(
            name: "HotPaths",
            dependencies: [
                .product(name: "SpecSearch", package: "SpecSearch"),
                .product(name: "SpecSearchTesting", package: "SpecSearch"),
                .product(name: "CKernels", package: "SpecSearch"),
            ]),
        // What check.py counts the instructions of.
        .executableTarget(name: "hotpath", dependencies: ["HotPaths"]),
        // What a cluster's coordinator adds to its servers' time.
        .executableTarget(
            name: "coordinator",
            dependencies: [
                .product(name: "SpecSearch", package: "SpecSearch"),
                .product(name: "SpecSearchRemote", package: "SpecSearch"),
                .product(name: "SpecSearchTesting", package: "SpecSearch"),
            ]),
        // What `swift package benchmark` times.
        .executableTarget(
            name: "HotPathTimes",
            dependencies: ["HotPaths", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/HotPathTimes",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ]
)
