internal import SpecSearch
internal import Synchronization

/// A search of the page: its events are kept, so that a page can come back to them, or to a finished search.
final class WatchedSearch: Sendable {
    /// A line of the stream; events of the search have no name.
    struct Line: Sendable {
        var name: String?
        var data: String
    }

    private struct State {
        var lines: [Line] = []
        var isOver = false
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher = 0
        var stop: (@Sendable () -> Void)?
        var isStopped = false
    }

    let id = RandomName.make("search")
    /// Whose it is.
    let caller: String
    private let patience: Double
    private let state = Mutex(State())

    init(caller: String, patience: Double) {
        self.caller = caller
        self.patience = patience
    }

    var isOver: Bool { state.withLock { $0.isOver } }

    func append(_ line: Line) {
        change { $0.lines.append(line) }
    }

    func end(_ line: Line) {
        change { state in
            state.lines.append(line)
            state.isOver = true
            state.stop = nil
        }
    }

    /// Says how to stop the search.
    func onStop(_ stop: @escaping @Sendable () -> Void) {
        let isStopped = state.withLock { state in
            if !state.isOver { state.stop = stop }
            return state.isStopped
        }
        if isStopped { stop() }
    }

    func stop() {
        let stop = state.withLock { state in
            state.isStopped = true
            return state.stop
        }
        stop?()
    }

    /// The next lines from a place on, not too many to copy, and whether no more will come after them.
    func lines(from place: Int) -> (lines: ArraySlice<Line>, isLast: Bool) {
        state.withLock { state in
            let lines = state.lines[min(max(place, 0), state.lines.count)...].prefix(32)
            return (lines, state.isOver && lines.endIndex == state.lines.count)
        }
    }

    /// Begins to watch: the stream ticks when there is something new.
    func watch() -> (id: Int, ticks: AsyncStream<Void>) {
        let (ticks, source) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = source
            return state.nextWatcher
        }
        source.yield()
        return (id, ticks)
    }

    /// Ends watching; a search that nobody comes back to is stopped.
    func unwatch(_ id: Int) {
        let isAlone = state.withLock { state in
            state.watchers[id] = nil
            return state.watchers.isEmpty && !state.isOver
        }
        if isAlone { expectWatcher() }
    }

    /// Stops the search unless somebody watches it after a while.
    func expectWatcher() {
        Task { [patience] in
            try? await Task.sleep(for: .seconds(patience))
            if state.withLock({ $0.watchers.isEmpty && !$0.isOver }) { stop() }
        }
    }

    private func change(_ change: (inout State) -> Void) {
        let watchers = state.withLock { state in
            change(&state)
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.yield() }
    }
}

/// The searches of the page, the newest last.
final class SearchRegistry: Sendable {
    private let limit: Int
    private let searches = Mutex<[WatchedSearch]>([])

    init(limit: Int) { self.limit = limit }

    func add(_ search: WatchedSearch) {
        searches.withLock { searches in
            searches.append(search)
            var excess = searches.filter(\.isOver).count - limit
            searches.removeAll { old in
                guard excess > 0, old.isOver else { return false }
                excess -= 1
                return true
            }
        }
    }

    /// The search of this name, if it is the caller's.
    func search(_ id: String, of caller: String) throws(APIError) -> WatchedSearch {
        guard let found = searches.withLock({ $0.first { $0.id == id && $0.caller == caller } }) else {
            throw .notFound("There is no such search, or it is no longer kept.", code: "search_not_found")
        }
        return found
    }
}
