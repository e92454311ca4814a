import Foundation

/// A problem of a real data set, as far as grading needs it.
struct SolvedProblem {
    /// The data set's file, and the line in it.
    let id: String
    let solution: String
    let answer: String

    private struct Row: Decodable {
        let solution: String?
        let answer: String
    }

    private static func file(_ name: String) -> URL {
        let folder = ProcessInfo.processInfo.environment["SPECSEARCH_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        return URL(fileURLWithPath: folder ?? "../shared/data", isDirectory: true).appending(path: name)
    }

    private static let files = (gsm8k: file("gsm8k_test.jsonl"), math500: file("math500.jsonl"))

    /// Whether the files of the data sets are on this machine.
    static var areThere: Bool {
        [files.gsm8k, files.math500].allSatisfy { FileManager.default.fileExists(atPath: $0.path) }
    }

    private static func rows(_ file: URL) throws -> [(id: String, row: Row)] {
        try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            ("\(file.lastPathComponent):\(index + 1)", try JSONDecoder().decode(Row.self, from: Data(line)))
        }
    }

    /// The problems of MATH-500.
    static func math500() throws -> [SolvedProblem] {
        try rows(files.math500).map { SolvedProblem(id: $0, solution: $1.solution ?? "", answer: $1.answer) }
    }

    /// The problems of GSM8K, whose answers stand at the ends of their solutions.
    static func gsm8k() throws -> [SolvedProblem] {
        try rows(files.gsm8k).map { id, row in
            let answer = row.answer.split(separator: "####").last ?? ""
            return SolvedProblem(
                id: id, solution: row.answer, answer: answer.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}
