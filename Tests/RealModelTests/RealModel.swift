import Foundation
import ModelHub
import SpecSearch
import SpecSearchLlama
import Testing

/// A set of models that nobody here trained, where it was pulled.
struct RealModel: Sendable, CustomTestStringConvertible {
    let name: String
    let set: ModelSet

    /// The sets that the tests run on, of those that are on this machine.
    static let present: [RealModel] = ["smollm2", "qwen2.5-coder"].compactMap(RealModel.init)

    /// - Returns: Nil where the set is not here; `make test-real` pulls the first.
    init?(_ name: String) {
        guard let folder = try? ModelStore().path(name).folder, var set = try? ModelSet(directory: folder) else {
            return nil
        }
        self.name = name
        // One file in two roles is enough for a search by drafts.
        set.draft = set.draft ?? set.target
        self.set = set
    }

    var testDescription: String { name }

    /// The engine, with two threads for the one test that runs at a time.
    func engine(_ change: (inout ModelSet) -> Void = { _ in }) async throws -> LlamaEngine {
        var set = set
        change(&set)
        return try await LlamaEngine(set, options: LlamaEngine.Options(threads: 2))
    }

    /// A search of a few short steps.
    func search(_ engine: LlamaEngine, _ settings: [String: String]) throws -> Search {
        var configuration = SearchConfiguration()
        // Plain sampling, whatever the makers advise: the seed is one whose steps end in time.
        try configuration.apply([
            "beams": "1", "width": "2", "depth": "2", "max-tokens": "24", "seed": "1", "top-k": "0", "top-p": "1",
        ])
        try configuration.apply(settings)
        return try Search(engine, configuration: configuration)
    }

    static let problem = Problem(
        id: "ducks",
        text: "Janet's ducks lay 16 eggs per day. She eats 3 for breakfast and bakes with 4. She sells the rest for $2 "
            + "each. How much does she make every day?")
}
