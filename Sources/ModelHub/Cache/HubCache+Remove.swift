import Foundation
import SpecSearch

extension HubCache {
    /// Takes a file's name out of all snapshots, and its bytes and unfinished bytes out of the cache where they have no
    /// other name.
    ///
    /// - Returns: The bytes that were freed.
    /// - Throws: ``SpecSearchError`` where the file is being pulled, or cannot be removed.
    func remove(_ file: HubFile) throws(SpecSearchError) -> Int64 {
        let path = link(file, snapshot: place(file))
        let manager = FileManager.default
        let target = try? manager.destinationOfSymbolicLink(atPath: path)
        var freed: Int64 = 0
        guard let etag = target.map({ ($0 as NSString).lastPathComponent }) ?? file.sha256, Names.isBlobName(etag)
        else {
            freed = LocalDisk.size(path) ?? 0
            try delete(path)
            removeEmptyFolders(file.repository)
            return freed
        }
        let lockFile = lockFile(file.repository, etag)
        var lock: FileLock?
        if manager.fileExists(atPath: (lockFile as NSString).deletingLastPathComponent) {
            lock = try FileLock.tryAcquire(lockFile, cache: folder)
            guard lock != nil else {
                throw SpecSearchError(
                    .ioFailed, "\(file.name) is being pulled.", remedy: "Wait for the pull to end, or stop it.")
            }
        }
        if target == nil { try delete(path) }
        for name in sameLinks(file, etag) { try delete(name) }
        if !isLinked(file.repository, etag) {
            for each in [blob(file.repository, etag), incomplete(file.repository, etag)] {
                var status = stat()
                if stat(each, &status) == 0 { freed += Int64(status.st_blocks) * 512 }
                try delete(each)
            }
            try delete(sidecar(file.repository, etag))
            if lock != nil { try delete(lockFile) }
        }
        removeEmptyFolders(file.repository)
        return freed
    }

    /// The file's names in all snapshots, as far as they are names of the same bytes.
    private func sameLinks(_ file: HubFile, _ etag: String) -> [String] {
        let base = self.repository(file.repository) + "/snapshots"
        let snapshots = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        return Set(snapshots + [place(file)]).map { link(file, snapshot: $0) }.filter { path in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            return target.map { ($0 as NSString).lastPathComponent == etag } ?? false
        }
    }

    /// Whether some snapshot has a name for bytes.
    private func isLinked(_ repository: String, _ etag: String) -> Bool {
        let base = self.repository(repository) + "/snapshots"
        guard let walk = FileManager.default.enumerator(atPath: base) else { return false }
        return walk.contains { entry in
            guard let entry = entry as? String,
                let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(base)/\(entry)")
            else { return false }
            return (target as NSString).lastPathComponent == etag
        }
    }

    private func delete(_ path: String) throws(SpecSearchError) {
        guard unlink(path) != 0, errno != ENOENT, errno != ENOTDIR else { return }
        throw .system(errno, path, "removed", cache: folder)
    }

    /// Removes what folders of a repository are empty; `rmdir` leaves the others alone.
    private func removeEmptyFolders(_ repository: String) {
        let base = self.repository(repository)
        let inner = FileManager.default.enumerator(atPath: "\(base)/snapshots")?.compactMap { $0 as? String } ?? []
        for each in inner.sorted(by: { $0.count > $1.count }) { rmdir("\(base)/snapshots/\(each)") }
        guard rmdir("\(base)/snapshots") == 0 || errno == ENOENT else { return }
        guard rmdir("\(base)/blobs") == 0 || errno == ENOENT else { return }
        for each in (try? FileManager.default.contentsOfDirectory(atPath: "\(base)/refs")) ?? [] {
            unlink("\(base)/refs/\(each)")
        }
        rmdir("\(base)/refs")
        rmdir(base)
        rmdir((lockFile(repository, "x") as NSString).deletingLastPathComponent)
    }
}
