import Foundation
import Testing

/// The program with the shipped models, as users run it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProgramTests {
    private static let target = ["--target", Program.models + "/target.gguf", "--chat-template", "{problem}\n\n"]
    private static let small = ["--beams", "1", "--width", "2", "--depth", "3"]

    /// The fields of a result that these tests read.
    private struct Report: Decodable {
        struct Step: Decodable {
            struct Thought: Decodable { var source: String }
            var thought: Thought
        }
        struct Best: Decodable { var steps: [Step] }
        struct Problem: Decodable { var text: String }
        var method: String
        var problem: Problem
        var best: Best
        var end: String
    }

    @Test func `A target alone is enough for a search that asks no other model`() async throws {
        let run = try await Program.run(
            ["solve", "--example", "--json", "--method", "ar", "--search", "self-consistency"] + Self.target
                + Self.small)
        #expect(run.status == 0, "\(run.all)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.method == "ar" && report.problem.text.hasPrefix("Mia has 47 shells."))
        #expect(!report.best.steps.isEmpty && report.best.steps.allSatisfy { $0.thought.source == "target" })
    }

    @Test func `A model that the method needs and nobody named is said to be missing`() async throws {
        let run = try await Program.run(["solve", "--example", "--method", "specsearch"] + Self.target + Self.small)
        #expect(run.status == 1)
        #expect(run.errors.contains("This method needs a draft model"), "\(run.all)")
    }

    @Test func `Who chooses no search gets what the models can do, and is told`() async throws {
        let run = try await Program.run(["solve", "--example", "--json"] + Self.target + Self.small)
        #expect(run.status == 0, "\(run.all)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.method == "ar" && report.best.steps.count > 1)
        #expect(run.errors.contains("has no reward model and no draft: searching by --search self-consistency"))
        // What was chosen is not changed.
        for chosen in [["--search", "beam", "--method", "ar"], ["--keep-beam-full", "--method", "ar"]] {
            let refused = try await Program.run(["solve", "--example"] + chosen + Self.target)
            #expect(refused.status == 1 && refused.errors.contains("has no reward model"), "\(refused.all)")
            #expect(refused.errors.contains("judge target") && refused.errors.contains("self-consistency"))
        }
    }

    @Test func `An evaluation that looks at scores nobody gives is not begun`() async throws {
        let folder = try TemporaryFolder()
        let run = try await Program.run(
            ["evaluate", "--output", folder.file("run"), "--dataset", Program.models + "/heldout.jsonl"]
                + ["--limit", "1", "--methods", "ar"] + Self.target)
        #expect(run.status == 1 && run.errors.contains("has no reward model"), "\(run.all)")
        #expect(!FileManager.default.fileExists(atPath: folder.file("run/manifest.json")))
    }

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
    func `A signal ends a search with the best so far`(signal: Int32, status: Int32) async throws {
        let folder = try TemporaryFolder()
        let trace = folder.file("trace.jsonl")
        let run = try await Program.run(
            ["solve", "--example", "--json", "--models", Program.models, "--method", "ar", "--beams", "64"]
                + ["--width", "64", "--temperature", "1", "--trace", trace], interruption: (signal, trace))
        #expect(run.status == status, "\(run.all)")
        let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
        #expect(report.end == "cancelled")
        let replay = try await Program.run(["replay", trace])
        #expect(replay.status == 0 && replay.output.contains("interrupted"), "\(replay.all)")
    }

    @Test func `A recorded search is replayed`() async throws {
        let folder = try TemporaryFolder()
        let trace = folder.file("trace.jsonl")
        let search = ["solve", "--example", "--json", "--models", Program.models, "--trace", trace]
        let run = try await Program.run(search + Self.small)
        #expect(run.status == 0, "\(run.all)")
        let replay = try await Program.run(["replay", trace, "--json"])
        #expect(replay.status == 0, "\(replay.all)")
        let reports = try [run, replay].map { try JSONDecoder().decode(Report.self, from: Data($0.output.utf8)) }
        #expect(reports[0].end == reports[1].end && reports[0].best.steps.count == reports[1].best.steps.count)

        let text = try String(contentsOfFile: trace, encoding: .utf8)
        try folder.write(text.replacing("\"score\":0.", with: "\"score\":1."), to: "edited.jsonl")
        let edited = try await Program.run(["replay", folder.file("edited.jsonl")])
        #expect(edited.status == 1 && edited.errors.contains("was edited, or is of another version"), "\(edited.all)")
    }

    @Test func `A trace that is not there is named`() async throws {
        let run = try await Program.run(["replay", "/nowhere/trace.jsonl"])
        #expect(run.status == 1 && run.errors.contains("The trace /nowhere/trace.jsonl cannot be read."), "\(run.all)")
    }
}
