import SpecSearch
import Synchronization

/// A search of one problem in an embedded engine, from ``InferenceModel/openSession(for:)``.
final class LlamaSession: EngineSession {
    private let engine: LlamaEngine
    private let problem: Problem
    private let place: WorkerPool.Place
    private let isOpen = Atomic(true)

    init(engine: LlamaEngine, problem: Problem, place: WorkerPool.Place) {
        self.engine = engine
        self.problem = problem
        self.place = place
    }

    /// The worker's thread, so that no call changes threads.
    var executor: (any TaskExecutor)? { place.worker.executor }

    func close() async {
        guard isOpen.exchange(false, ordering: .relaxed) else { return }
        guard engine.pool.endSession(problem, place) else { return }
        // A prompt that cannot be made has nothing cached.
        try? await place.worker.release(problem)
    }
}
