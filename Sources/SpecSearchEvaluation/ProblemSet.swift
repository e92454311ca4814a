public import Foundation
public import SpecSearch

/// A problem whose answer is known.
public struct GradedProblem: Sendable, Hashable {
    public var problem: Problem
    /// The right answer, as text.
    public var answer: String

    public init(problem: Problem, answer: String) {
        self.problem = problem
        self.answer = answer
    }

    /// Whether a search's answer is right: equal texts, white space and a final full stop aside.
    public func accepts(_ candidate: String?) -> Bool {
        guard let candidate else { return false }
        return Self.normalise(candidate) == Self.normalise(answer)
    }

    static func normalise(_ text: String) -> String {
        var text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if text.hasSuffix(".") { text.removeLast() }
        return text
    }
}

/// Problems read from a JSON Lines file of `{"id", "problem", "answer"}`.
public struct ProblemSet: Sendable {
    /// A file that cannot be used, and what to do about it.
    public struct LoadError: Error, CustomStringConvertible {
        public let description: String
    }

    private struct Line: Decodable {
        let id: String
        let problem: String
        let answer: String
    }

    /// The problems, in the order of the file.
    public var problems: [GradedProblem]

    public init(problems: [GradedProblem]) {
        self.problems = problems
    }

    /// Reads a file.
    ///
    /// - Throws: ``LoadError``, naming the file and the number of the first bad line.
    public init(contentsOf url: URL) throws {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw LoadError(description: "cannot read \(url.path): is it there, and readable?")
        }
        let decoder = JSONDecoder()
        var problems: [GradedProblem] = []
        var ids: Set<String> = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
            guard let parsed = try? decoder.decode(Line.self, from: Data(line)) else {
                throw LoadError(
                    description: "\(url.path), line \(index + 1): not a JSON object with the texts "
                        + "\"id\", \"problem\" and \"answer\"; mend or remove the line.")
            }
            guard ids.insert(parsed.id).inserted else {
                throw LoadError(description: "\(url.path), line \(index + 1): the id \(parsed.id) stands twice.")
            }
            problems.append(
                GradedProblem(problem: Problem(id: parsed.id, text: parsed.problem), answer: parsed.answer))
        }
        guard !problems.isEmpty else { throw LoadError(description: "\(url.path) holds no problem.") }
        self.problems = problems
    }

    /// `limit` problems drawn without replacement; the same seed draws the same ones, in the same order.
    public func sample(_ limit: Int, seed: UInt64) -> [GradedProblem] {
        var generator = PhiloxGenerator(seed: seed)
        return Array(problems.shuffled(using: &generator).prefix(limit))
    }

    /// The problems with these ids, in the order of the ids.
    ///
    /// - Throws: ``LoadError`` for an id that is not in the set.
    public func problems(ids: [String]) throws -> [GradedProblem] {
        let known = Dictionary(problems.map { ($0.problem.id, $0) }, uniquingKeysWith: { first, _ in first })
        return try ids.map { id in
            guard let problem = known[id] else {
                throw LoadError(description: "the data set has no problem with the id \(id).")
            }
            return problem
        }
    }
}
