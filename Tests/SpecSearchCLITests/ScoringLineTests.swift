import Foundation
import SpecSearch
import SpecSearchCLI
import SpecSearchTesting
import Testing

@Suite struct ScoringLineTests {
    /// Scores a step by how many there are, and sees how they end.
    private func line(_ aggregation: ScoreAggregation? = nil) -> ScoringLine {
        ScoringLine(
            ScriptedRewardModel(aggregation: .last) { path in
                let last = path.thoughts.last
                let isRight = path.thoughts.dropLast().allSatisfy { $0.text.hasSuffix("\n\n") && $0.stop == .delimiter }
                return isRight ? (last?.stop == .endOfSequence ? 0.75 : 0.5) / Double(path.depth) : 0
            }, aggregation: aggregation, delimiter: "\n\n")
    }

    @Test func `A line keeps what it has, and gets the scores of its steps and of its path`() async throws {
        let result = try await line().scored(#"{"id":7,"problem":"?","steps":["a","b\n\n","c"]}"#)
        #expect(result.error == nil)
        #expect(
            result.line == #"{"id":7,"problem":"?","score":0.25,"scores":[0.5,0.25,0.25],"steps":["a","b\n\n","c"]}"#)
        let mean = try await line(.mean).scored(#"{"problem":"?","steps":["a","b"]}"#)
        #expect(mean.line.contains(#""score":0.4375"#))
    }

    @Test func `A solution that is not finished has no end`() async throws {
        let result = try await line().scored(#"{"problem":"?","steps":["a","b"],"finished":false}"#)
        #expect(result.line.contains(#""scores":[0.5,0.25]"#))
    }

    @Test(arguments: [
        "", "x", "[1]", "{}", #"{"problem":"?"}"#, #"{"steps":["a"]}"#, #"{"problem":"?","steps":[]}"#,
        #"{"problem":"?","steps":[" "]}"#, #"{"problem":"?","steps":"a"}"#, #"{"problem":1,"steps":["a"]}"#,
    ])
    func `A bad line is said to be bad`(text: String) async throws {
        let result = try await line().scored(text)
        #expect(result.error != nil && result.line.contains("\"error\""))
    }

    @Test func `The shipped reward model tells a right step from a wrong one, and a line that is none fails alone`()
        async throws
    {
        let problem =
            "Mia has 47 shells. Mia finds 68 more. Mia sells 29. Mia doubles the pile. Mia lends 54. "
            + "Mia halves the pile. Mia wins 85 more. Mia loses 37. How many shells does Mia have now?"
        func line(_ third: String) -> String {
            #"{"problem":"\#(problem)","finished":false,"steps":["finds 68: 47+68=115.","sells 29: 115-29=86.","\#(third)"]}"#
        }
        let lines = [line("doubles: 86*2=172."), "none", line("doubles: 86*2=182.")]
        let file = FileManager.default.temporaryDirectory.appending(path: "score-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(lines.joined(separator: "\n").utf8).write(to: file)
        let run = try await Program.run(["score", "--models", Program.models, file.path])
        #expect(run.status == 1 && run.errors.contains("line 2: "), "\(run.all)")
        struct Scored: Decodable {
            var score: Double?
        }
        let scored = try run.output.split(separator: "\n").map {
            try JSONDecoder().decode(Scored.self, from: Data($0.utf8)).score
        }
        try #require(scored.count == 3)
        #expect((scored[0] ?? 0) > 0.9 && scored[1] == nil && (scored[2] ?? 1) < 0.1, "\(run.output)")
    }

    @Test func `Samples are added to a file, and what is in it is not sampled again`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "sample-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        let arguments = [
            "sample", "--models", Program.models, "--output", file.path, "--count", "2", "--temperature", "0.5",
        ]
        // The shipped reward model is no head, so there are no states to be had.
        let first = try await Program.run(arguments + ["--limit", "1"])
        #expect(first.status == 0, "\(first.all)")
        let second = try await Program.run(arguments + ["--limit", "2"])
        #expect(second.status == 0 && second.errors.contains("2 of 2"), "\(second.all)")
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.split(separator: "\n").count == 2)
        #expect(text.contains("isRight") && !text.contains("states"))
    }
}
