public import SpecSearch
internal import Synchronization

/// A log of the events of a search.
///
/// ```swift
/// let log = EventLog()
/// for try await event in search.events(for: problem) { log.listener(event) }
/// #expect(SearchInvariants.violations(in: log.events) == [])
/// ```
public final class EventLog: Sendable {
    private let stored = Mutex<[SearchEvent]>([])

    public init() {}

    /// The events so far.
    public var events: [SearchEvent] { stored.withLock { $0 } }

    /// The closure that takes in an event.
    public var listener: @Sendable (SearchEvent) -> Void {
        { event in self.stored.withLock { $0.append(event) } }
    }
}
