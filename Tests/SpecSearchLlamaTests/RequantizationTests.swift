import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct RequantizationTests {
    private typealias WeightType = RequantizedModel.WeightType
    private typealias Form = RequantizedModel.Form

    @Test func `Only drafts may have fewer bits, unless that is wanted`() {
        #expect(WeightType.q4.suits([.draft], bits: 5, allowsFewerBits: false))
        for role in [ModelRole.target, .rewardModel] {
            #expect(!WeightType.q4.suits([role], bits: 5, allowsFewerBits: false))
            #expect(WeightType.q4.suits([role], bits: 5, allowsFewerBits: true))
            #expect(WeightType.q8.suits([role], bits: 5, allowsFewerBits: false))
            #expect(!WeightType.q8.suits([role], bits: 16, allowsFewerBits: false))
        }
        // Weights that a reward model shares.
        #expect(!WeightType.q4.suits([.draft, .rewardModel], bits: 5, allowsFewerBits: false))
        // It is of that type already.
        #expect(!WeightType.q8.suits([.draft], bits: 8.5, allowsFewerBits: true))
    }

    @Test func `A file that was kept before there were other vocabularies is known`() throws {
        let record = """
            {"original":"a.gguf","sha256":"00","originalSize":1,"fingerprint":"f","machine":"m","type":"Q4_0","size":7,
             "speedups":{"draft":1.5}}
            """
        let model = try JSONDecoder().decode(RequantizedModel.self, from: Data(record.utf8))
        #expect(model.form == Form(type: .q4) && "\(model.form)" == "Q4_0")
        #expect("\(Form(type: .q4, vocabulary: 300)), \(Form(vocabulary: 300))" == "Q4_0-300, 300")
    }

    @Test func `Forms that are not made any more do not run on`() throws {
        let directory = try ToyDirectory()
        let file = try directory.model("model.gguf", .init(seed: 2))
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        let wanted = RequantizedModel.Allowance(fewerTokens: true)
        try keep(models, file, .q4, vocabulary: Form.draftVocabulary, [.draft: 2])
        try models.dropUnsuited(file, [.draft], bits: 5, allows: wanted)
        #expect(models.all.map(\.vocabulary) == [Form.draftVocabulary])
        try keep(models, file, .q4, vocabulary: 300, [.draft: 3])
        try models.dropUnsuited(file, [.draft], bits: 5, allows: wanted)
        #expect(models.all.map(\.vocabulary) == [Form.draftVocabulary])
        try models.dropUnsuited(file, [.draft], bits: 5, allows: .init())
        #expect(models.all.isEmpty)
    }

    /// A record and a file as if a trial had been won.
    private func keep(
        _ models: RequantizedModels, _ original: String, _ type: WeightType?, vocabulary: Int? = nil,
        _ speedups: [ModelRole: Double]
    ) throws {
        let form = Form(type: type, vocabulary: vocabulary)
        let hash = try models.sha256(of: original)
        let file = try models.temporaryFile(hash, form)
        try Data("weights".utf8).write(to: URL(fileURLWithPath: file))
        try models.keep(original, sha256: hash, form, speedups, from: file)
    }

    @Test func `What is faster runs in a file's place on this machine, and can be removed`() throws {
        let directory = try ToyDirectory()
        let set = try directory.models()
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        #expect(models.replacing(in: set) == set && models.all.isEmpty)
        let target = try #require(set.target)
        try keep(models, target, .q8, [.target: 1.2])
        try keep(models, try #require(set.rewardModel), .q4, [.rewardModel: 1.5])
        let faster = models.replacing(in: set)
        #expect(faster.draft == set.draft)
        #expect(faster.target?.hasSuffix("/Q8_0.gguf") == true)
        #expect(faster.rewardModel?.hasSuffix("/Q4_0.gguf") == true)
        // Those that a run began with, and none that were made since.
        let begun = models.replacing(in: set) { $0.type == .q8 }
        #expect(begun.rewardModel == set.rewardModel && begun.target == faster.target)
        // The reward model is read as before.
        #expect(faster.rewardModelConfigurationPath == set.rewardModelConfigurationPath)
        // By content, wherever the file is.
        let copy = directory.path("copy.gguf")
        try FileManager.default.copyItem(atPath: target, toPath: copy)
        #expect(models.models(of: copy).map(\.type) == [.q8])
        // Weights that two roles share are replaced for both or for none.
        let shared = ModelSet(draft: target, target: target)
        #expect(models.replacing(in: shared) == shared)

        let made = try #require(models.models(of: target).first)
        #expect(models.remove(made) == 7)
        #expect(models.replacing(in: set).target == target && models.all.count == 1)
        #expect(!FileManager.default.fileExists(atPath: (made.path as NSString).deletingLastPathComponent))
    }

    @Test func `What one set finds out about a file in its role leaves what another runs in another role`() throws {
        let directory = try ToyDirectory()
        let file = try directory.model("model.gguf", .init(seed: 2))
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        let (drafts, targets) = (ModelSet(draft: file), ModelSet(target: file))
        try keep(models, file, .q8, [.draft: 1.5])
        try keep(models, file, .q8, [.target: 1.2])
        #expect(models.all.map(\.speedups) == [[.draft: 1.5, .target: 1.2]])
        #expect(models.replacing(in: drafts) != drafts && models.replacing(in: targets) != targets)
        try models.drop([.draft], of: try #require(models.all.first))
        #expect(models.replacing(in: drafts) == drafts && models.replacing(in: targets) != targets)
        try models.drop([.target], of: try #require(models.all.first))
        #expect(models.all.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path("cache/requantized")).isEmpty)
    }

    @Test func `Fewer bits that were wanted once do not run on when they are wanted no more`() throws {
        let directory = try ToyDirectory()
        let file = try directory.model("model.gguf", .init(seed: 2))
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        try keep(models, file, .q4, [.draft: 2, .target: 2])
        try models.dropUnsuited(file, [.target], bits: 8.5, allows: .init(fewerBits: true))
        #expect(models.all.map(\.speedups) == [[.draft: 2, .target: 2]])
        // The draft of another set may have them.
        try models.dropUnsuited(file, [.target], bits: 8.5, allows: .init())
        #expect(models.all.map(\.speedups) == [[.draft: 2]])
        try models.dropUnsuited(file, [.draft], bits: 8.5, allows: .init())
        #expect(models.all.count == 1)
        // Where no type is left to try, too: the weights have 32 bits, and the target may have no fewer.
        try keep(models, file, .q4, [.target: 2])
        #expect(try models.optimize(ModelSet(target: file)).isEmpty)
        #expect(models.all.map(\.speedups) == [[.draft: 2]])
    }

    @Test func `A file without its record, or cut short, is not used`() throws {
        let directory = try ToyDirectory()
        let set = try directory.models()
        let target = try #require(set.target)
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        try keep(models, target, .q8, [.target: 1.2])
        let file = URL(fileURLWithPath: try #require(models.all.first).path)
        try Data("wei".utf8).write(to: file)
        #expect(models.replacing(in: set) == set)
        try Data("weights".utf8).write(to: file)
        #expect(models.replacing(in: set) != set)
        try FileManager.default.removeItem(at: file.deletingPathExtension().appendingPathExtension("json"))
        #expect(models.replacing(in: set) == set)
    }

    @Test func `Trials are made of every type that suits, and leave only what pays`() throws {
        let directory = try ToyDirectory()
        let set = ModelSet(draft: try directory.model("draft.gguf", .init(seed: 2)))
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        var said: [String] = []
        let trials = try models.optimize(set) { said.append($0) }
        try #require(!trials.isEmpty)
        #expect(trials.allSatisfy { $0.speedups.count == 5 && $0.milliseconds.map(\.count) == [4, 4] })
        #expect(said.contains { $0.contains("making") })
        #expect(Set(models.all.map(\.form)) == Set(trials.filter(\.isKept).map(\.form)))
        #expect(trials.count(where: \.isKept) <= 1)
        let left = FileManager.default.enumerator(atPath: directory.path("cache"))?.compactMap { $0 as? String } ?? []
        #expect(!left.contains { $0.hasSuffix(".partial") }, "\(left)")
    }

    @Test func `A file that cannot be requantised leaves nothing`() throws {
        let directory = try ToyDirectory()
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        let set = ModelSet(draft: try directory.text("draft.gguf", "no model"))
        #expect(throws: SpecSearchError.self) { try models.optimize(set) }
        #expect(models.all.isEmpty)
    }
}
