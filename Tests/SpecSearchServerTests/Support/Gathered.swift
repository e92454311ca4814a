import Synchronization

/// A list that several tasks add to.
final class Gathered<Element: Sendable>: Sendable {
    private let values = Mutex<[Element]>([])

    var all: [Element] { values.withLock { $0 } }

    func add(_ value: Element) { values.withLock { $0.append(value) } }
}
