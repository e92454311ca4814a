public import Foundation
internal import SpecSearch

/// Problems with known answers, read from a JSON Lines file.
public struct ProblemSet: Sendable {
    /// What happens to a file with a bad line.
    public enum BadLinePolicy: String, Sendable, Hashable, CaseIterable {
        /// The file is refused.
        case refuse
        /// The line is left out, and listed in ``ProblemSet/badLines``.
        case skip
    }

    /// A line that was left out.
    public struct BadLine: Sendable, Hashable, CustomStringConvertible {
        /// The line's number, from 1.
        public let number: Int
        public let reason: String

        public var description: String { "line \(number): \(reason)" }
    }

    /// The problems, in the order of the file.
    public var problems: [GradedProblem]
    /// The lines that were left out.
    public private(set) var badLines: [BadLine] = []

    public init(problems: [GradedProblem]) {
        self.problems = problems
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - format: The layout of the lines; nil tells it from the keys, line by line.
    ///   - badLines: What happens to a file with a bad line.
    /// - Throws: ``SpecSearchError`` `badDataset`, naming the file and the number of the first bad line.
    public init(contentsOf url: URL, format: DatasetFormat? = nil, badLines policy: BadLinePolicy = .refuse) throws {
        let data: Data
        do {
            data = try Data(contentsOf: url)
        } catch {
            throw SpecSearchError(
                .badDataset, "Cannot read \(url.path).", remedy: "Is it there, and readable?")
        }
        let decoder = JSONDecoder()
        problems = []
        var ids: Set<String> = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ [0x20, 0x09, 0x0d].contains($0) }) { continue }
            do throws(DatasetFormat.LineError) {
                guard let row = try? decoder.decode(DatasetRow.self, from: Data(line)) else {
                    throw DatasetFormat.LineError(reason: "not a JSON object.")
                }
                let layout = format ?? .detected(in: row)
                let problem = try layout.problem(from: row, number: index + 1)
                guard ids.insert(problem.problem.id).inserted else {
                    throw DatasetFormat.LineError(reason: "the id \(problem.problem.id) stands twice.")
                }
                problems.append(problem)
            } catch {
                guard policy == .skip else {
                    throw SpecSearchError(
                        .badDataset, "\(url.path), line \(index + 1): \(error.reason)",
                        remedy: "Repair or remove the line, or have bad lines skipped.")
                }
                badLines.append(BadLine(number: index + 1, reason: error.reason))
            }
        }
        guard !problems.isEmpty else { throw SpecSearchError(.badDataset, "\(url.path) holds no problem.") }
    }

    /// `limit` problems drawn without replacement; the same seed draws the same ones, in the same order.
    public func sample(_ limit: Int, seed: UInt64) -> [GradedProblem] {
        var generator = PhiloxGenerator(seed: seed)
        return Array(problems.shuffled(using: &generator).prefix(limit))
    }

    /// The problems with these ids, in the order of the ids.
    ///
    /// - Throws: ``SpecSearchError`` `badDataset` if an id is unknown, or stands twice.
    public func problems(ids: [String]) throws -> [GradedProblem] {
        let known = Dictionary(problems.map { ($0.problem.id, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        return try ids.map { id in
            guard let problem = known[id] else {
                throw SpecSearchError(
                    .badDataset, "There is no problem with the id \(id).",
                    remedy: "Is the list for another data set?")
            }
            guard seen.insert(id).inserted else {
                throw SpecSearchError(.badDataset, "The id \(id) is listed twice.")
            }
            return problem
        }
    }

    /// The ids in a file, one a line; empty lines and lines that begin with # are left out.
    ///
    /// - Throws: ``SpecSearchError`` `badDataset` if the file cannot be read or holds no id.
    public static func ids(contentsOf url: URL) throws -> [String] {
        guard let text = try? String(contentsOf: url, encoding: .utf8) else {
            throw SpecSearchError(
                .badDataset, "Cannot read \(url.path).", remedy: "Is it there, and readable?")
        }
        let ids = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
        guard !ids.isEmpty else { throw SpecSearchError(.badDataset, "\(url.path) holds no id.") }
        return ids
    }
}
