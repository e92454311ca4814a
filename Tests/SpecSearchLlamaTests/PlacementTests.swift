import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Which layers of the models are computed where, on devices that are imagined.
@Suite struct PlacementTests {
    private let directory: ToyDirectory
    private let estimate: MemoryEstimate
    private var configuration: LlamaContext.Configuration {
        var configuration = LlamaContext.Configuration()
        configuration.slots = 1 << 16
        configuration.batch = 16
        return configuration
    }
    private static let cpu = ComputeDevice(
        name: "CPU", kind: .cpu, description: "a processor", freeMemory: 1 << 40, totalMemory: 1 << 40)

    init() throws {
        directory = try ToyDirectory()
        // With so many slots a layer's keys and values take 16 MiB, and computing 12.
        estimate = try MemoryEstimate(path: directory.model("big.gguf", .init(embedding: 64, layers: 4)))
    }

    private func gpu(_ name: String, mebibytes: Int, kind: ComputeDevice.Kind = .gpu) -> ComputeDevice {
        ComputeDevice(
            name: name, kind: kind, description: "a GPU", freeMemory: mebibytes << 20, totalMemory: mebibytes << 20)
    }

    private func plan(
        _ devices: [ComputeDevice], _ placement: LlamaEngine.Placement = .init(), contexts: Int = 1,
        hostMemory: Int = 1 << 40
    ) throws(SpecSearchError) -> PlacementPlan {
        try PlacementPlan(
            [
                PlacementPlan.Request(
                    roles: [.target], path: "big.gguf", estimate: estimate, placement: placement,
                    configuration: configuration)
            ], devices: [Self.cpu] + devices, hostMemory: hostMemory, contexts: contexts)
    }

    @Test func `Weights and KV cache are what llama.cpp says`() throws {
        let model = try LlamaModel(path: directory.path("big.gguf"))
        let use = try plan([]).uses[0]
        #expect(use.device == "CPU" && use.bytes.weights == model.weightBytes)
        #expect(use.bytes.cache == model.cacheBytesPerToken << 16 && use.bytes.compute > 0)
        #expect(estimate.placeableLayers == 5)
    }

    @Test func `As many layers are placed as fit, and all the memory is accounted for`() throws {
        var last = -1
        var seen: Set<Int> = []
        for mebibytes in stride(from: 8, through: 120, by: 4) {
            let plan = try plan([gpu("GPU0", mebibytes: mebibytes)])
            let assignment = plan.assignments[.target] ?? .processor
            #expect(assignment.gpuLayers >= last)
            last = assignment.gpuLayers
            seen.insert(last)
            let there = plan.uses[1].bytes.total
            #expect(there + PlacementPlan.reserve(of: mebibytes << 20) <= mebibytes << 20)
            // Nothing is lost between the two.
            let whole = try self.plan([]).uses[0].bytes
            #expect(plan.uses[0].bytes.weights + plan.uses[1].bytes.weights == whole.weights)
            #expect(plan.uses[0].bytes.cache + plan.uses[1].bytes.cache == whole.cache)
        }
        #expect(last == 5 && seen.isSuperset(of: [0, 2, 3, 5]), "\(seen)")
        // A device that does not say how much it has is trusted; each worker has caches of its own there.
        #expect(try plan([gpu("GPU0", mebibytes: 0)]).assignments[.target]?.gpuLayers == 5)
        let caches = try [1, 3].map { try plan([gpu("GPU0", mebibytes: 4096)], contexts: $0).uses[1].bytes.cache }
        #expect(caches[1] == 3 * caches[0])
    }

    @Test func `What is asked for and does not fit is refused with the number that does`() throws {
        let small = gpu("GPU0", mebibytes: 62)
        // By default some is left free.
        let usual = try #require(try plan([small]).assignments[.target]?.gpuLayers)
        let fitting = usual + 1
        let error = #expect(throws: SpecSearchError.self) { try plan([small], .init(gpuLayers: 5)) }
        #expect(error?.code == .computeFailed && error?.message.contains("GPU0") == true)
        #expect(error?.remedy.contains("--gpu-layers target:\(fitting)") == true, "\(error?.remedy ?? "")")
        #expect(try plan([small], .init(gpuLayers: fitting)).assignments[.target]?.gpuLayers == fitting)
        #expect(throws: SpecSearchError.self) { try plan([small], .init(gpuLayers: fitting + 1)) }
        #expect(try plan([small], .processor).assignments[.target] == nil)
        let host = #expect(throws: SpecSearchError.self) { try plan([], hostMemory: 16 << 20) }
        #expect(host?.remedy.contains("--cache-tokens") == true && host?.message.contains("this machine") == true)
        // What is on the GPU is not in the processor's memory.
        _ = try plan([gpu("GPU0", mebibytes: 4096)], hostMemory: 16 << 20)
    }

    @Test func `Devices are chosen by name, number and share`() throws {
        let devices = [
            gpu("GPU0", mebibytes: 4096), gpu("GPU1", mebibytes: 4096),
            gpu("iGPU", mebibytes: 4096, kind: .integratedGPU),
        ]
        let usual = try #require(try plan(devices).assignments[.target])
        #expect(usual.devices == ["GPU0", "GPU1"] && usual.shares == [0.5, 0.5])
        #expect(try plan(devices, .init(devices: ["igpu"])).assignments[.target]?.devices == ["iGPU"])
        #expect(try plan(devices, .init(devices: ["cpu"])).assignments[.target] == nil)
        #expect(try plan(devices, .init(mainGPU: 1)).assignments[.target]?.devices == ["GPU1"])
        let split = try plan(devices, .init(tensorSplit: [4, 1]))
        // Four of the five are on the first, and the output on the second.
        let cache = try plan([]).uses[0].bytes.cache
        #expect(split.uses[2].bytes.cache == 0 && split.uses[1].bytes.cache == cache)
        for (placement, text) in [
            (LlamaEngine.Placement(devices: ["CUDA7"]), "CUDA7"), (.init(mainGPU: 2), "no GPU 2"),
            (.init(tensorSplit: [1]), "does not suit 2 devices"), (.init(gpuLayers: -1), "-1 layers"),
            (.init(devices: ["GPU0", "GPU0"]), "again"),
        ] {
            let error = #expect(throws: SpecSearchError.self) { try plan(devices, placement) }
            #expect(error?.code == .badSetting && error?.message.contains(text) == true, "\(String(describing: error))")
            #expect(error?.remedy.contains("GPU0") == true)
        }
        let none = #expect(throws: SpecSearchError.self) { try plan([], .init(gpuLayers: 3)) }
        #expect(
            none?.remedy.contains("SPECSEARCH_BACKEND") == true && none?.remedy.contains("CPU (a processor)") == true)
    }

    @Test func `Only models that are there, and may have layers on a GPU, use one`() {
        let devices = [Self.cpu, gpu("GPU0", mebibytes: 4096)]
        let models = ModelSet(draft: "d", target: "t")
        func uses(_ placement: [ModelRole: LlamaEngine.Placement], _ models: ModelSet) -> Bool {
            var options = LlamaEngine.Options()
            options.placement = placement
            return options.usesGPUs(models, devices: devices)
        }
        #expect(uses([:], models) && uses([.draft: .processor], models))
        #expect(!LlamaEngine.Options().usesGPUs(models, devices: [Self.cpu]))
        // Nothing is said of the reward model, and there is none.
        #expect(!uses([.draft: .processor, .target: .processor], models))
        #expect(!uses([.draft: .init(devices: ["cpu"]), .target: .init(devices: ["CPU"])], models))
        #expect(uses([.draft: .init(devices: ["cpu"]), .target: .init(devices: ["gpu0"])], models))
        #expect(!uses([.target: .processor], ModelSet(target: "t", rewardModel: "t")))
    }

    @Test func `Small models come first, and shared weights are counted once`() throws {
        var set = try directory.models()
        set.target = directory.path("big.gguf")
        var options = LlamaEngine.Options()
        options.workers = 1
        let plan = try PlacementPlan(set, options: options, devices: [Self.cpu, gpu("GPU0", mebibytes: 100)])
        #expect(plan.assignments[.draft]?.gpuLayers == 2 && plan.assignments[.rewardModel]?.gpuLayers == 2)
        #expect(plan.assignments[.target]?.gpuLayers ?? 0 < 5)
        // The same file in two roles, with and without an adapter: two caches, and one place.
        try ToyAdapter().write(to: directory.path("adapter.gguf"))
        set.rewardModel = set.draft
        set.target = nil
        let one = try PlacementPlan(set, options: options, devices: [Self.cpu])
        set.adapters[.rewardModel] = [.init(file: directory.path("adapter.gguf"))]
        let two = try PlacementPlan(set, options: options, devices: [Self.cpu])
        #expect(two.uses[0].bytes.cache == 2 * one.uses[0].bytes.cache)
        let adapter = try GGUFFile(path: directory.path("adapter.gguf")).tensors.reduce(0) { $0 + $1.bytes }
        #expect(two.uses[0].bytes.weights == one.uses[0].bytes.weights + adapter)
    }
}
