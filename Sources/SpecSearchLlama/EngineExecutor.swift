import Dispatch
import Synchronization

/// Runs an actor's work on a queue of its own, because a pass through a model blocks its thread, which the cooperative
/// pool must not.
///
/// Whenever no job is ready it asks for idle work, which is how passes come about: every call that could do something
/// has done it and waits for its logits, and what comes in during a pass joins the next one.
final class EngineExecutor: SerialExecutor {
    private struct Jobs {
        var ready: [UnownedJob] = []
        var isRunning = false
    }

    private let queue: DispatchQueue
    private let jobs = Mutex(Jobs())
    /// Answers whether there was anything to do; set before the first job, then used on the queue only.
    nonisolated(unsafe) var idleWork: () -> Bool = { false }

    init(label: String) { queue = DispatchQueue(label: label, qos: .userInitiated) }

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

    private func run() {
        var batch: [UnownedJob] = []
        while true {
            batch.removeAll(keepingCapacity: true)
            jobs.withLock { swap(&$0.ready, &batch) }
            for job in batch { job.runSynchronously(on: asUnownedSerialExecutor()) }
            if !batch.isEmpty || idleWork() { continue }
            let isDone = jobs.withLock { jobs in
                jobs.isRunning = !jobs.ready.isEmpty
                return !jobs.isRunning
            }
            if isDone { return }
        }
    }
}
