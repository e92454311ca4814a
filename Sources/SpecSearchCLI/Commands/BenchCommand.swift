internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import Synchronization

/// `specsearch bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Compare methods side by side on the held-out problems.",
        discussion: """
            Every problem is solved by every method before the next one, in rotating order, after a warm-up. Times are \
            wall-clock seconds of the searches; loading and grading are left out. Intervals are 95 % paired bootstrap.
            """)

    @Option(help: ArgumentHelp("The methods, each compared with those before it.", valueName: "list"))
    var methods = "ar,sps,specsearch"

    @Option(help: ArgumentHelp("How many problems, drawn by --seed.", valueName: "n"))
    var limit = 50

    @Option(
        help: ArgumentHelp(
            "A JSON Lines file of {\"id\", \"problem\", \"answer\"}. (default: heldout.jsonl of the models)",
            valueName: "file"))
    var problems: String?

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @Flag(
        name: .customLong("engine"),
        help: "Measure forward passes by llama.cpp alone, and how much of that speed a search has.")
    var measuresEngine = false

    @Flag(help: "Print the figures as JSON.")
    var json = false

    private func parsedMethods() throws -> [SearchMethod] {
        let parsed = try methods.split(separator: ",").map { name in
            guard let method = SearchMethod(rawValue: String(name)) else {
                throw ValidationError("There is no method \(name); choose from ar, sps, specsearch and draft.")
            }
            return method
        }
        guard !parsed.isEmpty, Set(parsed).count == parsed.count else {
            throw ValidationError("--methods names at least one method, and each once.")
        }
        return parsed
    }

    func validate() throws {
        _ = try parsedMethods()
        guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let methods = try parsedMethods()
        let file = try problems ?? (try engine.modelsFolder()) + "/heldout.jsonl"
        let chosen = try ProblemSet(contentsOf: URL(fileURLWithPath: file)).sample(limit, seed: search.seed)
        if measuresEngine {
            let (text, _) = try await Interruption.guarding { [self] in
                let engine = try await engine.load(terminal, for: search.search)
                let searches = methods.map {
                    Search(search.configuration($0, for: engine.models), models: engine.models(for: $0))
                }
                terminal.progress("Measuring …")
                defer { terminal.endProgress() }
                return try await EngineBench.run(engine, problems: chosen, searches: searches, json: json)
            }
            return print(text)
        }
        let (records, interrupted) = try await Interruption.guarding { [self] in
            try await measure(chosen, methods, try await engine.load(terminal, for: search.search), terminal)
        }
        terminal.endProgress()
        let report = BenchmarkReport(records: methods.map { ($0.rawValue, records[$0] ?? []) })
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(report), as: UTF8.self))
        } else {
            print(BenchText(report).text)
        }
        if interrupted { throw Interruption.exitCode }
    }

    /// Runs everything, or up to a cancellation: then with the problems that all methods have finished.
    private func measure(
        _ problems: [GradedProblem], _ methods: [SearchMethod], _ engine: LlamaEngine, _ terminal: Terminal
    ) async throws -> [SearchMethod: [BenchmarkRecord]] {
        for problem in problems.prefix(2) {
            for method in methods { _ = try await solve(problem, method, engine) }
        }
        var records: [SearchMethod: [BenchmarkRecord]] = [:]
        let begin = Date()
        for (index, problem) in problems.enumerated() {
            var round: [SearchMethod: BenchmarkRecord] = [:]
            for turn in methods.indices {
                // Rotating, so that no method always runs on the warmest cache.
                let method = methods[(turn + index) % methods.count]
                guard let record = try await solve(problem, method, engine) else { return records }
                round[method] = record
            }
            for (method, record) in round { records[method, default: []].append(record) }
            let left = Date().timeIntervalSince(begin) / Double(index + 1) * Double(problems.count - index - 1)
            terminal.progress("\(index + 1) of \(problems.count) problems, about \(left.fixed(0)) s left")
        }
        return records
    }

    private func solve(
        _ problem: GradedProblem, _ method: SearchMethod, _ engine: LlamaEngine
    ) async throws -> BenchmarkRecord? {
        let search = Search(search.configuration(method, for: engine.models), models: engine.models(for: method))
        let result = try await search.run(problem.problem)
        // What one method computed must not help the next.
        await engine.reset()
        guard result.end != .cancelled else { return nil }
        let other = max(0, result.seconds - result.phases.values.reduce(0, +))
        var phases = Dictionary(uniqueKeysWithValues: result.phases.map { ($0.key.rawValue, $0.value) })
        phases["search"] = other
        return BenchmarkRecord(
            problemID: problem.problem.id, isRight: problem.accepts(result.answer), seconds: result.seconds,
            usage: result.usage, judgedDrafts: result.acceptance.judged, acceptedDrafts: result.acceptance.kept,
            phases: phases)
    }
}
