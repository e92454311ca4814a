import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct BenchmarkReportTests {
    private func record(_ id: Int, right: Bool, seconds: Double, proposed: Int = 0, accepted: Int = 0)
        -> BenchmarkRecord
    {
        var usage = Usage()
        usage[.target].evaluatedTokens = 10
        usage[.target].proposedTokens = proposed
        usage[.target].acceptedTokens = accepted
        return BenchmarkRecord(
            problemID: "\(id)", isRight: right, seconds: seconds, usage: usage, judgedDrafts: 4, acceptedDrafts: 3,
            phases: ["target": seconds])
    }

    @Test func `The speed-up is the ratio of sums, and differences are paired`() throws {
        let slow = (0..<10).map { record($0, right: $0 < 8, seconds: Double($0 + 1)) }
        let fast = (0..<10).map { record($0, right: $0 < 9, seconds: Double($0 + 1) / 4, proposed: 8, accepted: 2) }
        let report = BenchmarkReport(records: [("ar", slow), ("specsearch", fast)])
        let comparison = try #require(report.comparisons.first)
        #expect(report.comparisons.count == 1)
        #expect(comparison.method == "specsearch" && comparison.baseline == "ar")
        #expect(abs(comparison.speedup - 4) < 1e-12)
        #expect(abs(comparison.accuracyDifference - 0.1) < 1e-12)
        #expect(report.methods[0].accuracy == 0.8)
        #expect(report.methods[0].seconds == 55)
        #expect(report.methods[1].tokens.target == 100)
        #expect(report.methods[1].tokenAcceptance == 0.25)
        #expect(report.methods[0].tokenAcceptance == nil)
        #expect(report.methods[0].acceptance == 0.75)
    }

    @Test func `The JSON has the documented names`() throws {
        let records = [record(0, right: true, seconds: 2), record(1, right: false, seconds: 4)]
        let data = try JSONEncoder().encode(BenchmarkReport(records: [("ar", records), ("sps", records)]))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let method = try #require((object["methods"] as? [[String: Any]])?.first)
        #expect(Set(["method", "problems", "accuracy", "seconds", "tokens"]).isSubset(of: method.keys))
        #expect(Set((method["tokens"] as? [String: Any] ?? [:]).keys) == ["draft", "target", "prm"])
        let comparison = try #require((object["comparisons"] as? [[String: Any]])?.first)
        #expect(
            Set(comparison.keys) == [
                "method", "baseline", "speedup", "speedup_interval", "accuracy_difference", "accuracy_interval",
            ])
    }
}

@Suite struct ProblemSetTests {
    private func write(_ text: String) throws -> URL {
        let url = FileManager.default.temporaryDirectory.appending(path: "problems-\(UUID().uuidString).jsonl")
        try text.write(to: url, atomically: true, encoding: .utf8)
        return url
    }

    @Test func `A file is read in its order, and sampled by seed`() throws {
        let lines = (0..<20).map { "{\"id\":\"p\($0)\",\"problem\":\"What is \($0)?\",\"answer\":\"\($0)\"}" }
        let url = try write(lines.joined(separator: "\n") + "\n")
        defer { try? FileManager.default.removeItem(at: url) }
        let set = try ProblemSet(contentsOf: url)
        #expect(set.problems.map(\.problem.id) == (0..<20).map { "p\($0)" })
        #expect(set.sample(5, seed: 7) == set.sample(5, seed: 7))
        #expect(set.sample(5, seed: 7) != set.sample(5, seed: 8))
        #expect(set.sample(5, seed: 7) == Array(set.sample(9, seed: 7).prefix(5)))
    }

    @Test(arguments: [
        ("{\"id\":\"a\",\"problem\":\"x\",\"answer\":\"1\"}\n{\"id\":\"b\"}\n", "line 2"),
        (
            "{\"id\":\"a\",\"problem\":\"x\",\"answer\":\"1\"}\n{\"id\":\"a\",\"problem\":\"x\",\"answer\":\"1\"}",
            "stands twice"
        ),
        ("", "no problem"),
    ])
    func `A bad file says what is wrong`(text: String, message: String) throws {
        let url = try write(text)
        defer { try? FileManager.default.removeItem(at: url) }
        let error = #expect(throws: ProblemSet.LoadError.self) { try ProblemSet(contentsOf: url) }
        #expect(error?.description.contains(message) == true)
        #expect(error?.description.contains(url.path) == true)
    }

    @Test func `An answer is graded by its text`() {
        let problem = GradedProblem(problem: Problem(text: "?"), answer: "12")
        #expect(problem.accepts(" 12.\n"))
        #expect(!problem.accepts("120"))
        #expect(!problem.accepts(nil))
    }
}
