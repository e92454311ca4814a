import Checksums
public import Foundation
public import SpecSearch

/// The requantised models of this machine: one folder for each original, named by its SHA-256, with a GGUF file and a
/// record for each form that pays.
///
/// ```swift
/// let models = RequantizedModels()
/// _ = try models.optimize(set)                  // minutes
/// let faster = models.replacing(in: set)        // from now on
/// ```
/// A file is first written under a name that nobody looks for, then timed, then renamed, and counts once its record is
/// there: whatever happens meanwhile leaves nothing half.
public struct RequantizedModels: Sendable {
    let folder: URL

    /// - Parameter root: The folder of the cache; nil for the per-user cache.
    public init(root: URL? = nil) {
        folder = (root ?? CostModelCache.userCache).appendingPathComponent("requantized")
    }

    /// All that there are on this machine, by original and form.
    public var all: [RequantizedModel] {
        names(of: folder).flatMap { hash in
            names(of: folder.appendingPathComponent(hash)).filter { $0.hasSuffix(".json") }.compactMap { name in
                let record = folder.appendingPathComponent(hash).appendingPathComponent(name)
                guard let data = try? Data(contentsOf: record),
                    var model = try? JSONDecoder().decode(RequantizedModel.self, from: data)
                else { return nil }
                model.path = file(hash, model.form).path
                return Self.size(model.path) == model.size ? model : nil
            }
        }
    }

    /// Those of a file.
    public func models(of original: String) -> [RequantizedModel] {
        guard let size = Self.size(original) else { return [] }
        let candidates = all.filter { $0.originalSize == size }
        guard !candidates.isEmpty else { return [] }
        let fingerprint = CostModelCache.fingerprint(original)
        return candidates.filter { $0.fingerprint == fingerprint }
    }

    /// What runs in the place of a set's files: the fastest for each role.
    ///
    /// A file with several roles is replaced if all are faster in the same form, since its weights are shared.
    ///
    /// - Parameter isAllowed: Whether one may run; all may, unless told otherwise.
    public func replacements(
        in models: ModelSet, where isAllowed: (RequantizedModel) -> Bool = { _ in true }
    ) -> [ModelRole: RequantizedModel] {
        var result: [ModelRole: RequantizedModel] = [:]
        for (path, roles) in Self.files(of: models) {
            let fitting = self.models(of: path).filter { model in
                model.machine == CostModelCache.machine && roles.allSatisfy { model.speedups[$0] != nil }
                    && isAllowed(model)
            }
            let best = fitting.max { left, right in
                roles.reduce(0) { $0 + (left.speedups[$1] ?? 0) } < roles.reduce(0) { $0 + (right.speedups[$1] ?? 0) }
            }
            for role in roles { result[role] = best }
        }
        return result
    }

    /// The set with what runs in the place of its files.
    ///
    /// - Parameter isAllowed: Whether one may run; all may, unless told otherwise.
    public func replacing(
        in models: ModelSet, where isAllowed: (RequantizedModel) -> Bool = { _ in true }
    ) -> ModelSet {
        var models = models
        let configuration = models.rewardModelConfigurationPath
        for (role, model) in replacements(in: models, where: isAllowed) {
            switch role {
            case .draft: models.draft = model.path
            case .target: models.target = model.path
            case .rewardModel: (models.rewardModel, models.rewardModelConfiguration) = (model.path, configuration)
            }
        }
        return models
    }

    /// Removes one of them.
    ///
    /// - Returns: The bytes that were freed.
    @discardableResult
    public func remove(_ model: RequantizedModel) -> Int64 {
        let file = file(model.sha256, model.form)
        unlink(file.deletingPathExtension().appendingPathExtension("json").path)
        unlink(file.path)
        rmdir(folder.appendingPathComponent(model.sha256).path)
        return model.size
    }

    // MARK: Files

    /// A set's files, each with its roles and by the path that it was first named with: the parts of a split model are
    /// found by their names, which links have and what they lead to, in the hub's cache, has not.
    static func files(of models: ModelSet) -> [(path: String, roles: [ModelRole])] {
        var files: [(path: String, roles: [ModelRole])] = []
        for role in ModelRole.allCases {
            guard let path = models[role] else { continue }
            if let known = files.firstIndex(where: { ModelSet.realPath($0.path) == ModelSet.realPath(path) }) {
                files[known].roles.append(role)
            } else {
                files.append((path, [role]))
            }
        }
        return files
    }

    func file(_ hash: String, _ form: RequantizedModel.Form) -> URL {
        folder.appendingPathComponent(hash).appendingPathComponent("\(form).gguf")
    }

    /// Keeps a file that pays, under a name that is looked for; what is known of its other roles stays.
    ///
    /// - Parameter temporary: The file, of ``temporaryFile(_:_:)``.
    package func keep(
        _ original: String, sha256: String, _ form: RequantizedModel.Form, _ speedups: [ModelRole: Double],
        from temporary: String
    ) throws(SpecSearchError) {
        let file = file(sha256, form)
        // Another set may have the file in another role.
        let known = models(of: original).first { $0.form == form && $0.machine == CostModelCache.machine }
        let record = RequantizedModel(
            original: original, sha256: sha256, originalSize: Self.size(original) ?? 0,
            fingerprint: CostModelCache.fingerprint(original), machine: CostModelCache.machine, type: form.type,
            vocabulary: form.vocabulary, size: Self.size(temporary) ?? 0,
            speedups: (known?.speedups ?? [:]).merging(speedups) { $1 })
        guard rename(temporary, file.path) == 0 else {
            throw SpecSearchError(
                .ioFailed, "\(file.path) cannot be written: \(String(cString: strerror(errno))).",
                remedy: "Look at the rights of its folder.")
        }
        do throws(SpecSearchError) {
            try write(record)
        } catch {
            unlink(file.path)
            throw error
        }
    }

    private func write(_ record: RequantizedModel) throws(SpecSearchError) {
        let file = file(record.sha256, record.form).deletingPathExtension().appendingPathExtension("json")
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            try encoder.encode(record).write(to: file, options: .atomic)
        } catch {
            throw SpecSearchError(
                .ioFailed, "The record \(file.path) cannot be written: \(error.inWords).",
                remedy: "Look at the rights of its folder.")
        }
    }

    /// Ends that a file runs in some roles, since it does not pay there any more; it is removed where it has no other.
    package func drop(_ roles: [ModelRole], of model: RequantizedModel) throws(SpecSearchError) {
        var model = model
        model.speedups = model.speedups.filter { !roles.contains($0.key) }
        if model.speedups.isEmpty { remove(model) } else { try write(model) }
    }

    /// A name for a file in the making; those of processes that have gone are removed.
    package func temporaryFile(_ hash: String, _ form: RequantizedModel.Form) throws(SpecSearchError) -> String {
        let place = folder.appendingPathComponent(hash)
        do {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        } catch {
            throw SpecSearchError(
                .ioFailed, "The folder \(place.path) cannot be made: \(error.inWords).", remedy: "Set XDG_CACHE_HOME.")
        }
        for name in names(of: place) where name.hasSuffix(".partial") {
            let owner = name.split(separator: ".").dropLast().last.flatMap { pid_t($0) } ?? 0
            if owner <= 0 || kill(owner, 0) != 0 && errno == ESRCH { unlink(place.appendingPathComponent(name).path) }
        }
        return place.appendingPathComponent("\(form).\(getpid()).partial").path
    }

    /// The bytes that may be written.
    var room: Int64? {
        var place = folder
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" { place.deleteLastPathComponent() }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.int64Value
    }

    private func names(of folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    /// A model's bytes, all parts together; nil where it is not there.
    package static func size(_ path: String) -> Int64? {
        var sum: Int64 = 0
        for part in GGUFFile.paths(of: path) {
            let attributes = try? FileManager.default.attributesOfItem(atPath: ModelSet.realPath(part))
            guard let size = (attributes?[.size] as? NSNumber)?.int64Value else { return nil }
            sum += size
        }
        return sum
    }

    /// A model's SHA-256; of one in parts, that of its parts' in hexadecimal digits, in order.
    package func sha256(of path: String) throws -> String {
        let hashes = try GGUFFile.paths(of: path).map(sha256(ofPart:))
        return hashes.count == 1 ? hashes[0] : SHA256.hexadecimal(SHA256.hash(Array(hashes.joined().utf8)))
    }

    /// A file's SHA-256; the hub's cache names files by theirs.
    private func sha256(ofPart path: String) throws -> String {
        let name = URL(fileURLWithPath: path).resolvingSymlinksInPath().lastPathComponent
        if name.count == 64, name.allSatisfy({ $0.isHexDigit && !$0.isUppercase }) { return name }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw SpecSearchError(.badModelFile, "\(path) cannot be read.")
        }
        defer { try? handle.close() }
        var hash = SHA256()
        while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty {
            try Task.checkCancellation()
            hash.update(part)
        }
        return SHA256.hexadecimal(hash.finalize())
    }
}
