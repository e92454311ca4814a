import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ScoringHeadTests {
    @Test func twoLayersByHand() throws {
        let directory = try ToyDirectory()
        let path = directory.path("head.safetensors")
        try writeSafetensors(
            [
                ("score.0.weight", "BF16", [2, 3], [1, 0, 0, 0, -1, 2]), ("score.0.bias", "F16", [2], [0.5, -2]),
                ("score.2.weight", "F32", [2, 2], [1, 0, 0, 3]), ("score.2.bias", "F32", [2], [0, 0.25]),
            ], to: path)
        let head = try ScoringHead(
            .init(file: path, layers: ["score.0", "score.2"], good: 1), width: 3, configuration: "prm.json")
        // Hidden [1, 2, 3]: first layer [1.5, 2], second [1.5, 6.25].
        #expect(abs(head([1, 2, 3]) - 1 / (1 + exp(1.5 - 6.25))) < 1e-6)
        // ReLU cuts the second unit: [1.5, 0] gives [1.5, 0.25].
        #expect(abs(head([1, 9, 3]) - 1 / (1 + exp(1.5 - 0.25))) < 1e-6)
        #expect(head([.nan, 0, 0]).isNaN)
        let sigmoid = try ScoringHead(
            .init(file: path, layers: ["score.2"], good: 0), width: 2, configuration: "prm.json")
        #expect(abs(sigmoid([1, 0]) - 1 / (1 + exp(-0.75))) < 1e-6)
    }

    @Test func halfPrecision() throws {
        let directory = try ToyDirectory()
        let values: [Float] = [0, 1, -2, 0.5, 65504, 0x1p-24, .infinity]
        try writeSafetensors([("x", "F16", [7], values)], to: directory.path("x.safetensors"))
        let read = try Safetensors(path: directory.path("x.safetensors")).tensor("x").values
        #expect(Array(read.prefix(6)) == Array(values.prefix(6)))
        #expect(read[6].isNaN)
    }

    @Test(
        "A tensor whose shape or place cannot be is refused, however large its numbers are",
        arguments: [
            (#"[4294967296,4294967296,4294967296]"#, "[0,4]"), ("[9223372036854775807,2]", "[0,4]"),
            ("[-1,-1]", "[0,4]"),
            ("[1]", "[0,-9223372036854775808]"), ("[1]", "[4,8]"), ("[1]", "[-4,0]"), ("[2]", "[0,4]"),
        ])
    func shape(_ shape: String, _ offsets: String) throws {
        let directory = try ToyDirectory()
        let header = Data(#"{"x":{"dtype":"F32","shape":\#(shape),"data_offsets":\#(offsets)}}"#.utf8)
        var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
        file.append(header)
        file.append(Data(repeating: 0, count: 4))
        let path = directory.path("x.safetensors")
        try file.write(to: URL(filePath: path))
        let error = #expect(throws: SpecSearchError.self) { try Safetensors(path: path).tensor("x") }
        #expect(error?.code == .badModelFile && error?.message.contains("damaged") == true)
    }

    @Test func whatDoesNotFitIsNamed() throws {
        let directory = try ToyDirectory()
        let path = directory.path("head.safetensors")
        func code(_ width: Int, _ layers: [String], good: Int? = nil, file: String? = nil) -> String {
            do {
                _ = try ScoringHead(
                    .init(file: file ?? path, layers: layers, good: good), width: width, configuration: "prm.json")
            } catch { return error.message }
            return ""
        }
        try writeSafetensors([("a.weight", "F32", [2, 3], [1, 2, 3, 4, 5, 6])], to: path)
        #expect(code(3, ["a"]).isEmpty)
        #expect(code(4, ["a"]).contains("[2, 3]"))
        #expect(code(3, ["b"]).contains("b.weight"))
        #expect(code(3, ["a"], good: 2).contains("2 outputs"))
        #expect(code(3, ["a"], file: directory.path("none")).contains("none"))
        let whole = try Data(contentsOf: URL(filePath: path))
        for count in [0, 7, 20, whole.count - 1] {
            try whole.prefix(count).write(to: URL(filePath: path))
            #expect(!code(3, ["a"]).isEmpty, "\(count) bytes")
        }
        try Data(repeating: 255, count: 64).write(to: URL(filePath: path))
        #expect(code(3, ["a"]).contains("not a whole"))
    }

    /// A classifier over the hidden state: the same alone, in a batch, and step by step.
    @Test func aClassifierScoresIncrementally() async throws {
        let toy = try Toy(.init(layers: 2), role: .rewardModel, template: "{problem} ", givesHiddenStates: true)
        let width = toy.runner.context.hiddenLength
        #expect(width == 32)
        var random = PhiloxGenerator(seed: 9)
        func values(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
        let file = toy.directory.path("head.safetensors")
        try writeSafetensors(
            [
                ("score.0.weight", "F32", [8, width], values(8 * width)), ("score.0.bias", "F32", [8], values(8)),
                ("score.2.weight", "F32", [2, 8], values(16)), ("score.2.bias", "F32", [2], values(2)),
            ], to: file)
        try toy.directory.text(
            "prm.json",
            #"""
            {"kind":"head","template":"{problem} ","stepToken":" =","stepSeparator":" ",
             "head":{"file":"head.safetensors","layers":["score.0","score.2"]}}
            """#)
        let configuration = try RewardModelConfiguration.load(path: toy.directory.path("prm.json"))
        let scorer = try toy.scorer(configuration)
        let head = try ScoringHead(
            .init(file: file, layers: ["score.0", "score.2"]), width: width, configuration: "prm.json")
        func path(_ steps: [String]) -> ReasoningPath {
            ReasoningPath(
                problem: Problem(id: "p", text: "xyz"),
                thoughts: steps.map { Thought(text: $0, tokens: [1], stop: .delimiter, source: .draft) })
        }
        var paths: [ReasoningPath] = []
        for first in ["ab,", "ac,"] { for second in ["e f,", "e g,", "hh."] { paths.append(path([first, second])) } }
        let together = try await scorer.score(paths).scores
        for (path, score) in zip(paths, together) {
            let text = "xyz " + path.thoughts.map { $0.text + " =" }.joined(separator: " ")
            let hidden = try toy.freshLogits(after: toy.tokenizer.vocabulary.tokenize(text), .hiddenState)
            #expect(abs(score - head(hidden)) < 1e-5)
        }
        toy.runner.reset()
        _ = try await scorer.score([path(["ab,"]), path(["ac,"])])
        let again = try await scorer.score(paths).scores
        for (a, b) in zip(together, again) { #expect(abs(a - b) < 1e-5) }
        #expect(Set(together).count == 6)
        toy.expectClean()
    }

    @Test func theSelfCheckTellsGoodFromBad() async throws {
        let toy = try Toy(.init(layers: 2), role: .rewardModel)
        var configuration = RewardModelConfiguration(template: "{problem}")
        let steps = [["ab,", "c d."], ["ab,", "q z."]]
        func scorer() throws -> StepScorer { try toy.scorer(configuration) }
        let paths = steps.map { steps in
            ReasoningPath(
                problem: Problem(id: "self-check", text: "xyz"),
                thoughts: steps.map {
                    Thought(text: $0, tokens: toy.tokenizer.vocabulary.tokenize($0), stop: .delimiter, source: .target)
                })
        }
        let scores = try await scorer().score(paths).scores
        let best = scores[0] > scores[1] ? 0 : 1
        configuration.check = .init(problem: "xyz", good: steps[best], bad: steps[1 - best])
        try await scorer().selfCheck()
        configuration.check = .init(problem: "xyz", good: steps[1 - best], bad: steps[best])
        let wrong = try scorer()
        await expectError(.badScore, steps[best].last ?? "?") { try await wrong.selfCheck() }
        toy.expectClean()
    }
}
