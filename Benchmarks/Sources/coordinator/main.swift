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

/// Runs so many searches at once; returns the most calls that one of them made in turn.
func search(_ count: Int, on models: SearchModels) async throws -> Int {
    var configuration = SearchConfiguration()
    configuration.sampling = SamplingParameters(temperature: 1, maximumTokens: 48)
    configuration.speculation.width = 3
    return try await withThrowingTaskGroup(of: Int.self) { [configuration] tasks in
        for index in 0..<count {
            tasks.addTask {
                let log = EventLog()
                _ = try await Search(configuration, models: models)
                    .run(Problem(id: "p\(index)", text: "Ben has \(index) pencils. How many?"), onEvent: log.listener)
                return calls(log.events)
            }
        }
        return try await tasks.reduce(0, max)
    }
}

func measure(targets: Int, latency: Double) async throws {
    let servers = try Servers(targets: targets, latency: latency)
    let evaluator = try await RemoteEvaluator(
        servers.reward,
        reward: RemoteRewardModel(
            .labels(good: .init(text: "+"), bad: .init(text: "-")), tag: "\u{1}", stepSeparator: "\n\n"))
    let models = SearchModels(
        draft: RemoteSampler(servers.draft, role: .draft), target: RemoteSampler(servers.target, role: .target),
        evaluator: evaluator)
    for count in [1, 64] {
        let (begin, processorBegin) = (ContinuousClock.now, processorSeconds())
        let calls = try await search(count, on: models)
        let duration = (ContinuousClock.now - begin).components
        let wall = Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
        let ideal = Double(calls) * latency
        print(
            String(
                format: "%2d target servers, %2d searches: %.2f s, of which the servers %.2f s: %.2f %% on top; "
                    + "processor %.3f s, %.2f %%", targets, count, wall, ideal, (wall / ideal - 1) * 100,
                processorSeconds() - processorBegin, (processorSeconds() - processorBegin) / wall * 100))
    }
    try servers.stop()
}

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.count == 3, arguments[0] == "serve", let targets = Int(arguments[1]), let latency = Double(arguments[2]) {
    try await Servers.serve(targets: targets, latency: latency)
} else if arguments.count <= 1, let latency = Double(arguments.first ?? "0.5") {
    for targets in [1, 4, 16] { try await measure(targets: targets, latency: latency) }
} else {
    fatalError("usage: coordinator [SECONDS]")
}
