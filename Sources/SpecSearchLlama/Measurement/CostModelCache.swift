public import Foundation
public import SpecSearch
internal import Synchronization

/// Where measured cost models are kept: one file a user for each set of models on each machine.
public struct CostModelCache: Sendable {
    /// The file.
    public let file: URL

    /// - Parameters:
    ///   - placement: Where the models are computed, as ``LlamaEngine/Options/placement``.
    ///   - root: The folder; nil for the per-user cache.
    public init(_ models: ModelSet, placement: [ModelRole: LlamaEngine.Placement] = [:], root: URL? = nil) {
        var name = Self.machine
        for device in ComputeDevice.all where device.takesLayers { name += " \(device.name) \(device.description)" }
        for role in ModelRole.allCases {
            name += " \(role.rawValue)" + (models[role].map(Self.fingerprint) ?? " none")
            name += placement[role].map { " \($0.described)" } ?? ""
            for adapter in models.adapters[role] ?? [] { name += " \(adapter.file) \(adapter.scale)" }
        }
        let hash = String(RandomKey.hash(name + LlamaLibrary.version), radix: 16)
        file = (root ?? Self.userCache).appendingPathComponent("cost-\(hash).json")
    }

    /// What was measured, if anything was; a file whose figures cannot be is as good as none.
    public func load() -> CostModel? {
        guard let data = try? Data(contentsOf: file),
            let cost = try? JSONDecoder().decode(CostModel.self, from: data), cost.isPlausible
        else { return nil }
        return cost
    }

    /// Keeps a measurement.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed`, naming the file.
    public func store(_ cost: CostModel) throws(SpecSearchError) {
        do {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try encoder.encode(cost).write(to: file, options: .atomic)
        } catch {
            throw SpecSearchError(
                .ioFailed, "What was measured cannot be kept in \(file.path): \(error.inWords).",
                remedy: "Name a folder that can be written by XDG_CACHE_HOME.")
        }
    }

    package static var userCache: URL {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
            // Foundation asks the list of users, and not the environment.
            ?? (environment["HOME"].flatMap { $0.isEmpty ? nil : URL(fileURLWithPath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser).appendingPathComponent(".cache")
        return cache.appendingPathComponent("specsearch")
    }

    /// The processor and how many of its cores there are.
    static var machine: String {
        let lines = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?.split(separator: "\n") ?? []
        let processor = lines.first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") } ?? "unknown"
        return "\(processor) \(ProcessInfo.processInfo.activeProcessorCount)"
    }

    /// The size and the first and last megabyte of each of a model's files: enough to tell models apart without reading
    /// gigabytes.
    package static func fingerprint(_ path: String) -> String {
        GGUFFile.paths(of: path).map(partFingerprint).joined()
    }

    private static func partFingerprint(_ path: String) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else { return path }
        defer { try? handle.close() }
        let megabyte: UInt64 = 1 << 20
        let size = (try? handle.seekToEnd()) ?? 0
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for offset in [0, size > megabyte ? size - megabyte : 0] {
            try? handle.seek(toOffset: offset)
            // Through the buffer: an iterator over `Data` takes a hundred times as long.
            ((try? handle.read(upToCount: Int(megabyte))) ?? Data()).withUnsafeBytes { bytes in
                for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            }
        }
        return " \(size)-\(hash)"
    }
}

extension LlamaEngine.Options {
    /// Runs the models as a measurement says.
    ///
    /// - Parameter models: The models that were measured.
    public mutating func adopt(_ cost: CostModel, of models: ModelSet) {
        costs = cost
        if numSpeculativeTokens == nil, !cost.speculationSeconds.isEmpty {
            numSpeculativeTokens = cost.numSpeculativeTokens(
                usual: models.numSpeculativeTokens ?? Self.usualNumSpeculativeTokens)
        }
        let measured = Set(cost.curves.map(\.role))
        for role in measured {
            let choice = cost.choice(for: role)
            // Where one was the fastest the machine may just have been busy: what is done by default sees when it is not.
            if choice.threads > 1 { roleThreads[role] = choice.threads }
            microBatch[role] = choice.microBatch
            if choice.flashAttention { flashAttention.insert(role) } else { flashAttention.remove(role) }
        }
    }
}

// MARK: What searches have shown

extension CostModelCache {
    private var memoryFile: URL {
        file.deletingLastPathComponent().appending(
            path: file.lastPathComponent.replacing("cost-", with: "methods-"))
    }

    /// What the searches so far have shown of the methods, kept from now on as they go: at most every fifth of a second,
    /// and not at all where the folder cannot be written.
    public func memory() -> MethodMemory {
        let file = memoryFile
        let known = (try? Data(contentsOf: file)).flatMap { try? JSONDecoder().decode(MethodHistory.self, from: $0) }
        let history = known.flatMap { $0.isPlausible ? $0 : nil } ?? MethodHistory()
        let last = Mutex(ContinuousClock.now - .seconds(1))
        return MethodMemory(history) { history in
            let isDue = last.withLock { last in
                guard ContinuousClock.now - last > .milliseconds(200) else { return false }
                last = .now
                return true
            }
            guard isDue, let data = try? JSONEncoder().encode(history) else { return }
            try? FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try? data.write(to: file, options: .atomic)
        }
    }
}
