import Foundation
import SpecSearch
import Synchronization

/// A file that is coming: its bytes, in any order, and beside it a small file that says which of them are there.
///
/// The small file is written after every few megabytes and at the end; what a killed process had not noted is fetched
/// again.
final class PartialFile: Sendable {
    private struct State {
        var ranges: ByteRanges
        var unsaved: Int64 = 0
    }

    /// What the small file holds.
    private struct Note: Codable {
        var size: Int64
        var finished: ByteRanges
    }

    let path: String
    let size: Int64
    private let sidecar: String
    private let cache: String
    private let saveEvery: Int64
    private let descriptor: Int32
    private let state: Mutex<State>

    /// Opens what there is of a file, or begins it.
    init(path: String, sidecar: String, size: Int64, cache: String, saveEvery: Int64) throws(SpecSearchError) {
        var ranges = ByteRanges()
        if let data = FileManager.default.contents(atPath: sidecar),
            let note = try? JSONDecoder().decode(Note.self, from: data), note.size == size,
            let there = LocalDisk.size(path), (note.finished.ranges.last?.upperBound ?? 0) <= min(there, size)
        {
            ranges = note.finished
        }
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .system(errno, path, "written", cache: cache) }
        self.path = path
        self.sidecar = sidecar
        self.size = size
        self.cache = cache
        self.saveEvery = saveEvery
        self.descriptor = descriptor
        state = Mutex(State(ranges: ranges))
    }

    deinit { close(descriptor) }

    /// The bytes that are there.
    var finished: ByteRanges { state.withLock { $0.ranges } }

    /// Writes bytes at a place.
    func write(_ data: Data, at position: Int64) throws(SpecSearchError) {
        var failure: Int32 = 0
        data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = pwrite(
                    descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(position) + off_t(done)
                )
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    failure = count < 0 ? errno : EIO
                    return
                }
                done += count
            }
        }
        guard failure == 0 else { throw .system(failure, path, "written", cache: cache) }
        let isDue = state.withLock { state in
            state.ranges.insert(position..<position + Int64(data.count))
            state.unsaved += Int64(data.count)
            guard state.unsaved >= saveEvery else { return false }
            state.unsaved = 0
            return true
        }
        if isDue { try save() }
    }

    /// Forgets what is there.
    func startAfresh() throws(SpecSearchError) {
        state.withLock { $0 = State(ranges: ByteRanges()) }
        guard ftruncate(descriptor, 0) == 0 else { throw .system(errno, path, "written", cache: cache) }
        try save()
    }

    /// Notes what is there.
    func save() throws(SpecSearchError) {
        let note = Note(size: size, finished: finished)
        guard let data = try? JSONEncoder().encode(note) else { return }
        try LocalDisk.writeAtomically(data, to: sidecar, cache: cache)
    }

    /// Removes the file and its note.
    func discard() {
        unlink(path)
        unlink(sidecar)
    }

    /// Waits until the disk has the bytes, and gives the file its name.
    func rename(to name: String) throws(SpecSearchError) {
        fsync(descriptor)
        guard Foundation.rename(path, name) == 0 else { throw .system(errno, name, "made", cache: cache) }
        unlink(sidecar)
    }
}
