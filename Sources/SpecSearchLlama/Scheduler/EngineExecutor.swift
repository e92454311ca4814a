import Dispatch
import Synchronization

/// Runs an actor's work on a queue of its own, because a pass through a model blocks its thread, which the cooperative
/// pool must not.
///
/// Whenever no job is ready it asks for idle work, which is how passes of several calls come about: every call that
/// could do something has done it and waits for its logits, and what comes in during a pass joins the next one.
///
/// A task that prefers it makes its calls of the actor without a change of threads, which takes longer than what a call
/// does between two passes.
final class EngineExecutor: SerialExecutor, TaskExecutor {
    private struct Jobs {
        var ready: [UnownedJob] = []
        /// The next to run; those before it have run.
        var next = 0
        var isRunning = false

        mutating func take() -> UnownedJob? {
            if next == ready.count {
                ready.removeAll(keepingCapacity: true)
                next = 0
                return nil
            }
            next += 1
            return ready[next - 1]
        }
    }

    private let queue: DispatchQueue
    private let jobs = Mutex(Jobs())
    /// Answers whether there was anything to do; set before the first job, then used on the queue only.
    nonisolated(unsafe) var idleWork: () -> Bool = { false }

    init(label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

    /// Whether a job waits to be run.
    var hasReadyJobs: Bool { jobs.withLock { $0.next < $0.ready.count } }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let starts = jobs.withLock { jobs in
            jobs.ready.append(job)
            defer { jobs.isRunning = true }
            return !jobs.isRunning
        }
        if starts { queue.async { self.run() } }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    private func run() {
        while true {
            while let job = jobs.withLock({ $0.take() }) {
                job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            }
            if idleWork() { continue }
            let isDone = jobs.withLock { jobs in
                jobs.isRunning = !jobs.ready.isEmpty
                return !jobs.isRunning
            }
            if isDone { return }
        }
    }
}
