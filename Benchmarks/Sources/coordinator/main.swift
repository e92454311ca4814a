import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchTesting

// What the coordinator of a cluster adds to the time of its servers, which are scripted and answer after a fixed time:
//
//     coordinator [SECONDS]        # the servers' time for each call; 0.5 if not given

/// Processor seconds of this process.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Runs so many searches at once.
///
/// - Parameter spread: Seconds from the first search's begin to the last one's; 0 has all of them call in step.
/// - Returns: The sums of the searches' seconds, and of those that their calls took in turn.
func search(
    _ count: Int, spread: Double, on engine: Engine, latency: Double
) async throws -> (wall: Double, servers: Double) {
    let search = Search(engine, algorithm: .beam(width: 3))
    return try await withThrowingTaskGroup(of: (Double, Double).self) { tasks in
        for index in 0..<count {
            tasks.addTask {
                try await Task.sleep(for: .seconds(spread * Double(index) / Double(count)))
                let begin = ContinuousClock.now
                var calls = 0
                // The first call of each language model also asks for the problem's tokens.
                var prompted: Set<ModelRole> = []
                let problem = Problem(id: "p\(index)", text: "Ben has \(index) pencils. How many?")
                for try await event in search.events(for: problem) {
                    switch event {
                    case .sampled(let call): calls += prompted.insert(call.role).inserted ? 2 : 1
                    // A call for tokens and one for labels.
                    case .scored(let call): calls += call.twin == nil ? 2 : 0
                    default: break
                    }
                }
                return ((ContinuousClock.now - begin) / .seconds(1), Double(calls) * latency)
            }
        }
        return try await tasks.reduce((wall: 0, servers: 0)) { ($0.wall + $1.0, $0.servers + $1.1) }
    }
}

func measure(targets: Int, latency: Double) async throws {
    let servers = try Servers(targets: targets, latency: latency)
    // Connections are there before anything is measured.
    _ = try await search(64, spread: 0, on: servers.engine(), latency: latency)
    for (count, spread) in [(1, 0), (64, 2 * latency), (64, 0)] {
        // Models of their own for each measurement: they remember the tokens of texts, which would spare calls.
        let engine = try await servers.engine()
        let (begin, processorBegin) = (ContinuousClock.now, processorSeconds())
        let time = try await search(count, spread: spread, on: engine, latency: latency)
        let share = (processorSeconds() - processorBegin) / ((ContinuousClock.now - begin) / .seconds(1))
        print(
            String(
                format: "%2d target servers, %2d searches%@: %.2f s each, %.2f %% on top of the servers' time; "
                    + "%.1f %% of a core", targets, count,
                count == 1 ? "" : spread > 0 ? " begun one after the other" : " in step",
                time.wall / Double(count), (time.wall / time.servers - 1) * 100, share * 100))
        fflush(nil)
    }
    try servers.stop()
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.count == 3, arguments[0] == "serve", let targets = Int(arguments[1]), let latency = Double(arguments[2]) {
    try await Servers.serve(targets: targets, latency: latency)
} else if arguments.count <= 1, let latency = Double(arguments.first ?? "0.5") {
    for targets in [1, 16] { try await measure(targets: targets, latency: latency) }
} else {
    fatalError("usage: coordinator [SECONDS]")
}
