import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

private let isRecording = ProcessInfo.processInfo.environment["SPECSEARCH_RECORD_CORPUS"] != nil

/// The traces that the fuzzer begins with: searches of scripted models.
@Suite(.serialized) struct TraceCorpusTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fuzzing/Corpus/traces").standardized

    /// The searches that are recorded, by name.
    static let searches: [String: [String: String]] = [
        "beam": ["beams": "2", "width": "3"],
        "ar": ["method": "ar", "beams": "1", "width": "2"],
        "sps": ["method": "sps", "beams": "1", "width": "2", "keep_beam_full": "true"],
        "draft": ["method": "draft", "beams": "1", "width": "2"],
        "gsi": ["method": "gsi", "beams": "1", "width": "2"],
        "best-of-n": ["search": "best-of-n", "beams": "1", "width": "2"],
        "self-consistency": ["search": "self-consistency", "method": "ar", "beams": "1", "width": "3"],
        "dvts": ["search": "dvts", "beams": "2", "width": "2"],
        "rebase": ["search": "rebase", "beams": "2", "width": "2"],
        "mcts": ["search": "mcts", "iterations": "4", "width": "2"],
        "mcts-openr": ["search": "mcts-openr", "iterations": "3", "width": "2"],
        "lookahead": ["beams": "1", "width": "2", "lookahead": "1", "answer": "vote", "estimator": "ucb:1.645"],
        "cover": ["correction": "cover", "statistics": "target-only", "extra_thought": "always", "margin": "0.1"],
    ]

    /// Edits of a recorded trace that a replay must refuse, or survive: numbers at the ends of their types, and cuts.
    static let edits: [String: (from: String, edit: @Sendable (String) -> String)] = [
        "cut": ("beam", { String($0.prefix($0.count * 2 / 3)) }),
        "cut-at-a-line": ("beam", { $0.split(separator: "\n").prefix(20).joined(separator: "\n") + "\n" }),
        "interrupted": (
            "mcts",
            { text in
                let lines = text.split(separator: "\n")
                let end = (lines.last ?? "").replacing(#""end":"finished""#, with: #""end":"deadline""#)
                    .replacing(/"node":\d+/, with: #""node":1"#)
                return (lines.prefix(12) + [end]).joined(separator: "\n") + "\n"
            }
        ),
        "old": ("ar", { $0.replacing(#""version":2"#, with: #""version":1"#) }),
        "beams-overflow": ("rebase", { $0.replacing(#""beams":2"#, with: #""beams":9223372036854775807"#) }),
        "beams-memory": ("dvts", { $0.replacing(#""beams":2"#, with: #""beams":2305843009213693951"#) }),
        "drafts-overflow": (
            "beam", { $0.replacing(#""draft_factor":2"#, with: #""draft_factor":9223372036854775807"#) }
        ),
        "iterations": ("mcts-openr", { $0.replacing(#""iterations":3"#, with: #""iterations":9223372036854775807"#) }),
        "usage-overflow": (
            "ar", { $0.replacing(#""decodes":1"#, with: #""decodes":9223372036854775807"#) }
        ),
        "samples-overflow": ("ar", { $0.replacing(#""samples":1,"#, with: #""samples":9223372036854775807,"#) }),
        "node-out-of-turn": ("ar", { $0.replacing(#""node":3,"#, with: #""node":2,"#) }),
        "node-unknown": ("ar", { $0.replacing(#""parent":1,"#, with: #""parent":-9223372036854775808,"#) }),
    ]

    @Test(arguments: searches.keys.sorted())
    func `a recorded search comes out the same when it is replayed`(name: String) async throws {
        let trace = try SearchTrace(data: Data(contentsOf: Self.folder.appending(path: "\(name).jsonl")))
        guard case .finished(let outcome)? = trace.events.last else {
            Issue.record("The last event is not the result.")
            return
        }
        let replayed = try await TraceReplay(trace).run()
        #expect(replayed.outcome.withoutTimes == outcome.withoutTimes)
        #expect(try trace.tree() == replayed.tree)
    }

    @Test func `every edit changes its trace`() throws {
        for (name, (from, edit)) in Self.edits {
            let whole = try String(contentsOf: Self.folder.appending(path: "\(from).jsonl"), encoding: .utf8)
            let saved = try String(contentsOf: Self.folder.appending(path: "\(name).jsonl"), encoding: .utf8)
            #expect(edit(whole) == saved && saved != whole, "\(name)")
        }
    }

    /// Records the corpus again where SPECSEARCH_RECORD_CORPUS is set, before the tests above look at it.
    init() async throws {
        if isRecording { try await Self.recording.value }
    }

    private static let recording = Task {
        var texts: [String: String] = [:]
        for (name, settings) in searches {
            var configuration = SearchConfiguration()
            try configuration.apply(settings)
            configuration.options.maximumDepth = 6
            let log = EventLog()
            var search = try Search(engine, configuration: configuration)
            search.now = { 0 }
            let problem = Problem(text: "Mia has 4 shells. Mia finds 6 more. How many shells does Mia have now?")
            _ = try await search.solve(problem, onEvent: log.listener)
            texts[name] = String(decoding: try SearchTrace(events: log.events).encoded(), as: UTF8.self)
        }
        for (name, (from, edit)) in edits { texts[name] = texts[from].map(edit) }
        for (name, text) in texts {
            try text.write(to: folder.appending(path: "\(name).jsonl"), atomically: true, encoding: .utf8)
        }
    }

    private static var engine: Engine {
        func model(_ role: ModelRole, _ weights: [Double]) -> ScriptedModel {
            ScriptedModel(
                role,
                distribution: { path in
                    let texts = ["finds 6: 4+6=", "keeps all of them: "].dropFirst(path.depth)
                    return zip([10, 9, 8], weights).map { number, weight in
                        if let text = texts.first { return .init("\(text)\(number).\n\n", weight: weight) }
                        return .init(
                            number == 8 ? "" : "The answer is \(number).", weight: weight, stop: .endOfSequence)
                    }
                })
        }
        let rewardModel = ScriptedRewardModel(aggregation: .product) { path in
            let text = path.thoughts.last?.text ?? ""
            return text.contains("10") ? 0.75 : text.contains("9") ? 0.5 : 0.25
        }
        return Engine(
            draft: model(.draft, [0.2, 0.4, 0.4]), target: model(.target, [0.6, 0.3, 0.1]), rewardModel: rewardModel,
            defaults: Engine.Defaults(name: "scripted", answerMarker: "The answer is "))
    }
}
