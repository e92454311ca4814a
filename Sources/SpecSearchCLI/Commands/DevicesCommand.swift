internal import ArgumentParser
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch devices`.
struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices that models can be computed on.",
        discussion: """
            Names are those of --device. By default as many layers of each model are on GPUs as there is memory for.
            """)

    @Flag(help: "Print everything as JSON.")
    var json = false

    func run() throws {
        let devices = ComputeDevice.all
        try StandardStreams.print(json ? try devices.json() : Self.text(of: devices))
    }

    static func text(of devices: [ComputeDevice]) -> String {
        let kinds: [ComputeDevice.Kind: String] = [
            .cpu: "processor", .gpu: "GPU", .integratedGPU: "integrated GPU", .accelerator: "accelerator",
        ]
        func mebibytes(_ bytes: Int) -> String { bytes > 0 ? "\((bytes >> 20).grouped) MiB" : "unknown" }
        let table = MarkdownTable(
            header: ["device", "kind", "description", "free", "memory"],
            rows: devices.map {
                [
                    $0.name, kinds[$0.kind] ?? "", $0.description, mebibytes($0.freeMemory), mebibytes($0.totalMemory),
                ]
            })
        guard !devices.contains(where: \.takesLayers) else { return table.lines.joined(separator: "\n") }
        let advice = """

            There is no GPU that llama.cpp, as it was built, can use. To have it built for one, with its toolkit here:
            SPECSEARCH_BACKEND=cuda make build (or hip, vulkan, metal).
            """
        return table.lines.joined(separator: "\n") + "\n" + advice
    }
}
