internal import Foundation
internal import SpecSearch
internal import Synchronization

/// Writes events to a file as they happen, one JSON line each, so that an interrupted search leaves a whole trace.
final class TraceWriter: Sendable {
    private let path: String
    private let state: Mutex<(file: FileHandle, failure: (any Error)?)>

    init(path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else {
            throw SpecSearchError(
                .ioFailed, "The trace \(path) cannot be written.", remedy: "Does its folder exist, and is it yours?")
        }
        state = Mutex((file, nil))
    }

    func write(_ event: SearchEvent) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do {
                try state.file.write(contentsOf: try SearchTrace.line(for: event) + Data("\n".utf8))
            } catch {
                state.failure = error
            }
        }
    }

    /// Closes the file.
    ///
    /// - Throws: The first failure to write, if there was one.
    func finish() throws {
        let failure = state.withLock { state in
            try? state.file.close()
            return state.failure
        }
        if let failure {
            throw SpecSearchError(
                .ioFailed, "The trace \(path) is not whole: \(failure.localizedDescription).",
                remedy: "Is there room on the disk?")
        }
    }
}

extension SearchTrace {
    /// The trace in a file.
    ///
    /// - Throws: ``SpecSearchError``: `ioFailed` where there is none, `badTrace` where it is damaged.
    init(contentsOf path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SpecSearchError(.ioFailed, "The trace \(path) cannot be read.", remedy: "Is it there?")
        }
        try self.init(data: data)
    }
}
