import Foundation
package import SpecSearch

/// Which layers of an engine's models are computed where, chosen before anything is loaded.
///
/// Small models come first: they run most often. Where the user says nothing, each has as many layers on the devices as
/// there is room for, by ``MemoryEstimate``.
package struct PlacementPlan: Sendable {
    /// The weights of one file, and what is asked for.
    package struct Request: Sendable {
        /// The roles that they play.
        package var roles: [ModelRole]
        package var path: String
        package var estimate: MemoryEstimate
        package var placement = LlamaEngine.Placement()
        package var configuration = LlamaContext.Configuration()
        /// How many contexts a worker has of them: one for each choice of adapters.
        package var instances = 1

        package init(
            roles: [ModelRole], path: String, estimate: MemoryEstimate, placement: LlamaEngine.Placement = .init(),
            configuration: LlamaContext.Configuration = .init()
        ) {
            self.roles = roles
            self.path = path
            self.estimate = estimate
            self.placement = placement
            self.configuration = configuration
        }
    }

    /// Where one model is.
    package struct Assignment: Sendable, Hashable {
        /// How many layers are on the devices, the last ones first, the output counting as one.
        package var gpuLayers = 0
        /// The names of the devices.
        package var devices: [String] = []
        /// The devices' shares of those layers.
        package var shares: [Double] = []

        /// All on the processor.
        package static let processor = Assignment()
    }

    /// The memory of one device, or of the processor.
    package struct Use: Sendable, Hashable, Codable {
        /// The device's name; `CPU` for the processor.
        package var device: String
        package var bytes: MemoryEstimate.Bytes
        /// What is free, in bytes; 0 where that is not known.
        package var free: Int
    }

    /// Where each role's model is.
    package private(set) var assignments: [ModelRole: Assignment] = [:]
    /// What the models take, the processor first.
    package private(set) var uses: [Use]

    /// What the device keeps for itself and for what the estimate misses: a twentieth, at least 256 MiB.
    package static func reserve(of free: Int) -> Int { max(free / 20, min(free / 4, 256 << 20)) }

    /// Chooses.
    ///
    /// - Parameters:
    ///   - devices: Those that there are.
    ///   - hostMemory: The processor's memory in bytes.
    ///   - contexts: How many contexts each model has on a device, one for each worker: they are reserved there, and in
    ///     the processor's memory only the first worker's is counted.
    /// - Throws: ``SpecSearchError`` `badSetting` for devices that are not there and sizes out of range, `computeFailed`
    ///   where the memory does not suffice.
    package init(
        _ requests: [Request], devices: [ComputeDevice] = ComputeDevice.all,
        hostMemory: Int = Int(clamping: ProcessInfo.processInfo.physicalMemory), contexts: Int = 1
    ) throws(SpecSearchError) {
        for request in requests { try request.configuration.check() }
        uses = [Use(device: "CPU", bytes: .init(), free: hostMemory)]
        uses += devices.filter(\.takesLayers).map { Use(device: $0.name, bytes: .init(), free: $0.freeMemory) }
        func size(_ index: Int) -> Int {
            requests[index].estimate.spread(
                gpuLayers: 0, shares: [], configuration: requests[index].configuration,
                contexts: requests[index].instances, deviceContexts: 0
            ).host.total
        }
        for index in requests.indices.sorted(by: { (size($0), $0) < (size($1), $1) }) {
            try place(requests[index], devices, contexts)
        }
    }

    private mutating func place(
        _ request: Request, _ devices: [ComputeDevice], _ contexts: Int
    ) throws(SpecSearchError) {
        let chosen = try request.placement.chosen(from: devices)
        let room = chosen.map { device in
            let free = uses.first { $0.device == device.name }.map { $0.free - $0.bytes.total } ?? 0
            // Who says how many layers may use all that is free; and a device that does not say has room.
            let reserve = request.placement.gpuLayers == nil ? Self.reserve(of: device.freeMemory) : 0
            return device.freeMemory == 0 ? Int.max : max(0, free - reserve)
        }
        var shares = request.placement.tensorSplit
        if shares.isEmpty { shares = room.map { Double($0) } }
        let sum = shares.reduce(0, +)
        shares = shares.map { sum > 0 ? $0 / sum : 1 / Double(shares.count) }
        func spread(_ layers: Int) -> MemoryEstimate.Spread {
            request.estimate.spread(
                gpuLayers: layers, shares: shares, configuration: request.configuration,
                contexts: request.instances, deviceContexts: request.instances * contexts)
        }
        func fits(_ layers: Int) -> Bool { zip(spread(layers).devices, room).allSatisfy { $0.total <= $1 } }
        let most = chosen.isEmpty ? 0 : request.estimate.placeableLayers
        let fitting = (0...most).last(where: fits) ?? 0
        let layers = min(most, request.placement.gpuLayers ?? fitting)
        let result = spread(layers)
        let role = request.roles.first?.rawValue ?? "model"
        let name = "The \(role) (\(request.path))"
        for (place, bytes) in result.devices.enumerated() where layers > 0 && bytes.total > room[place] {
            throw SpecSearchError(
                .computeFailed,
                "\(name) with \(layers) layers on GPUs takes \(Self.text(bytes)) of \(chosen[place].name), and "
                    + "\(Self.mebibytes(room[place])) can be had.",
                remedy: "Place at most \(fitting) there (--gpu-layers \(role):\(fitting)), lower "
                    + "--cache-tokens or --workers, or take a smaller quantisation.")
        }
        let host = uses[0].bytes + result.host
        guard host.total <= uses[0].free else {
            throw SpecSearchError(
                .computeFailed,
                "\(name) brings what the models take of this machine's memory to \(Self.text(host)), and it has "
                    + "\(Self.mebibytes(uses[0].free)).",
                remedy: "Lower --cache-tokens, take a smaller quantisation"
                    + (most > layers ? ", or place more layers on GPUs (--gpu-layers)." : ", or a smaller model."))
        }
        uses[0].bytes = host
        for (device, bytes) in zip(chosen, result.devices) where layers > 0 {
            for use in uses.indices where uses[use].device == device.name { uses[use].bytes = uses[use].bytes + bytes }
        }
        guard layers > 0 else { return }
        for role in request.roles {
            assignments[role] = Assignment(gpuLayers: layers, devices: chosen.map(\.name), shares: shares)
        }
    }

    private static func text(_ bytes: MemoryEstimate.Bytes) -> String {
        "\(mebibytes(bytes.total)) (weights \(mebibytes(bytes.weights)), KV cache \(mebibytes(bytes.cache)), computing "
            + "\(mebibytes(bytes.compute)))"
    }

    private static func mebibytes(_ bytes: Int) -> String { bytes == .max ? "all" : "\(bytes >> 20) MiB" }
}

extension PlacementPlan {
    /// Chooses for the models of a set.
    ///
    /// Roles that share a file share its place, which is what is said of the first of them of which anything is said.
    package init(
        _ models: ModelSet, options: LlamaEngine.Options, devices: [ComputeDevice] = ComputeDevice.all
    ) throws(SpecSearchError) {
        var files: [[ModelSet.DistinctModel]] = []
        for model in models.distinctModels {
            let path = ModelSet.realPath(model.file)
            if let known = files.firstIndex(where: { ModelSet.realPath($0[0].file) == path }) {
                files[known].append(model)
            } else {
                files.append([model])
            }
        }
        var requests: [Request] = []
        for same in files {
            let roles = same.flatMap(\.roles)
            let said = roles.first { options.placement[$0] != nil } ?? roles[0]
            let estimate = try MemoryEstimate(path: same[0].file, adapters: same.flatMap(\.adapters).map(\.file))
            var request = Request(
                roles: roles, path: same[0].file, estimate: estimate,
                placement: options.placement[said] ?? LlamaEngine.Placement(),
                configuration: options.contextConfiguration(for: roles, of: models, weights: estimate.weights))
            request.instances = same.count
            requests.append(request)
        }
        try self.init(requests, devices: devices, contexts: options.workers)
    }
}
