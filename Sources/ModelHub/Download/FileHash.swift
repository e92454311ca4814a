import Checksums
import Foundation
import SpecSearch

/// Reads a file once, from its beginning to its end, in parts of 1 MiB at most.
///
/// - Parameter cache: The folder that the errors speak of, for a file of a cache.
/// - Throws: ``SpecSearchError`` where the file cannot be read; `CancellationError`; what `take` throws.
func readParts(of path: String, cache: String? = nil, _ take: (ArraySlice<UInt8>) throws -> Void) async throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SpecSearchError.system(errno, path, "read", cache: cache) }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        try Task.checkCancellation()
        await Task.yield()
        let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw SpecSearchError.system(errno, path, "read", cache: cache) }
        guard count > 0 else { return }
        try take(buffer[..<count])
    }
}

/// The SHA-256 of a file.
///
/// - Throws: ``SpecSearchError`` where the file cannot be read; `CancellationError`.
func fileHash(_ path: String, onBytes: (Int) -> Void) async throws -> String {
    var hash = SHA256()
    try await readParts(of: path) { part in
        hash.update(part)
        onBytes(part.count)
    }
    return SHA256.hexadecimal(hash.finalize())
}
