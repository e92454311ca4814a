import SpecSearch
import SpecSearchTesting
import Testing

/// What is searched by where nobody chose, and what is refused where nobody can score.
@Suite struct UsualSearchTests {
    private let draft = Toy.model(.draft)
    private let target = Toy.model(.target)
    private let rewardModel = Toy.rewardModel()

    @Test func `The usual search is what the models can do`() async throws {
        let whole = SearchConfiguration.usual(for: Engine(draft: draft, target: target, rewardModel: rewardModel))
        #expect(whole.method == .auto && whole.search == .beam)
        #expect(SearchConfiguration.usual(for: Engine(target: target, rewardModel: rewardModel)).method == .ar)
        let engine = Engine(draft: draft, target: target)
        let unjudged = SearchConfiguration.usual(for: engine)
        #expect(unjudged.method == .auto && unjudged.search == .selfConsistency)
        #expect(try await Search(engine, configuration: unjudged).solve("?").isFinished)
        let alone = Engine(draft: draft)
        #expect(try await Search(alone, configuration: .usual(for: alone)).solve("?").isFinished)
    }

    @Test(arguments: SearchMethod.allCases, SearchKind.allCases)
    func `A search that needs scores is refused by name where nobody gives any`(
        method: SearchMethod, search: SearchKind
    ) async throws {
        var configuration = SearchConfiguration()
        (configuration.method, configuration.search) = (method, search)
        let engine = Engine(draft: draft, target: target, defaults: .init(name: "two models"))
        let needsNone =
            search == .selfConsistency && [.auto, .ar, .sps, .draft].contains(method)
            || search == .chain && [.ar, .sps, .draft].contains(method)
        #expect(configuration.needsScores == !needsNone)
        if needsNone {
            _ = try Search(engine, configuration: configuration)
        } else {
            let error = #expect(throws: SpecSearchError.self) { try Search(engine, configuration: configuration) }
            #expect(error?.code == .badSetting && error?.message.contains("\"two models\" has no reward model") == true)
            for way in ["judge target", "judge examples", "self-consistency", "prm"] {
                #expect(error?.remedy.contains(way) == true)
            }
        }
    }

    @Test func `A search put together from values is refused too`() async throws {
        let error = await #expect(throws: SpecSearchError.self) {
            try await Search(Engine(draft: draft, target: target), algorithm: .selfConsistency()).solve("?")
        }
        #expect(error?.message.contains("no reward model") == true)
    }
}
