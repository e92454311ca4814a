import Checksums
import Foundation
import SpecSearch

/// The SHA-256 of a file, read once from its beginning to its end.
///
/// - Throws: ``SpecSearchError`` where the file cannot be read; `CancellationError`.
func fileHash(_ path: String, onBytes: (Int) -> Void) async throws -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SpecSearchError.system(errno, path, "read") }
    defer { close(descriptor) }
    var hash = SHA256()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw SpecSearchError.system(errno, path, "read") }
        guard count > 0 else { return SHA256.hexadecimal(hash.finalize()) }
        hash.update(buffer[..<count])
        onBytes(count)
        try Task.checkCancellation()
        await Task.yield()
    }
}
