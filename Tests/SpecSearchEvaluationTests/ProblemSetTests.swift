import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

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
