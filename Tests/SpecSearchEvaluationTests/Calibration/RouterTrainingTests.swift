import Foundation
import SpecSearch
import SpecSearchEvaluation
import SpecSearchTesting
import Testing

@Suite struct RouterTrainingTests {
    /// Numbers that look random, from 0 to 1.
    private static func numbers(_ count: Int) -> [Double] {
        var state: UInt64 = 88_172_645_463_325_252
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 11) / Double(1 << 53)
        }
    }

    /// Rejected drafts of which the target did better by a law that is known.
    private static func examples(_ law: AdvantageRouter, _ count: Int) -> [RouterTraining.Example] {
        let numbers = Self.numbers(5 * count)
        return (0..<count).map { index in
            let part = numbers[(5 * index)..<(5 * index + 5)].map(\.self)
            let features = AdvantageRouter.Features(
                score: part[0], gap: part[1], logProbability: -part[2], depth: Int(8 * part[3]))
            return .init(features, isBetter: part[4] < law.advantage(features), problem: "\(index / 3)")
        }
    }

    @Test func `The law that made the examples is found again`() throws {
        let law = AdvantageRouter(intercept: 1, weights: [-3, 2, 1, 0.5], leastAdvantage: 0.25)
        let training = RouterTraining(Self.examples(law, 12_000))
        let router = try training.router(leastAdvantage: 0.25)
        // The standard errors are below 0.1.
        for (found, truth) in zip([router.intercept] + router.weights, [law.intercept] + law.weights) {
            #expect(abs(found - truth) < 0.35, "\(router)")
        }
        let heldOut = training.heldOut()
        let auc = try #require(training.discrimination(heldOut))
        let best = try #require(training.discrimination(training.examples.map { law.advantage($0.features) }))
        #expect(auc > 0.65 && auc < best + 0.01 && auc > best - 0.01)
        // Calibrated: of those with an advantage about x the target did better in x.
        for low in stride(from: 0.2, to: 0.8, by: 0.2) {
            let places = heldOut.indices.filter { (low..<(low + 0.2)).contains(heldOut[$0]) }
            let mean = places.reduce(0) { $0 + heldOut[$1] } / Double(places.count)
            let share = Double(places.count { training.examples[$0].isBetter }) / Double(places.count)
            #expect(abs(mean - share) < 0.06, "\(low): \(mean), \(share)")
        }
    }

    @Test func `A feature that never changes has no weight, and nothing to tell apart is refused`() throws {
        var examples = Self.examples(.init(intercept: 0, weights: [-4, 0, 0, 0], leastAdvantage: 0.5), 400)
        for index in examples.indices { examples[index].features.depth = 3 }
        let router = try RouterTraining(examples).router(leastAdvantage: 0.5)
        #expect(router.weights[3] == 0 && router.weights[0] < -2 && router.intercept.isFinite)
        for isBetter in [true, false] {
            for index in examples.indices { examples[index].isBetter = isBetter }
            let training = RouterTraining(examples)
            #expect(throws: SpecSearchError.self) { try training.router(leastAdvantage: 0.5) }
            #expect(training.discrimination(training.heldOut()) == nil)
        }
        #expect(throws: SpecSearchError.self) { try RouterTraining().router(leastAdvantage: 0.5) }
    }

    @Test func `Discrimination counts pairs, and half of the equal ones`() {
        func example(_ isBetter: Bool) -> RouterTraining.Example {
            .init(.init(score: 0, gap: 0, logProbability: 0, depth: 0), isBetter: isBetter, problem: "p")
        }
        let training = RouterTraining([true, false, true, false, false].map(example))
        // 0.9 beats all three, 0.5 one and ties with one.
        #expect(training.discrimination([0.9, 0.5, 0.5, 0.1, 0.6]) == (3 + 1.5) / 6)
        #expect(training.discrimination([0.5, 0.5, 0.5, 0.5, 0.5]) == 0.5)
    }

    @Test func `A search gives its rejected drafts, where the target wrote in their place`() async throws {
        let draft = ScriptedModel(.draft) { path, key in
            let texts = ["0.2 d", "0.6 e", "0.9 f"]
            return .init(texts[key.sampleIndex % 3] + "\n\n", stop: path.depth == 1 ? .endOfSequence : .delimiter)
        }
        let target = ScriptedModel(.target) { path, _ in
            path.depth == 0 ? .init("0.7 a\n\n") : .init("0.5 c\n\n", stop: .endOfSequence)
        }
        let reward = ScriptedRewardModel { path in
            path.thoughts.last?.text.split(separator: " ").first.flatMap { Double($0) } ?? .nan
        }
        var configuration = SearchConfiguration()
        try configuration.apply(["beams": "1", "width": "3", "draft-factor": "1"])
        let result = try await Search(
            Engine(draft: draft, target: target, rewardModel: reward), configuration: configuration
        ).solve(Problem(id: "one", text: "?"))
        var training = RouterTraining()
        training.add(result.tree)
        #expect(training.examples.map(\.isBetter).sorted { $0 && !$1 } == [true, false])
        #expect(Set(training.examples.map(\.features.score)) == [0.2, 0.6])
        #expect(
            training.examples.allSatisfy {
                abs($0.features.gap - (0.7 - $0.features.score)) < 1e-12 && $0.features.depth == 1
            })
        #expect(training.examples.allSatisfy { $0.problem == "one" } && training.share == 0.5)
    }
}
