internal import ArgumentParser
internal import Foundation
internal import SpecSearch

/// Standard input and output with their errors told: a full disk behind a pipe, or a folder as input, is no success.
enum StandardStreams {
    /// The most bytes of a text that is read whole.
    static let longestText = 1 << 24

    /// Sees to it that a stream that is closed, or that nobody reads any more, is an error where it is used, and nothing else.
    ///
    /// Those of the three that are closed are opened in a way that reading and writing them fails: the next file that is
    /// opened would get the number, and what is printed with it. A reader that is gone is no signal: who no longer follows
    /// the progress still gets the answer.
    static func open() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            let other = Foundation.open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
            if other >= 0, other != descriptor {
                dup2(other, descriptor)
                close(other)
            }
        }
    }

    /// Standard input to its end.
    ///
    /// - Throws: `ValidationError` where it cannot be read, is too long, or is no text.
    static func readText() throws -> String {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw ValidationError("Standard input cannot be read: \(String(cString: strerror(errno))).")
            }
            if count == 0 { break }
            data.append(contentsOf: buffer[..<count])
            guard data.count <= longestText else {
                throw ValidationError("Standard input has more than \(longestText >> 20) MiB: it is no problem.")
            }
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ValidationError("Standard input is not UTF-8 text.")
        }
        return text
    }

    /// Checks that lines came to the end of standard input, and not to an error.
    ///
    /// - Throws: `ValidationError`.
    static func checkEnd() throws {
        var byte: UInt8 = 0
        guard read(STDIN_FILENO, &byte, 1) >= 0 else {
            throw ValidationError("Standard input cannot be read: \(String(cString: strerror(errno))).")
        }
    }

    /// Prints a line.
    ///
    /// - Throws: ``SpecSearchError`` `ioFailed` where it cannot be written; `ExitCode` 141, without a word, where nobody
    ///   reads it any more, as behind `head`.
    static func print(_ line: String = "") throws {
        var rest = Data((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EPIPE { throw ExitCode(128 + SIGPIPE) }
            guard count > 0 else {
                throw SpecSearchError(
                    .ioFailed, "Standard output cannot be written: \(String(cString: strerror(errno))).",
                    remedy: "Is there room on the disk?")
            }
            rest = rest.dropFirst(count)
        }
    }
}
