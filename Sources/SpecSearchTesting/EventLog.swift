public import SpecSearch
internal import Synchronization

/// Collects the events of a search.
public final class EventLog: Sendable {
    private let stored = Mutex<[SearchEvent]>([])

    public init() {}

    /// The events so far.
    public var events: [SearchEvent] { stored.withLock { $0 } }

    /// What to hand to a search as its `onEvent`.
    public var listener: @Sendable (SearchEvent) -> Void {
        { event in self.stored.withLock { $0.append(event) } }
    }
}
