public import ArgumentParser
internal import Foundation
public import MathGrading
internal import SpecSearch
public import SpecSearchEvaluation

/// Which problems, and how answers to them are graded.
struct DatasetArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "gsm8k, math500, humaneval, or a JSON Lines file of {\"id\", \"problem\", \"answer\"}. (default: heldout.jsonl of the models)",
            valueName: "name"))
    var dataset: String?

    @Option(help: ArgumentHelp("How many problems. (default: all)", valueName: "n"))
    var limit: Int?

    @Option(help: ArgumentHelp("Leave out the first n that --limit would draw.", valueName: "n"))
    var skip = 0

    @Option(help: ArgumentHelp("The seed that draws them.", valueName: "seed"))
    var sampleSeed: UInt64 = 1

    @Option(help: ArgumentHelp("A file with the ids of the problems, one a line, instead.", valueName: "file"))
    var ids: String?

    @Option(help: "What a bad line does: refuse the file, or skip the line.")
    var badLines = ProblemSet.BadLinePolicy.refuse

    @Option(help: "strict: by value, exactly; compat: as the evaluation code that most papers share.")
    var grading = GradingMode.strict

    func validate() throws {
        // Sums of two must not overflow.
        let most = 1 << 40
        guard (1...most).contains(limit ?? 1) else { throw ValidationError("--limit lies in 1 ... \(most).") }
        guard (0...most).contains(skip) else { throw ValidationError("--skip lies in 0 ... \(most).") }
        guard limit == nil || ids == nil else { throw ValidationError("Give either --limit or --ids.") }
    }

    /// The data set's file.
    func path(models: EngineArguments) throws -> String {
        try dataset.map { try DatasetLocation.file($0).path } ?? (try models.modelsFolder()) + "/heldout.jsonl"
    }

    /// The problems that were asked for.
    func chosen(_ path: String) throws -> [GradedProblem] {
        if let ids {
            return try problems(path, ids: ProblemSet.ids(contentsOf: URL(fileURLWithPath: ids)))
        }
        let set = try set(path)
        guard limit != nil || skip > 0 else { return set.problems }
        let drawn = set.sample((limit ?? set.problems.count) + skip, seed: sampleSeed).dropFirst(skip)
        guard !drawn.isEmpty else { throw ValidationError("--skip leaves no problem of \(set.problems.count).") }
        return Array(drawn)
    }

    /// The problems with these ids, in their order.
    func problems(_ path: String, ids: [String]) throws -> [GradedProblem] {
        try set(path).problems(ids: ids)
    }

    /// Problems of the same file that were not chosen, for settings that must not be chosen on them.
    func others(_ path: String, than chosen: [GradedProblem]) throws -> [GradedProblem] {
        let taken = Set(chosen.map(\.problem.id))
        let set = try set(path)
        return set.sample(set.problems.count, seed: sampleSeed &+ 1).filter { !taken.contains($0.problem.id) }
    }

    private func set(_ path: String) throws -> ProblemSet {
        let set = try ProblemSet(contentsOf: URL(fileURLWithPath: path), badLines: badLines)
        for line in set.badLines { Terminal.say("\(path), \(line): left out.") }
        return set
    }
}

extension GradingMode: ExpressibleByArgument {}
extension ProblemSet.BadLinePolicy: ExpressibleByArgument {}

/// Held-out problems, which comparisons and pilots draw from.
struct HeldOutArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A JSON Lines file of {\"id\", \"problem\", \"answer\"}. (default: heldout.jsonl of the models)",
            valueName: "file"))
    var problems: String?

    /// As many as asked for, or all, drawn by a seed.
    func sample(_ count: Int, of models: EngineArguments, seed: UInt64) throws -> [GradedProblem] {
        let file = try problems ?? (try models.modelsFolder()) + "/heldout.jsonl"
        return try ProblemSet(contentsOf: URL(fileURLWithPath: file)).sample(count, seed: seed)
    }
}
