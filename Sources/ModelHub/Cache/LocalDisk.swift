import Foundation
import SpecSearch

/// The calls of the system that tests replace: free space, and making folders.
package struct LocalDisk: Sendable {
    /// The free bytes of the disk that a folder is on; nil where they are not known.
    package var freeSpace: @Sendable (String) -> Int64?
    /// Makes one folder; returns 0 or the number of the error.
    package var makeFolder: @Sendable (String) -> Int32

    package init(
        freeSpace: @escaping @Sendable (String) -> Int64? = LocalDisk.statFreeSpace,
        makeFolder: @escaping @Sendable (String) -> Int32 = { mkdir($0, 0o777) == 0 ? 0 : errno }
    ) {
        self.freeSpace = freeSpace
        self.makeFolder = makeFolder
    }

    /// What `statvfs` says is free for users.
    package static let statFreeSpace: @Sendable (String) -> Int64? = { path in
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        let (bytes, overflow) = Int64(status.f_bavail).multipliedReportingOverflow(by: Int64(status.f_frsize))
        return overflow ? .max : bytes
    }

    /// Makes a folder and those above it.
    func makeFolders(_ path: String, cache: String) throws(SpecSearchError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue { return }
        let parent = (path as NSString).deletingLastPathComponent
        if !parent.isEmpty, parent != path { try makeFolders(parent, cache: cache) }
        let number = makeFolder(path)
        guard number == 0 || number == EEXIST else { throw .system(number, path, "made", cache: cache) }
    }

    /// Checks that there is room, with a little to spare.
    func check(need: Int64, at folder: String, file: String) throws(SpecSearchError) {
        let spare: Int64 = 64 << 20
        guard need > 0, let free = freeSpace(folder), free - spare < need else { return }
        throw SpecSearchError(
            .noSpace,
            "\(file) needs \(need / 1_000_000) MB more, and the disk of \(folder) has \(free / 1_000_000) MB.",
            remedy: "Free some space (`specsearch models rm NAME`), or set HF_HUB_CACHE to a folder on a larger disk.")
    }

    /// Writes a file so that readers see the old or the new, never a part.
    static func writeAtomically(_ data: Data, to path: String, cache: String?) throws(SpecSearchError) {
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(errno, temporary, "written", cache: cache) }
        var failure: Int32 = 0
        data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    failure = errno
                    return
                }
                done += count
            }
        }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        if failure == 0, rename(temporary, path) != 0 { failure = errno }
        guard failure != 0 else { return }
        unlink(temporary)
        throw .system(failure, path, "written", cache: cache)
    }

    /// A file's size, following links; nil where there is no file.
    static func size(_ path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }
}
