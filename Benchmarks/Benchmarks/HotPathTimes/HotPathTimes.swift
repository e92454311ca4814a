import Benchmark
import HotPaths

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .instructions], scalingFactor: .kilo, maxDuration: .seconds(2))
    for path in HotPath.all {
        Benchmark(path.name) { benchmark in try await path.run(benchmark.scaledIterations.count) }
    }
}
