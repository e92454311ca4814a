import Foundation
import Testing

/// The program with the shipped models, as users run it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProgramTests {
    private static let target = ["--target", Program.models + "/target.gguf", "--chat-template", "{problem}\n\n"]
    @Test func `A program is judged by its examples, and what it falls short of is told`() async throws {
        let folder = try TemporaryFolder()
        let head = "def twice(x):\n    '''Twice.\n\n    >>> twice(2)\n    4\n    >>> twice(3)\n    6\n    '''\n"
        let file = try folder.write(head, to: "twice.py")
        let trace = folder.file("t.jsonl")
        let shipped = [
            "--models", Program.models, "--method", "ar", "--width", "2", "--max-tokens", "24", "--depth", "1",
        ]
        let run = try await Program.run(["solve", "--program", file, "--trace", trace] + shipped)
        #expect(run.status == 0, "\(run.all)")
        #expect(run.errors.contains("2 examples judge; what the models write is run here, without a sandbox."))
        let replayed = try await Program.run(["replay", trace])
        #expect(replayed.status == 0, "\(replayed.all)")

        let silent = try folder.write("def twice(x):\n    '''Twice.'''\n", to: "silent.py")
        let unjudged = try await Program.run(["solve", "--program", silent, "--quiet"] + shipped)
        #expect(unjudged.status == 0 && !unjudged.errors.contains("example"), "\(unjudged.all)")
        let other = try await Program.run(["solve", "--program", silent, "--resume", trace, "--models", Program.models])
        #expect(other.status == 64 && other.errors.contains("about another problem"), "\(other.all)")
    }

    @Test func `A router is trained on the traces of a run, and taken`() async throws {
        let folder = try TemporaryFolder()
        let run = folder.file("run")
        let traces = folder.file("traces")
        let shipped = ["--models", Program.models, "--beams", "2", "--width", "3", "--temperature", "2"]
        let evaluated = try await Program.run(
            ["evaluate", "--output", run, "--traces", traces, "--limit", "12", "--methods", "specsearch"] + shipped)
        #expect(evaluated.status == 0, "\(evaluated.all)")
        let files = try FileManager.default.contentsOfDirectory(atPath: traces).map { traces + "/" + $0 }
        #expect(files.count == 12 && files.allSatisfy { $0.hasSuffix(".0.jsonl") })
        for file in files.prefix(3) {
            let replayed = try await Program.run(["replay", file])
            #expect(replayed.status == 0, "\(replayed.all)")
        }
        let trained = try await Program.run(["router", "--least-advantage", "0.9"] + files)
        #expect(trained.status == 0, "\(trained.all)")
        let option = try #require(trained.output.split(separator: "\n").last).split(separator: "'")
        let solved = try await Program.run(["solve", "--example", "--router", String(option[1])] + shipped)
        #expect(solved.status == 0, "\(solved.all)")
        let missing = try await Program.run(["router", folder.file("none.jsonl")])
        #expect(missing.status == 1 && missing.errors.contains("none.jsonl cannot be read"))
    }

    private static let small = ["--beams", "1", "--width", "2", "--depth", "3"]

    /// The fields of a result that these tests read.
    private struct Report: Decodable {
        struct Step: Decodable, Equatable {
            struct Thought: Decodable, Equatable {
                var source: String
                var text: String
            }
            var thought: Thought
        }
        struct Best: Decodable, Equatable { var steps: [Step] }
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

    @Test(arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143)), (SIGHUP, Int32(129))])
    func `A signal, sent twice at once as timeout does, ends a search with the best so far`(
        signal: Int32, status: Int32
    ) async throws {
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
        #expect(run.errors.contains("solve --resume \(trace)"), "\(run.errors)")
    }

    @Test func `A run with its models placed by arguments is not resumed without them, and says so`() async throws {
        let folder = try TemporaryFolder()
        let begun = try await Program.run(
            ["evaluate", "--output", folder.file("run"), "--dataset", Program.models + "/heldout.jsonl"]
                + ["--limit", "40", "--methods", "ar", "--gpu-layers", "0"] + Self.small,
            interruption: (SIGINT, folder.file("run/records.jsonl")))
        #expect(begun.status == 130, "\(begun.all)")
        #expect(begun.errors.contains("--resume and the arguments of before"), "\(begun.errors)")
        let alone = try await Program.run(["evaluate", "--output", folder.file("run"), "--resume"])
        #expect(alone.status == 64 && alone.errors.contains("placed otherwise"), "\(alone.all)")
    }

    @Test func `The summary of a search that was stopped before its first step has no empty places`() async throws {
        let run = try await Program.run(
            ["solve", "--example", "--models", Program.models, "--deadline", "0.001", "--method", "ar"]
                + ["--beams", "64", "--width", "64", "--temperature", "1"])
        #expect(run.status == 0 && run.output.contains("Steps   "), "\(run.all)")
        #expect(
            run.output.split(separator: "\n").allSatisfy { !$0.hasSuffix(": ") && !$0.hasSuffix(":") }, "\(run.all)")
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

    @Test func `An interrupted search goes on from its trace to the result of one without interruption`() async throws {
        let folder = try TemporaryFolder()
        let trace = folder.file("trace.jsonl")
        // The method auto may choose otherwise the second time.
        let search =
            [
                "solve", "--example", "--models", Program.models, "--beams", "3", "--width", "8", "--method",
                "specsearch",
            ]
        let whole = try await Program.run(search + ["--json", "--trace", trace])
        #expect(whole.status == 0, "\(whole.all)")
        // As a kill leaves it: some lines, the last of them torn.
        let text = try String(contentsOfFile: trace, encoding: .utf8)
        try String(text.prefix(text.count / 2)).write(toFile: trace, atomically: true, encoding: .utf8)
        let rest = try await Program.run(["solve", "--models", Program.models, "--json", "--resume", trace])
        #expect(rest.status == 0, "\(rest.all)")
        let reports = try [whole, rest].map { try JSONDecoder().decode(Report.self, from: Data($0.output.utf8)) }
        #expect(reports[0].best == reports[1].best && reports[1].end == "finished")
        #expect(try String(contentsOfFile: trace, encoding: .utf8).count > text.count / 2)
        #expect(try await Program.run(["replay", trace]).status == 0)

        let before = try String(contentsOfFile: trace, encoding: .utf8)
        let others = try await Program.run(
            ["solve", "--resume", trace] + Self.target)
        #expect(others.status == 1 && others.errors.contains("needs a draft model"), "\(others.all)")
        #expect(try String(contentsOfFile: trace, encoding: .utf8) == before)
        #expect(!FileManager.default.fileExists(atPath: trace + ".resumed"))
        let changed = try await Program.run(["solve", "--resume", trace, "--beams", "4"])
        #expect(changed.status == 64 && changed.errors.contains("they are the trace's"), "\(changed.all)")
    }

    @Test func `A trace is written in place, and what was in it stays until the search begins`() async throws {
        let folder = try TemporaryFolder()
        let old = try folder.write("old\n", to: "old.jsonl")
        let run = try await Program.run(["solve", "--example", "--models", "/nowhere", "--trace", old])
        #expect(run.status == 1, "\(run.all)")
        #expect(try String(contentsOfFile: old, encoding: .utf8) == "old\n")
        let device = try await Program.run(
            ["solve", "--example", "--models", Program.models, "--trace", "/dev/null"] + Self.small)
        #expect(device.status == 0, "\(device.all)")
        let kind = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
        #expect(kind == .typeCharacterSpecial)
        let full = try await Program.run(
            ["solve", "--example", "--models", Program.models, "--trace", "/dev/full"] + Self.small)
        #expect(
            full.status == 1 && full.output.contains("Answer") && full.errors.contains("is not whole"), "\(full.all)")
    }

    @Test func `In a pipe every step is told on standard error, and the summary has five lines`() async throws {
        let run = try await Program.run(["solve", "--example", "--models", Program.models])
        #expect(run.status == 0, "\(run.all)")
        let told = run.errors.split(separator: "\n").map { $0.drop { $0 == " " } }
        #expect(
            told.count == 8 && told[0].hasPrefix("1  target") && told[7].contains("The answer is 107."), "\(run.errors)"
        )
        let summary = run.output.components(separatedBy: "\n\n").suffix(2).joined(separator: "\n")
        #expect(
            summary.split(separator: "\n").map { $0.prefix(6) } == ["Answer", "Time  ", "Method", "Steps ", "Drafts"],
            "\(run.output)")
        let quiet = try await Program.run(["solve", "--example", "--models", Program.models, "--quiet"])
        #expect(quiet.output == "107\n" && quiet.errors.isEmpty)
    }

    @Test func `A trace that is not there is named`() async throws {
        let run = try await Program.run(["replay", "/nowhere/trace.jsonl"])
        #expect(run.status == 1 && run.errors.contains("The trace /nowhere/trace.jsonl cannot be read."), "\(run.all)")
    }
}
