#if Cluster
    import Foundation
    import Testing

    /// What a configuration says, through `doctor`, which shows the servers that it asks.
    @Suite(.timeLimit(.minutes(5))) struct ClusterConfigurationTests {
        /// Nothing listens there, which is all that doctor has to find out.
        private static func configuration(target: String = "", prm: String = "", top: String = "") -> String {
            """
            \(top)
            target:
              dialect: vllm
              urls: ["http://127.0.0.1:1"]
              \(target)
            prm:
              dialect: vllm
              urls: ["http://127.0.0.1:1"]
              classTag: "x"
              \(prm)
            """
        }

        private func doctor(
            _ text: String, _ arguments: [String] = [], environment: [String: String] = [:]
        ) async throws -> Program.Outcome {
            let folder = try TemporaryFolder()
            return try await Program.run(
                ["doctor", "--config", try folder.write(text, to: "cluster.yaml")] + arguments, environment: environment
            )
        }

        @Test func `Flags come before the environment, and it before the file`() async throws {
            let text = Self.configuration()
            let environment = ["SPECSEARCH_TARGET_URLS": "http://127.0.0.1:2,http://127.0.0.1:4"]
            let flags = ["--set", "target.urls=http://127.0.0.1:3"]
            func targets(_ run: Program.Outcome) -> [Substring] {
                run.output.split(separator: "\n").filter { $0.hasPrefix("target") }.map { $0.split(separator: " ")[1] }
            }
            #expect(try await targets(doctor(text)) == ["http://127.0.0.1:1"])
            #expect(
                try await targets(doctor(text, environment: environment)) == [
                    "http://127.0.0.1:2", "http://127.0.0.1:4",
                ])
            #expect(try await targets(doctor(text, flags, environment: environment)) == ["http://127.0.0.1:3"])
        }

        @Test func `JSON is read, too`() async throws {
            let run = try await doctor(
                #"{"target": {"dialect": "vllm", "urls": ["http://127.0.0.1:1"]}, "#
                    + #""prm": {"dialect": "vllm", "urls": ["http://127.0.0.1:1"], "classTag": "x"}}"#)
            #expect(run.output.contains("target  http://127.0.0.1:1  vllm"), "\(run.all)")
        }

        /// What is wrong, what the error says of it, and what it says to do.
        static let mistakes: [(text: String, settings: [String], says: String, remedy: String)] = [
            (configuration(target: "url: x"), [], "no setting target.url", "target.urls"),
            (configuration(target: "apikey: sk-4711"), [], "no setting target.apikey", "target.apiKey"),
            (configuration(top: "targets: 3"), [], "no setting targets", "target"),
            (configuration(top: "calls: { tries: 3 }"), [], "no setting calls.tries", "calls.attempts"),
            (configuration(), ["target.apikey=sk-4711"], "--set: there is no setting target.apikey", "target.apiKey"),
            (configuration(), ["sk-4711"], "--set is not key=value", "target.urls="),
            (configuration(target: "concurrency: many"), [], "target.concurrency", "deploy/cluster.yaml"),
            (configuration(target: "concurrency: 0"), [], "target.concurrency is 0", "1 to 65536"),
            (configuration(target: "apiKey: sk-4711: x"), [], "no YAML: line", "Repair it there"),
            (configuration(target: "apiKey: \"sk-4711"), [], "no YAML: line", "Repair it there"),
            (configuration(target: "apiKey: sk-4711\n  apiKey: sk-4711"), [], "twice", "Repair it there"),
            (
                configuration(target: "model: x\n    apiKey:sk-4711"), [], "an apiKey is part of another value",
                "a space"
            ),
            (
                configuration(top: "draft: { dialect: vllm, apiKey:sk-4711 }"), [], "no setting draft.apiKey",
                "draft.apiKey"
            ),
            (configuration(target: "apiKey: [sk-4711]"), [], "target.apiKey", "deploy/cluster.yaml"),
            (configuration(), ["target.urls=http://sk-4711@host:8000"], "target.urls", "SPECSEARCH_TARGET_API_KEY"),
            (
                configuration(), ["target.urls=http://host:8000/?key=sk-4711"], "target.urls",
                "SPECSEARCH_TARGET_API_KEY"
            ),
            (configuration(), ["target.urls=10.0.0.1"], "\"10.0.0.1\" is no plain URL", "http://host:port"),
            (configuration(), ["target.dialect=gpt"], "no dialect gpt", "vllm, sglang"),
            (configuration(), ["target.dialect=embedded"], "target.file is missing", "GGUF"),
            (configuration(), ["calls.attempts=0"], "calls.attempts cannot be 0", "It lies in 1"),
            (configuration(), ["calls.seconds=1e300"], "calls.seconds cannot be 1e+300", "It lies in 0.001"),
            (configuration(), ["calls.patience=inf"], "calls.patience cannot be inf", "It lies in 0"),
            (configuration(), ["calls.secondsPerToken=-1"], "calls.secondsPerToken cannot be -1", "It lies in 0"),
            (configuration(), ["maximumStepTokens=9223372036854775807"], "a setting out of range", "maximumStepTokens"),
            (configuration(), ["prm.description=nowhere.json"], "nowhere.json", "."),
            ("sk-4711", [], "is not a list of settings", "key: value"),
            ("delimiter: x", [], "names no model", "deploy/cluster.yaml"),
            ("", [], "is not a list of settings", "key: value"),
        ]

        @Test(arguments: mistakes.indices) func `A mistake is named, with a remedy and without a key`(_ index: Int)
            async throws
        {
            let mistake = Self.mistakes[index]
            let run = try await doctor(mistake.text, mistake.settings.flatMap { ["--set", $0] })
            #expect(run.status == 1, "\(run.all)")
            #expect(run.errors.contains(mistake.says), "\(run.all)")
            #expect(run.errors.contains(mistake.remedy), "\(run.all)")
            #expect(!run.all.contains("sk-4711"), "\(run.all)")
        }

        @Test func `A file that is not there is named`() async throws {
            let run = try await Program.run(["doctor", "--config", "/nowhere/cluster.yaml"])
            #expect(run.status == 1)
            #expect(
                run.errors.contains("/nowhere/cluster.yaml cannot be read") && run.errors.contains("Check the path"))
        }

        @Test func `A wrong value in the environment is named by its setting`() async throws {
            let run = try await doctor(Self.configuration(), environment: ["SPECSEARCH_CALLS_SECONDS": "soon"])
            #expect(run.status == 1)
            #expect(run.errors.contains("SPECSEARCH_CALLS_SECONDS"), "\(run.all)")
        }

        @Test func `The example is right`() async throws {
            let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "deploy/cluster.yaml")
            let urls = ["draft", "target", "prm"].flatMap { ["--set", "\($0).urls=http://127.0.0.1:1"] }
            let run = try await Program.run(["doctor", "--config", example.path] + urls)
            #expect(run.output.contains("Something that the search needs does not work."), "\(run.all)")
        }
    }
#endif
