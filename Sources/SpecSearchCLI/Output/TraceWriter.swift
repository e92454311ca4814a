internal import Foundation
internal import SpecSearch
internal import Synchronization

/// Writes events to a file as they happen, one JSON line each, so that an interrupted search leaves a whole trace.
///
/// The file is opened in place, and what was in it goes at the first event only: a search that does not begin destroys
/// nothing, and a device stays a device.
final class TraceWriter: Sendable {
    private struct State {
        var file: FileHandle
        var isEmpty = false
        var failure: (any Error)?
    }

    let path: String
    private let state: Mutex<State>

    init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SpecSearchError(
                .ioFailed, "The trace \(path) cannot be written: \(String(cString: strerror(errno))).",
                remedy: "Does its folder exist, and is it yours?")
        }
        state = Mutex(State(file: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)))
    }

    func write(_ event: SearchEvent) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do {
                if !state.isEmpty {
                    // Devices and pipes have no length.
                    _ = ftruncate(state.file.fileDescriptor, 0)
                    state.isEmpty = true
                }
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
