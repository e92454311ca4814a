import HotPaths

/// Runs tasks where it is told to: Valgrind's count is that of one thread, and does not survive libdispatch's.
final class SingleThread: TaskExecutor {
    nonisolated(unsafe) private var jobs: [UnownedJob] = []

    func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    func drain() { while let job = jobs.popLast() { job.runSynchronously(on: asUnownedTaskExecutor()) } }
}

// hotpath NAME COUNT: does one of them so many times; without arguments: names them.
let arguments = CommandLine.arguments.dropFirst()
if arguments.isEmpty {
    for path in HotPath.all { print(path.name) }
} else if arguments.count == 2, let path = HotPath.all.first(where: { $0.name == arguments.first }),
    let count = Int(arguments.last ?? "")
{
    let thread = SingleThread()
    Task(executorPreference: thread) {
        do { try await path.run(count) } catch { fatalError("\(path.name): \(error)") }
    }
    thread.drain()
} else {
    fatalError("usage: hotpath [NAME COUNT]")
}
