internal import Foundation
public import SpecSearch

/// A process reward model on other machines, in one or several replicas.
///
/// ```swift
/// let group = BackendGroup(urls: ["http://10.0.0.3:8000"], dialect: .vllm)
/// let rewardModel = try await RemoteRewardModel(group, .init(.labels(good: "+", bad: "-"), stepToken: " ки"))
/// let scores = try await rewardModel.score([path]).scores
/// ```
/// A score that is missing, malformed or out of range is an error, and never passes for a number.
public struct RemoteRewardModel: RewardModel {
    /// How it is read.
    public let configuration: Configuration
    package let servers: RemoteServers
    private let reading: ResolvedReading

    /// A ``Configuration/Reading-swift.enum`` by token ids.
    private enum ResolvedReading: Sendable {
        case likelihood
        case labels(step: Token, good: Token, bad: Token)
        case classes(step: Token, column: Int)
    }

    /// Asks the servers for what has to be known before the first call, and for the ids of step token and labels by
    /// their own tokenizer, which are checked.
    ///
    /// - Throws: `SpecSearchError`, naming what does not fit.
    public init(
        _ group: BackendGroup, _ configuration: Configuration, policy: CallPolicy = CallPolicy()
    ) async throws {
        let servers = RemoteServers(group, policy: policy)
        try await servers.prepare()
        try await self.init(servers, configuration)
    }

    init(_ servers: RemoteServers, _ configuration: Configuration) async throws {
        self.servers = servers
        self.configuration = configuration
        if let template = configuration.template { try RemoteServers.check(template: template) }
        reading = try await Self.resolve(configuration, servers: servers)
    }

    /// Where it runs.
    public var group: BackendGroup { servers.group }

    /// The counts of its calls so far.
    public var statistics: CallStatistics { servers.pool.statistics }

    public var aggregation: ScoreAggregation { configuration.aggregation }

    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        try await withThrowingTaskGroup(of: (Int, Result<(Double, ModelUsage), SpecSearchError>).self) { tasks in
            for (index, path) in paths.enumerated() {
                tasks.addTask {
                    if let error = unreadable(path) { return (index, .failure(error)) }
                    do {
                        return (index, .success(try await score(path)))
                    } catch let error as SpecSearchError where error.code == .contextOverflow {
                        return (index, .failure(error))
                    }
                }
            }
            var answer = StepScores(scores: Array(repeating: .nan, count: paths.count))
            if configuration.calibration != nil { answer.rawScores = answer.scores }
            for try await (index, result) in tasks {
                switch result {
                case .success(let (raw, cost)):
                    answer.scores[index] = min(1, configuration.calibration?(raw) ?? raw)
                    answer.rawScores?[index] = raw
                    answer.usage[.rewardModel] += cost
                case .failure(let error): answer.lost[index] = error
                }
            }
            return answer
        }
    }

    /// The raw score of a path's last step.
    private func score(_ path: ReasoningPath) async throws -> (Double, ModelUsage) {
        guard let step = path.thoughts.last else {
            throw SpecSearchError(
                .badScore, "The problem \"\(path.problem.id)\" has no step to score.", remedy: "Score paths with steps."
            )
        }
        let begin = ContinuousClock.now
        var usage = ModelUsage()
        let raw: Double
        switch reading {
        case .likelihood:
            usage.evaluatedTokens = step.tokens.count
            raw = exp(try await servers.logLikelihood(ofLastStepOf: path, template: configuration.template))
        case .labels(let stepToken, let good, let bad):
            usage.evaluatedTokens = step.tokens.count + 1
            raw = try await labelScore(try await tokens(of: path, step: stepToken), path, good: good, bad: bad)
        case .classes(let stepToken, let column):
            let tokens = try await tokens(of: path, step: stepToken)
            // The servers' class heads do not use the prefix cache.
            usage.evaluatedTokens = tokens.count
            raw = try await classScore(tokens, path, column: column)
        }
        guard raw.isFinite, raw >= 0, raw <= 1 + 1e-6 else {
            throw SpecSearchError(
                .badScore, "The reward model gave the score \(raw) for the step \"\(step.text)\".",
                remedy: "Check its description: the template, the step token and the labels.")
        }
        usage.seconds = seconds(since: begin)
        return (raw, usage)
    }

    private func labelScore(
        _ tokens: [Token], _ path: ReasoningPath, good: Token, bad: Token
    ) async throws -> Double {
        let codec = servers.codec
        return try await servers.pool.call(
            try codec.labels(prompt: tokens, good: good, bad: bad, model: group.model),
            key: RemoteServers.routingKey(path.problem), tokens: 1,
            read: { try codec.labelScore($0, good: good, bad: bad) })
    }

    private func classScore(_ tokens: [Token], _ path: ReasoningPath, column: Int) async throws -> Double {
        let codec = servers.codec
        let count = path.depth
        return try await servers.pool.call(
            try codec.classification(tokens, model: group.model), key: RemoteServers.routingKey(path.problem),
            tokens: 1,
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

    /// Why a path cannot be scored: a step with the step token in it would be two steps.
    private func unreadable(_ path: ReasoningPath) -> SpecSearchError? {
        guard configuration.reading != .likelihood,
            let step = path.thoughts.first(where: { $0.text.contains(configuration.stepToken) })
        else { return nil }
        return SpecSearchError(
            .badScore, "The step \"\(step.text)\" contains the step token of the reward model.",
            remedy: "Such steps cannot be scored; use a reward model with another step token.")
    }

    /// The tokens of the prompt and the steps, a step token after each, tokenised as one text, which is what the model
    /// was trained on.
    private func tokens(of path: ReasoningPath, step stepToken: Token) async throws -> [Token] {
        let key = RemoteServers.routingKey(path.problem)
        let steps = path.thoughts.map { $0.text.trimmingCharacters(in: .whitespacesAndNewlines) }
        let text = steps.map { $0 + configuration.stepToken }.joined(separator: configuration.stepSeparator)
        let template = configuration.template ?? group.template
        let tokens: [Token]
        if template == "server" {
            tokens =
                try await servers.promptTokens(path.problem, template: template)
                + servers.tokens(of: text, key: key, addsBegin: false)
        } else {
            tokens = try await servers.tokens(
                of: RemoteServers.prompt(path.problem, template: template) + text, key: key)
        }
        guard tokens.last == stepToken else {
            throw SpecSearchError(
                .badScore,
                "The step token of the reward model is lost in tokenising the step \"\(steps.last ?? "")\".",
                remedy: "Check the step token and the separator in its description.")
        }
        return tokens
    }

    private static func resolve(
        _ configuration: Configuration, servers: RemoteServers
    ) async throws -> ResolvedReading {
        func error(_ what: String) -> SpecSearchError {
            SpecSearchError(
                .badModelFile, "The reward model on \(servers.group.urls[0]): \(what).",
                remedy:
                    "Take the step token and the labels from the model's card, and check that the model is the right one."
            )
        }
        func id(_ label: Configuration.Label, _ name: String) async throws -> Token {
            if let id = label.id { return id }
            let tokens = try await servers.tokens(of: label.text ?? "", key: 0, addsBegin: false)
            guard tokens.count == 1 else {
                throw error("\(name) \"\(label.text ?? "")\" is \(tokens.count) tokens, not one")
            }
            return tokens[0]
        }
        if configuration.reading == .likelihood { return .likelihood }
        guard !configuration.stepToken.isEmpty else { throw error("its description has no step token") }
        let marked = try await servers.tokens(of: "a" + configuration.stepToken, key: 0, addsBegin: false)
        guard let step = marked.last else { throw error("the step token has no id") }
        if let id = configuration.stepTokenID, id != step {
            throw error("the step token ends with token \(step), not with \(id)")
        }
        switch configuration.reading {
        case .likelihood: return .likelihood
        case .classes(let column): return .classes(step: step, column: column)
        case .labels(let good, let bad):
            let (good, bad) = (try await id(good, "good"), try await id(bad, "bad"))
            guard good != bad else { throw error("good and bad are the same token, \(good)") }
            return .labels(step: step, good: good, bad: bad)
        }
    }
}
