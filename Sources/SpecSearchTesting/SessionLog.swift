public import SpecSearch
internal import Synchronization

/// A log of the sessions that scripted models open and close.
///
/// ```swift
/// let sessions = SessionLog()
/// let model = ScriptedModel(.target, sessions: sessions) { _ in [.init("a\n\n")] }
/// // … a search …
/// #expect(sessions.opened == ["target"] && sessions.isBalanced)
/// ```
public final class SessionLog: Sendable {
    private struct State {
        var opened: [String] = []
        var closed: [String] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// The names of the models whose sessions were opened, in order.
    public var opened: [String] { state.withLock { $0.opened } }

    /// The names of the models whose sessions were closed, in order.
    public var closed: [String] { state.withLock { $0.closed } }

    /// Whether every session that was opened was closed once.
    public var isBalanced: Bool { state.withLock { $0.opened.sorted() == $0.closed.sorted() } }

    /// A session that is noted under a model's name, now and when it closes.
    public func open(_ name: String) -> any EngineSession {
        state.withLock { $0.opened.append(name) }
        return Session(name: name, log: self)
    }

    private struct Session: EngineSession {
        let name: String
        let log: SessionLog

        var executor: (any TaskExecutor)? { nil }

        func close() async { log.state.withLock { $0.closed.append(name) } }
    }
}
