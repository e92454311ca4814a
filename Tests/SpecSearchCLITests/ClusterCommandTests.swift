#if Cluster
    import Foundation
    import SpecSearchEvaluation
    import SpecSearchTesting
    import Testing

    /// The commands on models of a configuration, from the command line to the files that they leave.
    @Suite(.timeLimit(.minutes(5))) struct ClusterCommandTests {
        @Test func `A run on servers is recorded with them and without their keys, and resumed only on them`()
            async throws
        {
            let cluster = try await ScriptedCluster()
            defer { withExtendedLifetime(cluster) {} }
            let arguments = [
                "evaluate", "--output", cluster.output, "--dataset", cluster.problems, "--methods", "ar,specsearch",
                "--concurrency", "2",
            ]
            let first = try await cluster.run(arguments)
            #expect(first.status == 0, "\(first.all)")
            let folder = RunFolder(cluster.output)
            let manifest = try folder.manifest()
            #expect(manifest.backends?.keys.sorted() == ["draft", "prm", "target"])
            #expect(
                manifest.backends?["target"] == [
                    RunManifest.Backend(
                        url: cluster.target.url, dialect: "vllm", model: "scripted", served: ["scripted"],
                        version: "scripted")
                ])
            #expect(manifest.models.keys.sorted() == ["reward model"])
            #expect(manifest.engine == [:])
            #expect(manifest.arguments.contains("draft.apiKey=<redacted>"))
            let records = try folder.finishedRecords(manifest)
            #expect(records.count == 6)
            #expect(records.allSatisfy { $0.verdict != .failed })
            #expect(cluster.engines.allSatisfy { $0.counts.requests > 0 })

            let report = try await Program.run(["report", cluster.output])
            #expect(report.status == 0, "\(report.all)")
            #expect(try cluster.folder.files(holding: "target `scripted` on vllm `\(cluster.target.url)`").count == 1)
            #expect(!(first.all + report.all).contains(ScriptedCluster.key))
            #expect(try cluster.folder.files(holding: ScriptedCluster.key) == ["cluster.yaml"])

            // The same arguments go on, with another key, too; others do not.
            let again = try await cluster.run(arguments + ["--resume"])
            #expect(again.status == 0 && again.output == first.output, "\(again.all)")
            let alone = try await Program.run(["evaluate", "--output", cluster.output, "--resume"])
            #expect(alone.status == 64 && alone.errors.contains("other models") && alone.errors.contains("--config"))
            let other = ScriptedServer(
                {
                    var configuration = ScriptedServer.Configuration()
                    configuration.apiKey = ScriptedCluster.key
                    return configuration
                }())
            try await other.start()
            try cluster.write(target: other)
            let moved = try await cluster.run(arguments + ["--resume"])
            #expect(moved.status == 64 && moved.errors.contains("other models"), "\(moved.all)")
            #expect(!(alone.all + moved.all).contains(ScriptedCluster.key))
            await other.kill()
            await cluster.stop()
        }

        @Test func `Methods are compared on servers`() async throws {
            let cluster = try await ScriptedCluster()
            let bench = try await cluster.run(
                ["bench", "--problems", cluster.problems, "--limit", "3", "--methods", "ar,specsearch", "--json"])
            #expect(bench.status == 0, "\(bench.all)")
            #expect(bench.output.contains("\"specsearch\""))
            #expect(!bench.all.contains(ScriptedCluster.key))
            await cluster.stop()
        }

        @Test func `A variant with a file of its own is refused before anything runs`() async throws {
            let cluster = try await ScriptedCluster()
            let run = try await cluster.run([
                "evaluate", "--output", cluster.output, "--dataset", cluster.problems, "--variant",
                "small: draft=other.gguf",
            ])
            #expect(run.status == 1)
            #expect(run.errors.contains("The variant small names a draft of its own"), "\(run.all)")
            #expect(run.errors.contains("Leave --config out"))
            #expect(!FileManager.default.fileExists(atPath: cluster.output + "/manifest.json"))
            await cluster.stop()
        }

        @Test(arguments: [
            (401, #"{"error":{"message":"Incorrect API key provided: KEY."}}"#), (500, "cannot serve KEY"),
            (500, String(repeating: " ", count: 390) + "KEY"),
            (200, #"{"error":{"message":"no credit for KEY","code":402}}"#),
        ])
        func `A server that repeats the key in its errors does not have it shown`(status: Int, body: String)
            async throws
        {
            let cluster = try await ScriptedCluster()
            for engine in cluster.engines {
                engine.disturb { _ in
                    .json(body.replacingOccurrences(of: "KEY", with: ScriptedCluster.key), status: status)
                }
            }
            for command in [
                ["doctor"], ["doctor", "--json"],
                ["solve", "--example", "--trace", cluster.folder.file("trace.jsonl")],
                ["bench", "--problems", cluster.problems, "--limit", "3"],
                ["evaluate", "--output", cluster.output, "--dataset", cluster.problems],
            ] {
                let run = try await cluster.run(command)
                #expect(run.status != 0, "\(command) \(run.all)")
                #expect(!run.all.contains("sk-4711"), "\(command) \(run.all)")
            }
            #expect(try cluster.folder.files(holding: "sk-4711") == ["cluster.yaml"])
            await cluster.stop()
        }

        @Test func `A wrong key is refused by its server, and says what to do`() async throws {
            let cluster = try await ScriptedCluster()
            let run = try await cluster.run(["solve", "--example"], key: "sk-wrong")
            #expect(run.status == 1)
            #expect(run.errors.contains("401") && run.errors.contains("apiKey"), "\(run.all)")
            #expect(!run.all.contains("sk-wrong") && !run.all.contains(ScriptedCluster.key))
            await cluster.stop()
        }
    }
#endif
