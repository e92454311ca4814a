internal import Foundation
internal import MathGrading
internal import SpecSearch

/// The layout of the lines of a data set.
public enum DatasetFormat: String, Sendable, Hashable, CaseIterable {
    /// `{"id", "problem", "answer"}`.
    case plain
    /// `{"question", "answer"}`, the answer being a solution that ends with `#### 18`.
    case gsm8k
    /// `{"problem", "solution", "answer", "level", "subject", "unique_id"}`.
    case math
    /// AIME, AMC, OlympiadBench and the like: keys in any case, `question` or `problem`, `answer` or `final_answer`, numbers
    /// or lists as answers.
    case competition
    /// `{"task_id", "prompt", "test", "entry_point", "canonical_solution"}`.
    case humaneval

    /// A line that does not fit, in words that follow "line 7: ".
    struct LineError: Error {
        let reason: String
    }

    /// The format that a line's keys tell.
    static func detected(in row: DatasetRow) -> DatasetFormat {
        if row.has("prompt"), row.has("entry_point") { return .humaneval }
        if row.has("question"), row.text("answer")?.contains("####") == true { return .gsm8k }
        if row.has("problem"), row.has("solution"), row.has("level") || row.has("subject") || row.has("type") {
            return .math
        }
        if row.has("problem"), row.has("answer"), !row.has("solution"), row.isPlain { return .plain }
        return .competition
    }

    /// The problem on a line.
    ///
    /// - Parameter number: The line's number from 1, which names a problem that has no id.
    func problem(from row: DatasetRow, number: Int) throws(LineError) -> GradedProblem {
        func id(_ keys: String...) -> String { row.first(keys) ?? "\(rawValue)/\(number)" }
        switch self {
        case .plain:
            return GradedProblem(
                problem: Problem(id: try row.required("id"), text: try row.required("problem")),
                answer: try row.required("answer"))
        case .gsm8k:
            let solution = try row.required("answer")
            guard let mark = solution.range(of: "####", options: .backwards) else {
                throw LineError(reason: "the answer has no \"####\".")
            }
            let answer = solution[mark.upperBound...].trimmingCharacters(in: .whitespacesAndNewlines)
            guard !answer.isEmpty else { throw LineError(reason: "nothing follows \"####\".") }
            return GradedProblem(
                problem: Problem(id: id("id"), text: try row.required("question")), answer: answer, solution: solution)
        case .math, .competition:
            let solution = row.first(["solution"])
            let given = row.first(["answer", "final_answer", "gold", "expected_answer"])
            guard let answer = given ?? solution.flatMap({ AnswerExtractor().answer(in: $0) }) else {
                throw LineError(reason: "no \"answer\", no \"final_answer\", and no solution with a boxed one.")
            }
            guard let text = row.first(["problem", "question"]) else {
                throw LineError(reason: "no \"problem\" and no \"question\".")
            }
            return GradedProblem(
                problem: Problem(id: id("unique_id", "id", "problem_id", "question_id", "idx"), text: text),
                answer: answer, solution: solution,
                level: row.first(["level", "difficulty"]).flatMap { Int($0.filter { $0.isASCII && $0.isNumber }) },
                subject: row.first(["subject", "type", "subfield", "category"]))
        case .humaneval:
            let (id, prompt) = (try row.required("task_id"), try row.required("prompt"))
            let task = CodeTask(
                id: id, prompt: prompt, test: try row.required("test"), entryPoint: try row.required("entry_point"))
            return GradedProblem(
                problem: task.problem, answer: row.text("canonical_solution") ?? "", codeTask: task)
        }
    }
}

/// The members of one JSON object, under keys in lower case.
struct DatasetRow: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// A text, a number or a truth value as text, or a list of them joined by commas.
    private struct Value: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                var texts: [String] = []
                while !list.isAtEnd { texts.append(try list.decode(Value.self).text ?? "") }
                text = texts.joined(separator: ", ")
                return
            }
            guard let container = try? decoder.singleValueContainer() else {
                text = nil
                return
            }
            if let string = try? container.decode(String.self) {
                text = string
            } else if let flag = try? container.decode(Bool.self) {
                text = flag ? "true" : "false"
            } else {
                text = (try? container.decode(Decimal.self)).map { "\($0)" }
            }
        }
    }

    private let values: [String: String]
    /// Whether every member is a text.
    let isPlain: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        var values: [String: String] = [:]
        var isPlain = true
        for key in container.allKeys {
            if (try? container.decode(String.self, forKey: key)) == nil { isPlain = false }
            if let text = try container.decode(Value.self, forKey: key).text {
                values[key.stringValue.lowercased()] = text
            }
        }
        self.values = values
        self.isPlain = isPlain
    }

    func has(_ key: String) -> Bool { values[key] != nil }
    func text(_ key: String) -> String? { values[key] }

    /// The first of the members that is there and not empty.
    func first(_ keys: [String]) -> String? { keys.lazy.compactMap { values[$0] }.first { !$0.isEmpty } }

    func required(_ key: String) throws(DatasetFormat.LineError) -> String {
        guard let text = values[key] else { throw DatasetFormat.LineError(reason: "no text \"\(key)\".") }
        return text
    }
}
