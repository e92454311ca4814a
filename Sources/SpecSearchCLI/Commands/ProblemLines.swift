internal import ArgumentParser
internal import Foundation
internal import SpecSearch

/// The problems of `solve --input`, and what was solved of them before.
struct ProblemLines {
    /// A line that is no problem.
    struct Fault: Error { let reason: String }

    /// One line: a problem, or what is wrong with the line.
    struct Line {
        var id: String
        var problem: Result<Problem, Fault>
    }

    /// The lines that are still to do, in order.
    private(set) var left: [Line] = []
    /// How many were solved before.
    private(set) var solved = 0
    /// Whether the earlier results end in the middle of a line.
    private(set) var endsTorn = false

    /// - Parameters:
    ///   - path: JSON Lines of problems; `-` for standard input.
    ///   - results: Earlier lines of the same command: what was solved in them is left out.
    /// - Throws: `ValidationError` where a file cannot be read, or two problems have one id.
    init(_ path: String, results: String?) throws {
        let data = try path == "-" ? Data(StandardStreams.readText().utf8) : Self.contents(path)
        var done: Set<String> = []
        if let results, FileManager.default.fileExists(atPath: results) {
            let earlier = try Self.contents(results)
            endsTorn = earlier.last.map { $0 != UInt8(ascii: "\n") } ?? false
            for line in earlier.split(separator: UInt8(ascii: "\n")) {
                guard let known = try? JSONDecoder().decode(Solved.self, from: Data(line)), known.error == nil else {
                    continue
                }
                done.insert(known.id)
            }
        }
        var seen: Set<String> = []
        for (index, bytes) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            guard bytes.contains(where: { $0 > 0x20 }) else { continue }
            let line = Self.line(Data(bytes), number: index + 1)
            guard seen.insert(line.id).inserted else {
                throw ValidationError("\(path), line \(index + 1): a second problem has the id \(line.id.singleLine).")
            }
            if done.contains(line.id) { solved += 1 } else { left.append(line) }
        }
    }

    /// The contents of a file that a user names.
    static func contents(_ path: String) throws -> Data {
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw ValidationError("\(path) cannot be read: \(error.inWords).")
        }
    }

    /// Of an earlier result, what tells whether its problem was solved.
    private struct Solved: Decodable {
        var id: String
        var error: String?
    }

    private struct Row: Decodable {
        var id: String?
        var text: String?

        private enum Key: String, CodingKey { case id, problem, question, prompt, text }

        init(from decoder: any Decoder) throws {
            if let text = try? decoder.singleValueContainer().decode(String.self) {
                self.text = text
                return
            }
            let values = try decoder.container(keyedBy: Key.self)
            id =
                (try? values.decode(String.self, forKey: .id))
                ?? (try? values.decode(Int.self, forKey: .id)).map { "\($0)" }
            text =
                [.problem, .question, .prompt, .text].lazy.compactMap { try? values.decode(String.self, forKey: $0) }
                .first
        }
    }

    private static func line(_ data: Data, number: Int) -> Line {
        do {
            let row = try JSONDecoder().decode(Row.self, from: data)
            let id = row.id ?? "\(number)"
            guard let text = row.text, !text.allSatisfy(\.isWhitespace) else {
                return Line(id: id, problem: .failure(Fault(reason: "Line \(number) has no text \"problem\".")))
            }
            return Line(id: id, problem: .success(Problem(id: id, text: text)))
        } catch {
            return Line(
                id: "\(number)", problem: .failure(Fault(reason: "Line \(number) is no problem: \(error.inWords).")))
        }
    }
}

/// One line of what `solve --input` prints.
struct SolvedLine: Encodable {
    var id: String
    var answer: String?
    var end: SearchOutcome.End?
    var isFinished: Bool?
    /// The best path's score.
    var score: Double?
    var vote: String?
    var seconds: Double?
    /// Tokens evaluated, by model.
    var tokens: [String: Int]?
    var error: String?

    init(_ problem: Problem, _ result: SearchResult) {
        id = problem.id
        (answer, end, isFinished, vote) = (result.answer, result.end, result.isFinished, result.vote)
        (score, seconds) = (result.best.score, result.seconds)
        tokens = Dictionary(
            uniqueKeysWithValues: ModelRole.allCases.map { ($0.rawValue, result.usage[$0].evaluatedTokens) })
    }

    init(id: String, error: String) { (self.id, self.error) = (id, error) }

    private enum CodingKeys: CodingKey { case id, answer, end, isFinished, score, vote, seconds, tokens, error }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        if let error { return try values.encode(error, forKey: .error) }
        // Present even where there is none, so that every line of a solved problem has it.
        try values.encode(answer, forKey: .answer)
        try values.encodeIfPresent(end, forKey: .end)
        try values.encodeIfPresent(isFinished, forKey: .isFinished)
        try values.encodeIfPresent(score, forKey: .score)
        try values.encodeIfPresent(vote, forKey: .vote)
        try values.encodeIfPresent(seconds, forKey: .seconds)
        try values.encodeIfPresent(tokens, forKey: .tokens)
    }
}
