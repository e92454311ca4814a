internal import Foundation
public import SpecSearch
internal import Synchronization

/// Scores thoughts with a process reward model on other machines.
///
/// A score that is missing, malformed or out of range is an error, and never passes for a number.
public struct RemoteEvaluator: ThoughtEvaluator {
    /// The reward model.
    public let model: RemoteModel
    /// How it is read.
    public let reward: RemoteRewardModel
    private let labels: LabelIds?

    package struct LabelIds: Sendable, Hashable {
        var tag: Token
        var good: Token
        var bad: Token
    }

    public var defaultAggregation: ScoreAggregation { reward.aggregation }

    /// Finds the ids of tag and labels by the server's own tokenizer, and checks them.
    ///
    /// - Throws: `EngineError`, naming what does not fit.
    public init(_ model: RemoteModel, reward: RemoteRewardModel) async throws {
        var group = model.group
        group.template = reward.template
        self.model = reward.template == model.group.template ? model : RemoteModel(group, policy: model.pool.policy)
        self.reward = reward
        if self.model !== model { try await self.model.prepare() }
        labels = reward.reading == .likelihood ? nil : try await Self.labels(reward, model: self.model)
    }

    public func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        try await withThrowingTaskGroup(of: (Int, Double, ModelUsage).self) { tasks in
            for (index, path) in paths.enumerated() {
                tasks.addTask {
                    let (score, usage) = try await score(path)
                    return (index, score, usage)
                }
            }
            var scores = [Double](repeating: .nan, count: paths.count)
            var usage = ModelUsage()
            for try await (index, score, cost) in tasks {
                scores[index] = score
                usage += cost
            }
            return StepScores(scores: scores, usage: Usage(models: [.rewardModel: usage]))
        }
    }

    private func score(_ path: ReasoningPath) async throws -> (Double, ModelUsage) {
        guard let step = path.thoughts.last else {
            throw EngineError(
                .badScore, "The problem \"\(path.problem.id)\" has no step to score.", remedy: "Score paths with steps."
            )
        }
        let begin = ContinuousClock.now
        var usage = ModelUsage()
        let key = RemoteModel.routingKey(path.problem)
        let codec = model.codec
        let name = model.group.model
        let raw: Double
        do {
            switch reward.reading {
            case .likelihood:
                let whole = try await model.tokens(of: path)
                let prompt = Array(whole.dropLast(step.tokens.count))
                usage.evaluatedTokens = step.tokens.count
                raw = exp(
                    try await model.pool.call(
                        try codec.likelihood(
                            of: step.tokens, ends: step.stop == .endOfSequence, after: prompt, model: name),
                        key: key, tokens: step.tokens.count,
                        read: { try codec.logProbabilities($0, of: step.tokens, after: prompt) }
                    ).reduce(0, +))
            case .labels:
                let tokens = try await taggedTokens(path, key: key)
                usage.evaluatedTokens = step.tokens.count + 1
                let (good, bad) = (labels?.good ?? 0, labels?.bad ?? 0)
                raw = try await model.pool.call(
                    try codec.labels(prompt: tokens, good: good, bad: bad, model: name), key: key, tokens: 1,
                    read: { try codec.labelScore($0, good: good, bad: bad) })
            case .classes(let column):
                let tokens = try await taggedTokens(path, key: key)
                // The server's class heads do not use the prefix cache.
                usage.evaluatedTokens = tokens.count
                let count = path.thoughts.count
                raw = try await model.pool.call(
                    try codec.classification(tokens, model: name), key: key, tokens: 1,
                    read: { answer in
                        let rows = try codec.classRows(answer)
                        guard rows.count == count, let row = rows.last, row.indices.contains(column) else {
                            throw Answer.malformed("\(rows.count) rows for \(count) steps")
                        }
                        guard row.allSatisfy({ (0...1).contains($0) }) else {
                            throw Answer.malformed("class probabilities \(row)")
                        }
                        return row[column]
                    })
            }
        } catch let failure as RemoteFailure {
            throw failure.engineError(server: model.group.urls.joined(separator: ", "))
        }
        guard raw.isFinite, raw >= 0, raw <= 1 + 1e-6 else {
            throw EngineError(
                .badScore, "The reward model gave the score \(raw) for the step \"\(step.text)\".",
                remedy: "Check its description: the template, the tag and the labels.")
        }
        let elapsed = (ContinuousClock.now - begin).components
        usage.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
        return (min(1, reward.calibration?(raw) ?? raw), usage)
    }

    /// The prompt and the steps, a tag after each, tokenised as one text, which is what the model was trained on.
    private func taggedTokens(_ path: ReasoningPath, key: UInt64) async throws -> [Token] {
        let steps = path.thoughts.map { $0.text.trimmingCharacters(in: .whitespacesAndNewlines) }
        if let step = steps.first(where: { $0.contains(reward.tag) }) {
            throw EngineError(
                .badScore, "The step \"\(step)\" contains the tag of the reward model.", remedy: "Use another model.")
        }
        let text = steps.map { $0 + reward.tag }.joined(separator: reward.stepSeparator)
        let tokens: [Token]
        if reward.template == "server" {
            tokens = try await model.promptTokens(path.problem) + model.tokens(of: text, key: key, addsBegin: false)
        } else {
            tokens = try await model.tokens(of: model.text(of: path.problem) + text, key: key)
        }
        guard tokens.last == labels?.tag else {
            throw EngineError(
                .badScore, "The tag of the reward model is lost in tokenising the step \"\(steps.last ?? "")\".",
                remedy: "Check \"tag\" and \"stepSeparator\" in its description.")
        }
        return tokens
    }

    private static func labels(_ reward: RemoteRewardModel, model: RemoteModel) async throws -> LabelIds {
        func fail(_ what: String) -> EngineError {
            EngineError(
                .badModelFile, "The reward model on \(model.group.urls[0]): \(what).",
                remedy: "Take the tag and the labels from the model's card, and check that the model is the right one.")
        }
        guard !reward.tag.isEmpty else { throw fail("its description has no tag") }
        let tagged = try await model.tokens(of: "a" + reward.tag, key: 0, addsBegin: false)
        guard let tag = tagged.last else { throw fail("the tag has no token") }
        if let id = reward.tagId, id != tag { throw fail("the tag ends with token \(tag), not with tagId \(id)") }
        guard case .labels(let good, let bad) = reward.reading else { return LabelIds(tag: tag, good: 1, bad: 0) }
        func id(_ label: RemoteRewardModel.Label, _ name: String) async throws -> Token {
            if let id = label.id { return id }
            let tokens = try await model.tokens(of: label.text ?? "", key: 0, addsBegin: false)
            guard tokens.count == 1 else {
                throw fail("\(name) \"\(label.text ?? "")\" is \(tokens.count) tokens, not one")
            }
            return tokens[0]
        }
        let ids = LabelIds(tag: tag, good: try await id(good, "good"), bad: try await id(bad, "bad"))
        guard ids.good != ids.bad else { throw fail("good and bad are the same token, \(ids.good)") }
        return ids
    }
}
