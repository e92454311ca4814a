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

/// The servers' part of one search: the calls that it made one after the other.
func calls(_ events: [SearchEvent]) -> Int {
    var prompted: Set<ModelRole> = []
    return events.reduce(0) { count, event in
        switch event {
        // The first also asks for the problem's tokens; a score is a call for tokens and one for labels.
        case .sampled(let sampled): count + (prompted.insert(sampled.role).inserted ? 2 : 1)
        case .evaluated: count + 2
        default: count
        }
    }
}

/// Runs so many searches at once.
///
/// - Parameter spread: Seconds from the first search's begin to the last one's; 0 has all of them call in step.
/// - Returns: The sums of the searches' seconds, and of those that their calls took in turn.
func search(
    _ count: Int, spread: Double, on models: SearchModels, latency: Double
) async throws -> (wall: Double, servers: Double) {
    var configuration = SearchConfiguration()
    configuration.sampling = SamplingParameters(temperature: 1, maximumTokens: 48)
    configuration.speculation.width = 3
    return try await withThrowingTaskGroup(of: (Double, Double).self) { [configuration] tasks in
        for index in 0..<count {
            tasks.addTask {
                try await Task.sleep(for: .seconds(spread * Double(index) / Double(count)))
                let log = EventLog()
                let begin = ContinuousClock.now
                _ = try await Search(configuration, models: models)
                    .run(Problem(id: "p\(index)", text: "Ben has \(index) pencils. How many?"), onEvent: log.listener)
                return ((ContinuousClock.now - begin) / .seconds(1), Double(calls(log.events)) * latency)
            }
        }
        return try await tasks.reduce((wall: 0, servers: 0)) { ($0.wall + $1.0, $0.servers + $1.1) }
    }
}

func measure(targets: Int, latency: Double) async throws {
    let servers = try Servers(targets: targets, latency: latency)
    // Models of their own for each measurement: they remember the tokens of texts, which would spare calls.
    func models() async throws -> SearchModels {
        let evaluator = try await RemoteEvaluator(
            servers.reward,
            reward: RemoteRewardModel(
                .labels(good: .init(text: "+"), bad: .init(text: "-")), tag: "\u{1}", stepSeparator: "\n\n"))
        return SearchModels(
            draft: RemoteSampler(servers.draft, role: .draft), target: RemoteSampler(servers.target, role: .target),
            evaluator: evaluator)
    }
    // Connections are there before anything is measured.
    _ = try await search(64, spread: 0, on: models(), latency: latency)
    for (count, spread) in [(1, 0), (64, 2 * latency), (64, 0)] {
        let models = try await models()
        let (begin, processorBegin) = (ContinuousClock.now, processorSeconds())
        let time = try await search(count, spread: spread, on: models, latency: latency)
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
