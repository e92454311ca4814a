internal import Foundation
internal import SpecSearch
internal import Synchronization

/// A search's progress for people: on a terminal the path as it grows, redrawn a few times a second with the text that is
/// being generated; elsewhere a line for each step, and one now and then while a step takes long.
final class LiveProgress: Sendable {
    /// How often a terminal is redrawn, and how often a pipe hears of a step that takes long.
    private static let (frame, pulse) = (0.2, 10.0)

    private struct State {
        var view: ProgressView
        var area = ProgressArea()
        var lastPulse = 0.0
        var isOver = false
    }

    private let terminal: Terminal
    private let begin = ContinuousClock.now
    private let state: Mutex<State>

    init(_ terminal: Terminal, _ configuration: SearchConfiguration) {
        self.terminal = terminal
        state = Mutex(State(view: ProgressView(configuration)))
    }

    private var seconds: Double { (ContinuousClock.now - begin) / .seconds(1) }

    /// Shows a search while it runs.
    func showing<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        guard !terminal.isQuiet else { return try await body() }
        let clock = Task { [self] in
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(Self.frame))
                tick()
            }
        }
        defer {
            clock.cancel()
            state.withLock { state in
                state.area.clear()
                state.isOver = true
            }
        }
        return try await GenerationProgress.observed(
            { [self] progress in
                state.withLock { $0.view.generating(progress) }
            }, during: body)
    }

    /// Takes in an event.
    func show(_ event: SearchEvent) {
        guard !terminal.isQuiet else { return }
        let seconds = seconds
        state.withLock { state in
            let line = state.view.add(event, at: seconds)
            if terminal.showsProgress {
                state.area.draw(state.view.lines(at: seconds), terminal)
            } else if let line {
                state.lastPulse = seconds
                Terminal.say(line)
            }
        }
    }

    private func tick() {
        let seconds = seconds
        state.withLock { state in
            if state.isOver { return }
            if terminal.showsProgress {
                state.area.draw(state.view.lines(at: seconds), terminal)
            } else if seconds - state.lastPulse >= Self.pulse {
                state.lastPulse = seconds
                Terminal.say(state.view.status(at: seconds))
            }
        }
    }
}
