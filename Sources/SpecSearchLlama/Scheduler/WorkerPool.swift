import SpecSearch
import Synchronization

/// Which of an engine's workers has which problem.
///
/// A problem with an open session stays with its worker, which has its prefixes. Calls without a session find the worker
/// of their problem too, among the last ``keptProblems`` problems. A new problem goes to the least busy worker, or, if
/// none is idle, to a new one.
final class WorkerPool: Sendable {
    /// A worker while something is under way there; give it back with ``WorkerPool/end(_:)``.
    struct Place {
        let worker: EngineWorker
        let index: Int
    }

    /// How many problems without a session are remembered.
    static let keptProblems = 64

    private struct Session {
        var worker: Int
        var count: Int
    }

    private struct State {
        var workers: [EngineWorker]
        /// What each worker is serving: single calls, and sessions.
        var load: [Int]
        var sessions: [Problem: Session] = [:]
        var recent: [Problem: Int] = [:]
        /// The keys of `recent`, the first to be forgotten first.
        var recentOrder: [Problem] = []
    }

    private let shared: EngineWorker.Shared
    private let state: Mutex<State>

    init(_ shared: EngineWorker.Shared, first: EngineWorker) {
        self.shared = shared
        state = Mutex(State(workers: [first], load: [0]))
    }

    var workers: [EngineWorker] { state.withLock { $0.workers } }

    /// How many problems it remembers.
    var problemCount: Int { state.withLock { $0.sessions.count + $0.recent.count } }

    /// A worker for a call.
    func begin(_ problem: Problem?) throws -> Place {
        try state.withLock { state in
            var index = problem.flatMap { state.sessions[$0]?.worker ?? state.recent[$0] }
            if index == nil {
                index = try place(&state)
                if let problem {
                    if state.recentOrder.count >= Self.keptProblems {
                        state.recent[state.recentOrder.removeFirst()] = nil
                    }
                    state.recentOrder.append(problem)
                    state.recent[problem] = index
                }
            }
            let found = index ?? 0
            state.load[found] += 1
            return Place(worker: state.workers[found], index: found)
        }
    }

    func end(_ place: Place) { state.withLock { $0.load[place.index] -= 1 } }

    /// A worker for a search of a problem.
    func beginSession(_ problem: Problem) throws -> Place {
        try state.withLock { state in
            let index = try state.sessions[problem]?.worker ?? state.recent[problem] ?? place(&state)
            if state.recent.removeValue(forKey: problem) != nil { state.recentOrder.removeAll { $0 == problem } }
            state.sessions[problem, default: Session(worker: index, count: 0)].count += 1
            state.load[index] += 1
            return Place(worker: state.workers[index], index: index)
        }
    }

    /// - Returns: Whether it was the problem's last session.
    func endSession(_ problem: Problem, _ place: Place) -> Bool {
        state.withLock { state in
            state.load[place.index] -= 1
            state.sessions[problem]?.count -= 1
            guard state.sessions[problem]?.count == 0 else { return false }
            state.sessions[problem] = nil
            return true
        }
    }

    /// Forgets problems without a session.
    func reset() {
        state.withLock { state in
            state.recent = [:]
            state.recentOrder = []
        }
    }

    private func place(_ state: inout State) throws -> Int {
        let index = state.load.indices.min { state.load[$0] < state.load[$1] } ?? 0
        guard state.load[index] > 0, state.workers.count < shared.options.workers else { return index }
        // Side by side with the others, further threads would only wait for one another.
        state.workers.append(try EngineWorker(shared, isFirst: false))
        state.load.append(0)
        return state.workers.count - 1
    }
}
