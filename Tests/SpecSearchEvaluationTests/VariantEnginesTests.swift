import SpecSearch
import SpecSearchEvaluation
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct VariantEnginesTests {
    private static func engine() -> Engine {
        let model = ScriptedModel(.target) { _ in [.init("so 1", stop: .endOfSequence)] }
        return Engine(draft: model, target: model, rewardModel: ScriptedRewardModel { _ in 1 })
    }

    private func variant(_ text: String) throws -> Variant { try Variant(text, base: SearchConfiguration()) }

    @Test func `Each choice of files is loaded once, however many ask at the same time`() async throws {
        let counter = Counter()
        let engines = VariantEngines { files in
            counter.note(files)
            try await Task.sleep(for: .milliseconds(20))
            return Self.engine()
        }
        let variants = try ["ar", "sps", "small: draft=s.gguf", "small, wide: draft=s.gguf, width=9"].map(variant)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for variant in variants + variants {
                group.addTask { _ = try await engines.search(variant) }
            }
            try await group.waitForAll()
        }
        #expect(counter.files.count == 2 && Set(counter.files) == [[:], [.draft: "s.gguf"]])
    }

    @Test func `A failure is not kept`() async throws {
        let counter = Counter()
        let engines = VariantEngines { files in
            counter.note(files)
            if counter.files.count == 1 { throw SpecSearchError(.badModelFile, "Not there yet.") }
            return Self.engine()
        }
        let variant = try variant("ar")
        await #expect(throws: SpecSearchError.self) { try await engines.search(variant) }
        #expect(try await engines.search(variant).solve("?").answer == "1")
        #expect(counter.files.count == 2)
    }

    @Test func `Variants have their settings, and the judge that they name`() async throws {
        let task = CodeTask(
            id: "twice", prompt: "def twice(x):\n    '''\n    >>> twice(2)\n    4\n    '''\n", test: "",
            entryPoint: "twice")
        let problem = GradedProblem(
            problem: Problem(id: "twice", text: task.prompt), answer: "", codeTask: task)
        let right = ScriptedModel(.target) { _ in
            [.init("    return x\n", stop: .endOfSequence), .init("    return 2 * x\n", stop: .endOfSequence)]
        }
        let engines = VariantEngines(Engine(target: right), problems: [problem])
        let search = try await engines.search(variant("ar, width=12, judge=examples"))
        let result = try await search.solve(problem.problem)
        #expect(result.steps.map(\.thought.text) == ["    return 2 * x\n"] && result.steps[0].score == 1)
        let error = await #expect(throws: SpecSearchError.self) {
            try await engines.search(variant("other: ar, target=t.gguf"))
        }
        #expect(error?.message.contains("target") == true)
    }

    @Test(arguments: ["specsearch", "auto"])
    func `Nothing is drafted for a problem whose examples are to judge and which shows none`(method: String)
        async throws
    {
        func problem(_ id: String, example: String) -> GradedProblem {
            let task = CodeTask(
                id: id, prompt: "def \(id)(x):\n    '''Twice.\n\(example)    '''\n", test: "", entryPoint: id)
            return GradedProblem(problem: Problem(id: id, text: task.prompt), answer: "", codeTask: task)
        }
        let shown = problem("shown", example: "    >>> shown(2)\n    4\n")
        let silent = problem("silent", example: "")
        let model = { (role: ModelRole) in
            ScriptedModel(role) { _ in [.init("    return 2 * x\n", stop: .endOfSequence)] }
        }
        let engines = VariantEngines(
            Engine(draft: model(.draft), target: model(.target)), problems: [shown, silent])
        let variant = try variant("\(method), width=2, judge=examples, first-threshold=1")
        for (problem, source) in [(shown, ModelRole.draft), (silent, .target)] {
            let result = try await engines.search(variant, for: problem.problem).solve(problem.problem)
            // Where nothing is known of costs, auto begins with the target, too, but by its own choice.
            let isDrafted = source == .draft && method != "auto"
            #expect(result.steps.map(\.thought.source) == [isDrafted ? .draft : .target], "\(problem.problem.id)")
            #expect((result.choices?.isEmpty == false) == (source == .draft && method == "auto"))
        }
    }

    @Test func `A run on engines grades what their searches find`() async throws {
        let problems = (0..<3).map { GradedProblem(problem: Problem(id: "\($0)", text: "?"), answer: "\($0)") }
        let records = Mutex<[EvaluationRecord]>([])
        let run = EvaluationRun(
            variants: [try variant("ar")], problems: problems, seeds: [0], engines: VariantEngines(Self.engine()))
        try await run.run { record in records.withLock { $0.append(record) } }
        #expect(records.withLock { $0.map(\.verdict) } == [.wrong, .right, .wrong])
    }

    @Test func `The rejection rate is the share of judged drafts that were not kept`() async throws {
        func model(_ role: ModelRole) -> ScriptedModel {
            ScriptedModel(role) { path in
                path.depth < 2 ? [.init("a\n\n"), .init("b\n\n")] : [.init("so 1", stop: .endOfSequence)]
            }
        }
        let engine = Engine(
            draft: model(.draft), target: model(.target), rewardModel: ScriptedRewardModel { _ in 0.6 })
        let problems = (0..<2).map { GradedProblem(problem: Problem(id: "\($0)", text: "?"), answer: "") }
        let engines = VariantEngines(engine)
        #expect(try await engines.rejectionRate(variant("estimator=none").configuration, on: problems) == 0)
        let all = try await engines.rejectionRate(variant("estimator=infinite").configuration, on: problems)
        #expect(all == 1)
        await #expect(throws: SpecSearchError.self) {
            try await engines.rejectionRate(SearchConfiguration(), on: [])
        }
    }

    private final class Counter: Sendable {
        private let noted = Mutex<[[ModelRole: String]]>([])
        var files: [[ModelRole: String]] { noted.withLock { $0 } }
        func note(_ files: [ModelRole: String]) { noted.withLock { $0.append(files) } }
    }
}
