import Foundation
import SpecSearch

/// A lock between processes: `flock` on a file, as the hub's own library does it.
///
/// The system takes the lock away when its process dies, so a file that is left over locks nothing. It is held until the
/// value is gone.
final class FileLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock if it is free.
    static func tryAcquire(_ path: String, cache: String) throws(SpecSearchError) -> FileLock? {
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw .system(errno, path, "opened", cache: cache) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let number = errno
                close(descriptor)
                if number == EINTR { continue }
                guard number == EWOULDBLOCK else { throw .system(number, path, "locked", cache: cache) }
                return nil
            }
            // Others may remove the file after use: then this lock is on a file that nobody else will find.
            var ours = stat()
            var current = stat()
            if fstat(descriptor, &ours) == 0, stat(path, &current) == 0, ours.st_ino == current.st_ino,
                ours.st_dev == current.st_dev
            {
                return FileLock(descriptor: descriptor)
            }
            close(descriptor)
        }
    }

    /// Takes the lock, waiting for it as long as it takes, or until the task is cancelled.
    ///
    /// - Parameter onWait: Called once if the lock is not free.
    static func acquire(_ path: String, cache: String, onWait: () -> Void) async throws -> FileLock {
        var hasWaited = false
        while true {
            try Task.checkCancellation()
            if let lock = try tryAcquire(path, cache: cache) { return lock }
            if !hasWaited { onWait() }
            hasWaited = true
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
