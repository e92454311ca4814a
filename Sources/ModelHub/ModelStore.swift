import Foundation
public import SpecSearch

/// The models of this machine: lists sets, pulls them, says where they are, and removes them.
///
/// ```swift
/// let store = try ModelStore()
/// let set = try await store.pull("qwen2.5-coder") { print($0) }
/// let engine = try await LlamaEngine(ModelSet(directory: set.folder))
/// ```
/// Files are in the hub's cache, which llama.cpp and transformers share; see ``HubEnvironment``.
public struct ModelStore: Sendable {
    /// The sets that have a name.
    public let catalogue: Catalogue
    /// Where the hub and its cache are.
    public let environment: HubEnvironment
    /// Where shipped sets are looked for.
    let shippedRoots: [String]
    let cache: HubCache
    let client: HubClient
    let download: HubDownload
    let parts: PartsDownload
    let folders: SetFolders

    /// The store that the environment describes.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` where the user's catalogue cannot be read.
    public init(environment: HubEnvironment = HubEnvironment(), catalogue: Catalogue? = nil) throws(SpecSearchError) {
        try self.init(environment: environment, catalogue: catalogue, http: HTTPClient())
    }

    /// A store whose surroundings tests replace.
    package init(
        environment: HubEnvironment, catalogue: Catalogue?, http: HTTPClient, retry: RetryPolicy = RetryPolicy(),
        plan: HubDownload.Plan = HubDownload.Plan(), disk: LocalDisk = LocalDisk(),
        pip: [String] = ["python3", "-m", "pip"], shippedRoots: [String]? = nil
    ) throws(SpecSearchError) {
        self.environment = environment
        if let catalogue { self.catalogue = catalogue } else { self.catalogue = try Catalogue(environment) }
        self.shippedRoots = shippedRoots ?? Self.defaultRoots
        cache = HubCache(folder: environment.cache, disk: disk)
        client = HubClient(environment: environment, http: http, retry: retry)
        download = HubDownload(client: client, cache: cache, plan: plan)
        parts = PartsDownload(cache: cache, folder: environment.ownFolder + "/parts", pip: pip)
        folders = SetFolders(
            folder: environment.ownFolder + "/sets", fallback: environment.userFolder + "/sets", disk: disk,
            cache: environment.cache)
    }

    /// The working directory, the program's directory, and those above them.
    private static var defaultRoots: [String] {
        let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "").resolvingSymlinksInPath()
        let starts = [FileManager.default.currentDirectoryPath, program.deletingLastPathComponent().path]
        return starts.flatMap { start in
            sequence(first: start) { $0 == "/" || $0.isEmpty ? nil : ($0 as NSString).deletingLastPathComponent }
        }
    }

    /// The set that a reference names.
    ///
    /// - Throws: ``SpecSearchError`` `notFound`, with the names that there are.
    func entry(_ reference: ModelReference) throws(SpecSearchError) -> CatalogueEntry {
        switch reference {
        case .set(let name):
            guard let entry = catalogue[name] else {
                throw SpecSearchError(
                    .notFound, "There is no set of models named `\(name)`.",
                    remedy: "There are: \(catalogue.entries.map(\.name).joined(separator: ", ")); or write "
                        + "hf:OWNER/REPO:QUANT for a model of the hub.")
            }
            return entry
        case .hub(let hub):
            return CatalogueEntry(
                name: String(reference.folderName.dropFirst("hf--".count)), summary: "A model of the hub, alone.",
                licence: "see https://huggingface.co/\(hub.repository)",
                roles: [.target: ModelFile(sources: [.hub(hub)])],
                rewardNote: "No reward model: name one with --prm, or use self-consistency.")
        }
    }

    /// The files of a role's model in the cache: all parts, or nil where one is not there.
    func present(_ file: ModelFile) -> [HubFile]? {
        guard let hub = file.hub, let paths = try? localPaths(hub) else { return nil }
        let files = paths.map { hubFile($0, hub, file, count: paths.count) }
        return files.allSatisfy { cache.locate($0) != nil } ? files : nil
    }

    /// The paths of a model in its repository, as far as they can be told without asking.
    private func localPaths(_ hub: ModelSource.Hub) throws(SpecSearchError) -> [String] {
        if case .file(let path) = hub.choice { return GGUFChoice.all(of: path) }
        let paths = cache.files(hub.repository, hub.revision).map(\.path)
        return try GGUFChoice.files(hub.choice, among: paths, of: hub.repository)
    }

    /// A file of a model; the catalogue's size and checksum are those of models in one part.
    private func hubFile(_ path: String, _ hub: ModelSource.Hub, _ file: ModelFile, count: Int) -> HubFile {
        HubFile(
            repository: hub.repository, revision: hub.revision, path: path, sha256: count == 1 ? file.sha256 : nil,
            size: count == 1 ? file.size : nil)
    }

    /// The set as it is in the cache; nil where a file is missing.
    ///
    /// A reference without a quantisation counts only if it was pulled: the repository may have more models than one.
    func installed(_ reference: ModelReference, _ entry: CatalogueEntry) throws(SpecSearchError) -> InstalledSet? {
        if let directory = entry.directory { return try shipped(reference, entry, directory) }
        var files: [SetRecord.File] = []
        if let record = folders.record(reference), record.entry.roles == entry.roles,
            record.entry.adapters == entry.adapters, isComplete(record)
        {
            files = record.files
        } else {
            if case .hub(let hub) = reference, hub.choice == .any, !environment.isOffline { return nil }
            for (role, adapter, file) in entry.files {
                guard let present = present(file) else { return nil }
                files += present.map { Self.recorded($0, role, adapter) }
            }
        }
        return try install(reference, entry, files)
    }

    /// Whether all that was pulled is still there.
    private func isComplete(_ record: SetRecord) -> Bool {
        !record.files.isEmpty && record.files.allSatisfy { cache.locate($0.hubFile) != nil }
    }

    static func recorded(_ file: HubFile, _ role: ModelRole, _ adapter: Int?) -> SetRecord.File {
        SetRecord.File(
            role: role, adapter: adapter, repository: file.repository, revision: file.revision, path: file.path,
            sha256: file.sha256,
            size: file.size)
    }

    /// Writes the manifest of a set whose files are there.
    func install(
        _ reference: ModelReference, _ entry: CatalogueEntry, _ files: [SetRecord.File]
    ) throws(SpecSearchError) -> InstalledSet {
        var paths: [ModelRole: String] = [:]
        var adapters: [ModelRole: [String]] = [:]
        var size: Int64 = 0
        var seen: Set<String> = []
        for file in files {
            guard let path = cache.locate(file.hubFile) else {
                throw SpecSearchError(
                    .notFound, "\(file.path) has gone from the cache.", remedy: "Pull \(reference) again.")
            }
            if file.adapter != nil {
                adapters[file.role, default: []].append(path)
            } else if paths[file.role] == nil {
                paths[file.role] = path
            }
            if seen.insert(path).inserted { size += LocalDisk.size(path) ?? 0 }
        }
        let record = SetRecord(reference: reference.description, entry: entry, files: files)
        try folders.write(record, files: paths, adapters: adapters, reference: reference)
        return InstalledSet(
            reference: reference.description, entry: entry, folder: folders.path(reference), files: paths, size: size)
    }

    /// A set that is shipped with the repository.
    private func shipped(
        _ reference: ModelReference, _ entry: CatalogueEntry, _ directory: String
    ) throws(SpecSearchError) -> InstalledSet {
        let roots = directory.hasPrefix("/") ? [""] : shippedRoots.map { $0 == "/" ? "/" : $0 + "/" }
        for folder in roots.map({ $0 + directory }) {
            guard let data = FileManager.default.contents(atPath: folder + "/manifest.json"),
                let values = try? JSONDecoder().decode([String: JSONValue].self, from: data)
            else { continue }
            var files: [ModelRole: String] = [:]
            var size: Int64 = 0
            for role in ModelRole.allCases {
                guard case .string(let name)? = values[role.rawValue] else { continue }
                let path = name.hasPrefix("/") ? name : "\(folder)/\(name)"
                files[role] = path
                size += LocalDisk.size(path) ?? 0
            }
            return InstalledSet(
                reference: reference.description, entry: entry, folder: folder, files: files, size: size)
        }
        throw SpecSearchError(
            .notFound, "\(entry.name) is shipped in \(directory) of the repository, which is not here.",
            remedy: "Work in a clone of the repository, or pull another set.")
    }
}
