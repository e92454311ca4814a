#if Cluster
    import Foundation
    import SpecSearchTesting

    /// Three scripted servers with one key, and the configuration that names them.
    struct ScriptedCluster {
        static let key = "sk-4711-very-secret"

        let folder: TemporaryFolder
        let draft: ScriptedServer
        let target: ScriptedServer
        let reward: ScriptedServer

        init() async throws {
            folder = try TemporaryFolder()
            var configuration = ScriptedServer.Configuration()
            configuration.apiKey = Self.key
            draft = ScriptedServer(configuration)
            target = ScriptedServer(configuration)
            reward = ScriptedServer(configuration)
            for engine in engines { try await engine.start() }
            try write(target: target)
            try folder.write(
                #"{"kind":"label","template":"{problem}\n\n","tag":"\u0001","good":"+","bad":"-","stepSeparator":"\n\n"}"#,
                to: "prm.json")
            let lines = (0..<3).map {
                #"{"id":"p\#($0)","problem":"Ben has \#($0) pencils. How many?","answer":"\#($0)"}"#
            }
            try folder.write(lines.joined(separator: "\n") + "\n", to: "problems.jsonl")
        }

        /// The key is in the file for the reward model, in a flag for the draft, in the environment for the target.
        func write(target: ScriptedServer) throws {
            try folder.write(
                """
                chatTemplate: "{problem}\\n\\n"
                answerPrefix: "The answer is "
                temperature: 1
                maximumStepTokens: 48
                calls: { patience: 1, attempts: 2 }
                draft: { dialect: vllm, urls: ["\(draft.url)"] }
                target: { dialect: vllm, urls: ["\(target.url)"], model: scripted }
                prm: { dialect: vllm, urls: ["\(reward.url)"], description: prm.json, apiKey: "\(Self.key)" }
                """, to: "cluster.yaml")
        }

        var engines: [ScriptedServer] { [draft, target, reward] }
        var configuration: String { folder.file("cluster.yaml") }
        var problems: String { folder.file("problems.jsonl") }
        var output: String { folder.file("run") }

        func run(_ arguments: [String], key: String = key) async throws -> Program.Outcome {
            try await Program.run(
                arguments + ["--config", configuration, "--set", "draft.apiKey=\(key)"],
                environment: ["SPECSEARCH_TARGET_API_KEY": key + "\n"])
        }

        func stop() async { for engine in engines { await engine.kill() } }
    }
#endif
