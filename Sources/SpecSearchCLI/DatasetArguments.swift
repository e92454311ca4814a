internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// Which problems, and how answers to them are graded.
struct DatasetArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A JSON Lines file of {\"id\", \"problem\", \"answer\"}. (default: heldout.jsonl of the models)",
            valueName: "file"))
    var dataset: String?

    @Option(help: ArgumentHelp("How many problems. (default: all)", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("The seed that draws them.", valueName: "seed"))
    var sampleSeed: UInt64 = 1

    @Option(help: ArgumentHelp("A file with the ids of the problems, one a line, instead.", valueName: "file"))
    var ids: String?

    func validate() throws {
        guard limit.map({ $0 >= 1 }) ?? true else { throw ValidationError("--limit is at least 1.") }
        guard limit == nil || ids == nil else { throw ValidationError("Give either --limit or --ids.") }
    }

    /// The data set's file.
    func path(models: EngineArguments) throws -> String {
        try dataset ?? (try models.modelsFolder()) + "/heldout.jsonl"
    }

    /// The problems that were asked for.
    func chosen(_ path: String) throws -> [GradedProblem] {
        let set = try ProblemSet(contentsOf: URL(fileURLWithPath: path))
        if let ids {
            let list = try String(contentsOfFile: ids, encoding: .utf8).split(whereSeparator: \.isNewline)
            return try set.problems(ids: list.map(String.init))
        }
        return limit.map { set.sample($0, seed: sampleSeed) } ?? set.problems
    }

    /// Problems of the same file that were not chosen, for settings that must not be chosen on them.
    func others(_ path: String, than chosen: [GradedProblem]) throws -> [GradedProblem] {
        let taken = Set(chosen.map(\.problem.id))
        let set = try ProblemSet(contentsOf: URL(fileURLWithPath: path))
        return set.sample(set.problems.count, seed: sampleSeed &+ 1).filter { !taken.contains($0.problem.id) }
    }
}
