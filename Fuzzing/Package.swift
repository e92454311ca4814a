// swift-tools-version: 6.2
// libFuzzer over the targets of SpecSearchFuzzing; see Scripts/fuzz.sh, which gives the flags that instrument all of it.
import PackageDescription

let package = Package(
    name: "fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "specsearch", path: "..")],
    targets: [
        .systemLibrary(name: "CFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", .product(name: "SpecSearchFuzzing", package: "specsearch")]),
    ]
)
