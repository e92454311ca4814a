internal import Foundation
internal import SpecSearch
internal import Synchronization

/// Writes events to a file as they happen, one JSON line each, so that an interrupted search leaves a whole trace.
///
/// The file is opened in place, and what was in it goes at the first event only: a search that does not begin destroys
/// nothing, and a device stays a device. A trace that is gone on with is replaced once the new one holds as much.
final class TraceWriter: Sendable {
    private struct State {
        var file: FileHandle
        var count = 0
        var failure: (any Error)?
    }

    /// The file of the trace.
    let path: String
    /// The file that takes its place after so many events; nil where it is written in place.
    private let replacement: (path: String, after: Int)?
    private let state: Mutex<State>

    /// - Parameter begun: The trace in the file, where its search goes on.
    init(path: String, goingOn begun: SearchTrace? = nil) throws {
        self.path = path
        replacement = begun.map { begun in
            var count = begun.events.count
            if case .finished? = begun.events.last { count -= 1 }
            return (path + ".resumed", count)
        }
        let place = replacement?.path ?? path
        let descriptor = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw SpecSearchError(
                .ioFailed, "The trace \(place) cannot be written: \(String(cString: strerror(errno))).",
                remedy: "Does its folder exist, and is it yours?")
        }
        state = Mutex(State(file: FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)))
    }

    deinit {
        let isUnused = state.withLock { $0.count < replacement?.after ?? 0 }
        if let replacement, isUnused { unlink(replacement.path) }
    }

    func write(_ event: SearchEvent) {
        state.withLock { state in
            guard state.failure == nil else { return }
            do {
                // Devices and pipes have no length.
                if state.count == 0 { _ = ftruncate(state.file.fileDescriptor, 0) }
                try state.file.write(contentsOf: try SearchTrace.line(for: event) + Data("\n".utf8))
                state.count += 1
                if let replacement, state.count == replacement.after, rename(replacement.path, path) != 0 {
                    throw SpecSearchError(
                        .ioFailed, "The trace \(path) cannot be replaced: \(String(cString: strerror(errno))).")
                }
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
            do { try state.file.close() } catch { state.failure = state.failure ?? error }
            return state.failure
        }
        if let failure {
            throw SpecSearchError(
                .ioFailed, "The trace \(path) is not whole: \(failure.inWords).",
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
