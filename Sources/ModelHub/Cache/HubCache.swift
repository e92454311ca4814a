import Foundation
import SpecSearch

/// A file of a repository on the hub at a revision.
package struct HubFile: Sendable, Hashable {
    /// The repository, as `OWNER/NAME`.
    package var repository: String
    /// A branch, a tag or a commit.
    package var revision: String
    /// The path in the repository.
    package var path: String
    /// The SHA-256 in hexadecimal digits, where it is known.
    package var sha256: String?
    /// The size in bytes, where it is known.
    package var size: Int64?

    package init(
        repository: String, revision: String = "main", path: String, sha256: String? = nil, size: Int64? = nil
    ) {
        self.repository = repository
        self.revision = revision
        self.path = path
        self.sha256 = sha256
        self.size = size
    }

    /// The file's own name.
    var name: String { (path as NSString).lastPathComponent }
}

/// The hub's cache on disk, as its documentation lays it down ("Hub Local Cache").
///
/// ```
/// models--OWNER--NAME/blobs/ETAG                      the bytes
/// models--OWNER--NAME/snapshots/COMMIT/FILE           a relative link to them
/// models--OWNER--NAME/refs/main                       the commit that `main` was when last asked
/// .locks/models--OWNER--NAME/ETAG.lock                locked while the bytes are coming
/// ```
package struct HubCache: Sendable {
    /// The cache's folder.
    package let folder: String
    let disk: LocalDisk

    package init(folder: String, disk: LocalDisk = LocalDisk()) {
        self.folder = folder
        self.disk = disk
    }

    /// A repository's folder.
    func repository(_ name: String) -> String {
        "\(folder)/models--\(name.replacingOccurrences(of: "/", with: "--"))"
    }

    /// Where the bytes with an ETag are.
    package func blob(_ repository: String, _ etag: String) -> String { "\(self.repository(repository))/blobs/\(etag)" }

    /// Where bytes are while they come.
    ///
    /// Not `ETAG.incomplete`: the hub's library appends to that, and ours has holes.
    package func incomplete(_ repository: String, _ etag: String) -> String {
        blob(repository, etag) + ".specsearch.incomplete"
    }

    /// Which bytes of the incomplete file are there.
    package func sidecar(_ repository: String, _ etag: String) -> String {
        blob(repository, etag) + ".specsearch.ranges"
    }

    /// The file to be locked while the bytes are coming.
    package func lockFile(_ repository: String, _ etag: String) -> String {
        let name = (self.repository(repository) as NSString).lastPathComponent
        return "\(folder)/.locks/\(name)/\(etag).lock"
    }

    /// The folder in `snapshots` that stands for a revision: its commit where that is known.
    package func snapshot(_ repository: String, _ revision: String) -> String {
        if Names.isCommit(revision) { return revision }
        guard Names.isRevision(revision),
            let data = FileManager.default.contents(atPath: "\(self.repository(repository))/refs/\(revision)")
        else { return revision }
        let commit = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return Names.isBlobName(commit) ? commit : revision
    }

    /// The path under which programs open a file of a snapshot.
    package func link(_ file: HubFile, snapshot: String) -> String {
        "\(repository(file.repository))/snapshots/\(snapshot)/\(file.path)"
    }

    /// Where a file is, if it is there and is what it should be; asks nobody.
    package func locate(_ file: HubFile) -> String? {
        let path = link(file, snapshot: place(file))
        return isRight(path, file) ? path : nil
    }

    /// The snapshot that has a file, or else should have it.
    ///
    /// What came without the hub is under the branch's own name, since its commit is not known.
    func place(_ file: HubFile) -> String {
        let snapshot = snapshot(file.repository, file.revision)
        guard snapshot != file.revision, !isRight(link(file, snapshot: snapshot), file),
            isRight(link(file, snapshot: file.revision), file)
        else { return snapshot }
        return file.revision
    }

    private func isRight(_ path: String, _ file: HubFile) -> Bool {
        guard let size = LocalDisk.size(path), file.size == nil || file.size == size else { return false }
        // Programs that may not make links put files into snapshots; then the size has to do.
        guard let hash = file.sha256,
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
        else { return true }
        return (target as NSString).lastPathComponent == hash
    }

    /// The files of a revision that are there, in the order of their names.
    package func files(_ repository: String, _ revision: String) -> [HubFile] {
        let base = "\(self.repository(repository))/snapshots/\(snapshot(repository, revision))"
        guard let walk = FileManager.default.enumerator(atPath: base) else { return [] }
        return walk.compactMap { $0 as? String }.sorted().compactMap { path in
            LocalDisk.size("\(base)/\(path)").map {
                HubFile(repository: repository, revision: revision, path: path, size: $0)
            }
        }
    }

    /// Makes the folders that a download needs.
    func prepare(_ repository: String) throws(SpecSearchError) {
        try disk.makeFolders("\(self.repository(repository))/blobs", cache: folder)
        let locks = (lockFile(repository, "x") as NSString).deletingLastPathComponent
        try disk.makeFolders(locks, cache: folder)
    }

    /// Gives the bytes of an ETag a file's name in a snapshot, and notes the commit of a branch or tag.
    ///
    /// Where the hub did not tell the commit, the snapshot has the revision's own name: nothing is claimed of a commit
    /// that another program noted.
    /// - Returns: The path of the file.
    func publish(_ file: HubFile, etag: String, commit: String?) throws(SpecSearchError) -> String {
        let snapshot = commit ?? file.revision
        let path = link(file, snapshot: snapshot)
        try disk.makeFolders((path as NSString).deletingLastPathComponent, cache: folder)
        let depth = file.path.split(separator: "/").count + snapshot.split(separator: "/").count
        let up = String(repeating: "../", count: depth)
        let target = "\(up)blobs/\(etag)"
        if (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != target {
            let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
            guard symlink(target, temporary) == 0 else { throw .system(errno, temporary, "made", cache: folder) }
            guard rename(temporary, path) == 0 else {
                let number = errno
                unlink(temporary)
                throw .system(number, path, "made", cache: folder)
            }
        }
        if let commit, commit != file.revision, Names.isRevision(file.revision) {
            let reference = "\(repository(file.repository))/refs/\(file.revision)"
            try disk.makeFolders((reference as NSString).deletingLastPathComponent, cache: folder)
            try LocalDisk.writeAtomically(Data(commit.utf8), to: reference, cache: folder)
        }
        return path
    }
}
