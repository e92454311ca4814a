import Synchronization

/// What several tasks have still to do; each takes the next.
final class WorkQueue<Element: Sendable>: Sendable {
    private let rest: Mutex<ArraySlice<Element>>

    init(_ elements: [Element]) { rest = Mutex(elements[...]) }

    /// The next element; nil when all are taken.
    func next() -> Element? { rest.withLock { $0.popFirst() } }
}
