import Foundation
public import SpecSearch

/// A set whose files are there, and the folder of its manifest.
public struct InstalledSet: Sendable, Hashable {
    /// What the user wrote to name it.
    public var reference: String
    /// The set.
    public var entry: CatalogueEntry
    /// The folder with `manifest.json`, for `ModelSet(directory:)`.
    public var folder: String
    /// The file of each role; the first of several parts.
    public var files: [ModelRole: String]
    /// The bytes of all files, parts included.
    public var size: Int64

    /// The manifest's path.
    public var manifest: String { folder + "/manifest.json" }
}

/// What the reader of models expects in `manifest.json`; roles that a set does not have are left out.
struct SetManifest: Codable, Hashable {
    var name: String
    var version: String
    var draft: String?
    var target: String?
    var prm: String?
    var rewardModel: String?
    var chatTemplate: String
    var delimiter: String
    var answerPrefix: String
    var temperature: Double
    var topK: Int?
    var topP: Double?
    var maximumStepTokens: Int
    var contextLength: Int
    /// By the role's name; nil where there are none.
    var adapters: [String: [Adapter]]?

    struct Adapter: Codable, Hashable {
        var file: String
        var scale: Double
    }

    init(
        _ entry: CatalogueEntry, files: [ModelRole: String], adapters: [ModelRole: [String]], rewardModel: String?
    ) {
        name = entry.name
        version = "1"
        draft = files[.draft]
        target = files[.target]
        prm = files[.rewardModel]
        self.rewardModel = rewardModel
        chatTemplate = entry.chatTemplate
        delimiter = entry.delimiter
        answerPrefix = entry.answerPrefix
        temperature = entry.temperature
        topK = entry.topK
        topP = entry.topP
        maximumStepTokens = entry.maximumStepTokens
        contextLength = entry.contextLength
        for (role, paths) in adapters {
            self.adapters = self.adapters ?? [:]
            self.adapters?[role.rawValue] = zip(paths, entry.adapters[role] ?? []).map {
                Adapter(file: $0, scale: $1.scale)
            }
        }
    }
}

/// What was pulled for a set, beside its manifest: how it can be found and removed without asking anybody.
struct SetRecord: Codable, Hashable {
    /// One file in the cache.
    struct File: Codable, Hashable {
        var role: ModelRole
        /// The number of the role's adapter that it is, from 0; nil for the model itself.
        var adapter: Int?
        var repository: String
        var revision: String
        var path: String
        var sha256: String?
        var size: Int64?

        var hubFile: HubFile {
            HubFile(repository: repository, revision: revision, path: path, sha256: sha256, size: size)
        }
    }

    var reference: String
    var entry: CatalogueEntry
    var files: [File]

    static func read(_ folder: String) -> SetRecord? {
        FileManager.default.contents(atPath: folder + "/set.json").flatMap {
            try? JSONDecoder().decode(SetRecord.self, from: $0)
        }
    }
}

/// Where the manifests of sets are.
struct SetFolders: Sendable {
    /// The folder that holds one for each set.
    let folder: String
    /// The folder that does so where the first is read-only, as on machines whose models are shared.
    let fallback: String
    let disk: LocalDisk
    let cache: String

    /// The folder of a set: where its manifest is, or else is to be.
    func path(_ reference: ModelReference) -> String {
        let paths = [folder, fallback].map { "\($0)/\(reference.folderName)" }
        return paths.first { LocalDisk.size($0 + "/manifest.json") != nil } ?? paths[0]
    }

    /// What was pulled under a reference.
    func record(_ reference: ModelReference) -> SetRecord? { SetRecord.read(path(reference)) }

    /// All that was pulled.
    var records: [SetRecord] {
        [folder, fallback].flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.sorted().compactMap { SetRecord.read("\(folder)/\($0)") }
        }
    }

    /// Writes a set's manifest and record, unless they are there as they should be.
    func write(
        _ record: SetRecord, files: [ModelRole: String], adapters: [ModelRole: [String]], reference: ModelReference
    ) throws(SpecSearchError) {
        let path = path(reference)
        do {
            try write(record, files: files, adapters: adapters, to: path)
        } catch {
            let other = "\(fallback)/\(reference.folderName)"
            guard error.code == .ioFailed, path != other else { throw error }
            do { try write(record, files: files, adapters: adapters, to: other) } catch let second { throw second }
        }
    }

    private func write(
        _ record: SetRecord, files: [ModelRole: String], adapters: [ModelRole: [String]], to path: String
    ) throws(SpecSearchError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        var reward: String?
        var texts: [(String, Data)] = []
        do {
            if files[.rewardModel] != nil, let description = record.entry.rewardModel {
                reward = path + "/prm.json"
                texts.append(("prm.json", try encoder.encode(description)))
            }
            let manifest = SetManifest(record.entry, files: files, adapters: adapters, rewardModel: reward)
            texts.append(("manifest.json", try encoder.encode(manifest)))
            texts.append(("set.json", try encoder.encode(record)))
        } catch {
            throw SpecSearchError(.ioFailed, "The manifest of \(record.reference) cannot be written: \(error.inWords).")
        }
        for (name, data) in texts {
            let file = "\(path)/\(name)"
            let text = data + Data("\n".utf8)
            if FileManager.default.contents(atPath: file) == text { continue }
            try disk.makeFolders(path, cache: cache)
            try LocalDisk.writeAtomically(text, to: file, cache: cache)
        }
    }

    /// Removes a set's manifest.
    func remove(_ reference: ModelReference) {
        for each in [folder, fallback] {
            try? FileManager.default.removeItem(atPath: "\(each)/\(reference.folderName)")
            rmdir(each)
        }
    }
}
