import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchRemoteTesting
import SpecSearchTesting
import Testing

/// What the coordinator adds to the servers' own time; prints, and asserts nothing about time.
///
/// Run it alone, built with `-c release`: `SPECSEARCH_OVERHEAD=0.5 swift test -c release --filter OverheadTests`, the
/// number being the seconds that each of the scripted servers takes for a call.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["SPECSEARCH_OVERHEAD"] != nil))
struct OverheadTests {
    @Test(arguments: [1, 4, 16]) func `64 searches at once`(_ replicas: Int) async throws {
        let latency = Double(ProcessInfo.processInfo.environment["SPECSEARCH_OVERHEAD"] ?? "") ?? 0.5
        var engine = ScriptedEngine.Configuration()
        engine.latency = .seconds(latency)
        engine.depth = 8
        let cluster = try await ScriptedCluster(targets: replicas, configuration: engine, concurrency: 4096)
        var times: [(wall: Double, servers: Double)] = []
        for count in [1, 64] {
            let models = cluster.models
            let begin = ContinuousClock.now
            // The servers' part of the slowest search: its calls in turn, of which a score is two (tokens, labels).
            let servers = try await withThrowingTaskGroup(of: Double.self) { tasks in
                for problem in ScriptedCluster.problems(count) {
                    tasks.addTask {
                        let log = EventLog()
                        _ = try await Search(ScriptedCluster.configuration(), models: models)
                            .run(problem, onEvent: log.listener)
                        var prompts: Set<ModelRole> = []
                        var calls = 0
                        for event in log.events {
                            switch event {
                            case .sampled(let sampled): calls += prompts.insert(sampled.role).inserted ? 2 : 1
                            case .evaluated: calls += 2
                            default: continue
                            }
                        }
                        return Double(calls) * latency
                    }
                }
                return try await tasks.reduce(0, max)
            }
            let wall = (ContinuousClock.now - begin).components
            times.append((Double(wall.seconds) + Double(wall.attoseconds) * 1e-18, servers))
        }
        for (count, time) in zip([1, 64], times) {
            print(
                String(
                    format: "%2d replicas, %2d searches: %.2f s, of which the servers %.2f s: %.1f %% on top", replicas,
                    count, time.wall, time.servers, (time.wall / time.servers - 1) * 100))
        }
        await cluster.stop()
    }
}
