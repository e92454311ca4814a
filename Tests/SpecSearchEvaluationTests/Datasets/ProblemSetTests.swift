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
        let error = #expect(throws: SpecSearchError.self) { try ProblemSet(contentsOf: url) }
        #expect(error?.description.contains(message) == true)
        #expect(error?.description.contains(url.path) == true)
    }

    @Test func `The problems of a seed stay the same`() {
        let set = ProblemSet(
            problems: (0..<100).map { GradedProblem(problem: Problem(id: "p\($0)", text: ""), answer: "1") })
        #expect(set.sample(6, seed: 0).map(\.problem.id) == ["p39", "p97", "p3", "p79", "p93", "p47"])
    }

    @Test(arguments: [
        (
            #"{"question":"How many?","answer":"2+2=4\n#### 4,000"}"#,
            GradedProblem(
                problem: Problem(id: "gsm8k/1", text: "How many?"), answer: "4,000", solution: "2+2=4\n#### 4,000")
        ),
        (
            #"{"problem":"P","solution":"S","answer":"7","level":"Level 3","subject":"Algebra","unique_id":"a/1.json"}"#,
            GradedProblem(
                problem: Problem(id: "a/1.json", text: "P"), answer: "7", solution: "S", level: 3, subject: "Algebra")
        ),
        (
            #"{"problem":"P","solution":"so \\boxed{\\frac{1}{2}}","level":"Level 1","type":"Geometry"}"#,
            GradedProblem(
                problem: Problem(id: "math/1", text: "P"), answer: #"\frac{1}{2}"#,
                solution: #"so \boxed{\frac{1}{2}}"#,
                level: 1, subject: "Geometry")
        ),
        (
            #"{"ID":"2024-I-1","Problem":"P","Solution":"S","Answer":204}"#,
            GradedProblem(problem: Problem(id: "2024-I-1", text: "P"), answer: "204", solution: "S")
        ),
        (
            #"{"id":5,"problem":"P","answer":142.0,"url":"u"}"#,
            GradedProblem(problem: Problem(id: "5", text: "P"), answer: "142")
        ),
        (
            #"{"id":1606,"question":"Q","solution":["S"],"final_answer":["$2$","$3$"],"subfield":"Algebra","unit":null}"#,
            GradedProblem(
                problem: Problem(id: "1606", text: "Q"), answer: "$2$, $3$", solution: "S", subject: "Algebra")
        ),
        (
            #"{"task_id":"H/0","prompt":"def f():","test":"def check(c): pass","entry_point":"f","canonical_solution":" 1"}"#,
            GradedProblem(
                problem: Problem(
                    id: "H/0",
                    text: "Please provide a self-contained Python script that solves the following problem in "
                        + "a markdown code block:\n```python\ndef f():\n```"), answer: " 1",
                codeTask: CodeTask(id: "H/0", prompt: "def f():", test: "def check(c): pass", entryPoint: "f"))
        ),
    ])
    func `The format is told from the keys`(line: String, problem: GradedProblem) throws {
        let url = try write(line)
        defer { try? FileManager.default.removeItem(at: url) }
        #expect(try ProblemSet(contentsOf: url).problems == [problem])
    }

    @Test func `A given format is kept to`() throws {
        let url = try write(#"{"id":"a","problem":"x","answer":"1"}"#)
        defer { try? FileManager.default.removeItem(at: url) }
        #expect(throws: SpecSearchError.self) { try ProblemSet(contentsOf: url, format: .gsm8k) }
        #expect(try ProblemSet(contentsOf: url, format: .plain).problems.count == 1)
    }

    @Test func `Bad lines are skipped and listed, if so chosen`() throws {
        let good = #"{"id":"a","problem":"x","answer":"1"}"#
        let url = try write(good + "\nnot JSON\n\n" + good + "\n[1]\n" + #"{"id":"b","problem":"y","answer":2}"#)
        defer { try? FileManager.default.removeItem(at: url) }
        let set = try ProblemSet(contentsOf: url, badLines: .skip)
        #expect(set.problems.map(\.problem.id) == ["a", "b"])
        #expect(set.badLines.map(\.number) == [2, 4, 5])
        let error = #expect(throws: SpecSearchError.self) { try ProblemSet(contentsOf: url) }
        #expect(error?.description.contains("line 2") == true)
    }

    @Test func `A list of ids chooses problems in its order`() throws {
        let set = ProblemSet(
            problems: ["a", "b", "c"].map { GradedProblem(problem: Problem(id: $0, text: ""), answer: "1") })
        let url = try write("# mine\nc\n\n a \n")
        defer { try? FileManager.default.removeItem(at: url) }
        let ids = try ProblemSet.ids(contentsOf: url)
        #expect(try set.problems(ids: ids).map(\.problem.id) == ["c", "a"])
        #expect(throws: SpecSearchError.self) { try set.problems(ids: ["d"]) }
        #expect(throws: SpecSearchError.self) { try set.problems(ids: ["a", "a"]) }
    }

    @Test func `A data set is found by its name, or by its path`() throws {
        let url = try write("x")
        defer { try? FileManager.default.removeItem(at: url) }
        #expect(try DatasetLocation.file(url.path).path == url.path)
        let nowhere = [DatasetLocation.variable: url.path + "-folder"]
        let error = #expect(throws: SpecSearchError.self) {
            try DatasetLocation.file("gsm8k", environment: nowhere)
        }
        #expect(error?.description.contains(DatasetLocation.variable) == true)
        #expect(throws: SpecSearchError.self) { try DatasetLocation.file("nothing-of-the-kind") }
    }
}
