import SpecSearch

extension LlamaEngine {
    /// Where a model's layers are computed: by default as many on GPUs as fit, the rest on the processor.
    ///
    /// ```swift
    /// var options = LlamaEngine.Options()
    /// options.placement[.draft] = .processor
    /// options.placement[.target] = LlamaEngine.Placement(gpuLayers: 20, devices: ["CUDA0", "CUDA1"])
    /// ```
    public struct Placement: Sendable, Hashable, Codable {
        /// How many layers are on GPUs, the last ones first, the output counting as one; nil for all that fit.
        public var gpuLayers: Int?
        /// The names of the devices, as in ``ComputeDevice/all``; empty for all GPUs.
        public var devices: [String] = []
        /// Which of the devices, from 0, takes the whole model; nil to spread it over all of them.
        public var mainGPU: Int?
        /// The devices' shares of the layers, in their order and any unit; empty to share by free memory.
        public var tensorSplit: [Double] = []

        public init(
            gpuLayers: Int? = nil, devices: [String] = [], mainGPU: Int? = nil, tensorSplit: [Double] = []
        ) {
            self.gpuLayers = gpuLayers
            self.devices = devices
            self.mainGPU = mainGPU
            self.tensorSplit = tensorSplit
        }

        /// All on the processor.
        public static let processor = Placement(gpuLayers: 0)
    }
}

extension LlamaEngine.Placement {
    /// The devices that are meant, of those that there are.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the devices that there are.
    func chosen(from present: [ComputeDevice]) throws(SpecSearchError) -> [ComputeDevice] {
        func refusal(_ message: String, _ remedy: String) -> SpecSearchError {
            let list = present.map { "\($0.name) (\($0.description))" }.joined(separator: ", ")
            return SpecSearchError(.badSetting, message, remedy: "\(remedy) There is: \(list).")
        }
        let able = ComputeDevice.usual(of: present)
        if able.isEmpty, gpuLayers ?? 0 > 0 || mainGPU != nil || !tensorSplit.isEmpty {
            throw refusal(
                "Layers cannot be placed on a GPU: llama.cpp sees none.",
                "Leave --gpu-layers, --main-gpu and --tensor-split out, or build for a GPU (SPECSEARCH_BACKEND=cuda, "
                    + "hip, vulkan or metal).")
        }
        guard gpuLayers ?? 0 >= 0 else {
            throw refusal("There cannot be \(gpuLayers ?? 0) layers on GPUs.", "Use 0 or more.")
        }
        var devices = able
        if !devices.isEmpty || !self.devices.isEmpty { devices = try named(present, refusal) ?? able }
        if let mainGPU {
            guard devices.indices.contains(mainGPU) else {
                throw refusal(
                    "There is no GPU \(mainGPU): \(devices.count) can be used, counted from 0.",
                    "Use 0 ... \(max(0, devices.count - 1)), or name one with --device.")
            }
            devices = [devices[mainGPU]]
        }
        guard
            tensorSplit.isEmpty
                || tensorSplit.count == devices.count && tensorSplit.allSatisfy({ $0 >= 0 && $0.isFinite })
                    && tensorSplit.contains(where: { $0 > 0 })
        else {
            throw refusal(
                "The tensor split \(tensorSplit) does not suit \(devices.count) devices.",
                "Give one share for each: \(devices.map(\.name).joined(separator: ", ")).")
        }
        return gpuLayers == 0 ? [] : devices
    }

    /// The devices that are named; nil where none are.
    private func named(
        _ present: [ComputeDevice], _ refusal: (String, String) -> SpecSearchError
    ) throws(SpecSearchError) -> [ComputeDevice]? {
        if devices.isEmpty { return nil }
        var found: [ComputeDevice] = []
        for name in devices {
            guard let device = present.first(where: { $0.name.lowercased() == name.lowercased() }) else {
                throw refusal("There is no device \(name).", "Choose another.")
            }
            if device.kind == .cpu { continue }
            guard device.takesLayers, !found.contains(device) else {
                throw refusal("Layers cannot be placed on \(name) (again).", "Choose GPUs, each once.")
            }
            found.append(device)
        }
        return found
    }
}

extension LlamaEngine.Options {
    /// Whether layers of any of the models may be on a GPU that is there.
    package func usesGPUs(_ models: ModelSet, devices: [ComputeDevice] = ComputeDevice.all) -> Bool {
        let roles = ModelRole.allCases.filter { models[$0] != nil }
        let files = Dictionary(grouping: roles) { ModelSet.realPath(models[$0] ?? "") }
        return files.values.contains { sharing in
            // As `PlacementPlan` has it: what is said of the first role of a file of which anything is said.
            let said = sharing.compactMap { placement[$0] }.first ?? LlamaEngine.Placement()
            return (try? said.chosen(from: devices))?.isEmpty == false
        }
    }
}

extension LlamaEngine.Placement {
    /// In words, for a run's record.
    var described: String {
        var words: [String] = []
        if let gpuLayers { words.append("\(gpuLayers) layers") }
        words += devices
        if let mainGPU { words.append("main \(mainGPU)") }
        if !tensorSplit.isEmpty { words.append("split \(tensorSplit.map { "\($0)" }.joined(separator: ","))") }
        return words.joined(separator: " ")
    }
}
