import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchTesting

/// Scripted servers of all three models, in a process of their own: what they cost is not the coordinator's.
struct Servers {
    private let process: Process
    private let input = Pipe()
    private let urls: [String]

    /// Starts this program again, as the servers.
    init(targets: Int, latency: Double) throws {
        let output = Pipe()
        process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["serve", "\(targets)", "\(latency)"]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var text = ""
        while text.split(separator: "\n").count < targets + 2 {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Ended() }
            text += String(decoding: data, as: UTF8.self)
        }
        urls = text.split(separator: "\n").map(String.init)
    }

    struct Ended: Error {}

    /// An engine whose models run on the servers.
    func engine() async throws -> Engine {
        func group(_ urls: ArraySlice<String>) -> BackendGroup {
            var group = BackendGroup(urls: Array(urls), dialect: .vllm)
            group.concurrency = 4096
            return group
        }
        var policy = CallPolicy()
        policy.hedgeShare = 0
        let configuration = RemoteRewardModel.Configuration(
            .labels(good: "+", bad: "-"), stepToken: "\u{1}", stepSeparator: "\n\n")
        let sampling = SamplingParameters(temperature: 1, maximumTokens: 48)
        return try await RemoteEngine(
            draft: group(urls.prefix(1)), target: group(urls.dropFirst(2)),
            rewardModel: (group(urls.dropFirst().prefix(1)), configuration),
            defaults: Engine.Defaults(sampling: sampling), policy: policy
        ).engine
    }

    func stop() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// What the started program does: prints where its servers listen, a line each, and ends with its input.
    static func serve(targets: Int, latency: Double) async throws {
        var configuration = ScriptedServer.Configuration()
        configuration.latency = .seconds(latency)
        configuration.depth = 8
        let engines = (0..<targets + 2).map { _ in ScriptedServer(configuration) }
        for engine in engines {
            try await engine.start()
            print(engine.url)
        }
        fflush(nil)
        while readLine() != nil {}
        _ = engines
    }
}
