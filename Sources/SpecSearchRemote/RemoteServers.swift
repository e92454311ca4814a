internal import Foundation
internal import SpecSearch
internal import Synchronization

/// The servers of one model, as the models of this module use them: calls, slots, and prompts by their tokenizer.
///
/// Paths go over the wire as token ids, and the servers' own prefix caches do the rest. A problem's calls prefer one
/// replica, where its prefixes are cached.
package final class RemoteServers: Sendable {
    /// Where the model runs.
    package let group: BackendGroup
    package let pool: BackendPool
    package let codec: any ServerDialect
    private let state = Mutex(State())

    private struct State {
        /// The tokens of prompts, by template and problem.
        var prompts: [[String]: [Token]] = [:]
        /// The fewest slots of a replica, where servers have slots.
        var slots: Int?
    }

    /// - Parameters:
    ///   - group: Where the model runs; nothing is asked before ``prepare()``.
    ///   - policy: How calls are guarded.
    package init(_ group: BackendGroup, policy: CallPolicy = CallPolicy()) {
        var group = group
        group.urls = group.urls.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.group = group
        pool = BackendPool(group, policy: policy)
        codec = group.dialect.codec
    }

    /// The most siblings of one request.
    var siblingLimit: Int { state.withLock(\.slots) ?? 64 }

    /// The places that a call of `count` sequences takes.
    func weight(_ count: Int) -> Int { group.dialect == .llamaServer ? count : 1 }

    /// The key by which a search's calls find the same replica.
    static func routingKey(_ problem: Problem) -> UInt64 { ReplicaSet.hash(problem.id + "\u{0}" + problem.text) }

    /// Asks llama-servers for their slots: they queue without a limit, so the client has to keep it.
    ///
    /// - Throws: `SpecSearchError` `unavailable` where no replica answers, `badSetting` for a group without servers or a
    ///   template without a place for the problem.
    package func prepare() async throws {
        guard !group.urls.isEmpty else {
            throw SpecSearchError(.badSetting, "A model has no servers.", remedy: "Give urls in the configuration.")
        }
        try Self.check(template: group.template)
        guard group.dialect == .llamaServer, group.concurrency == nil else { return }
        var failure: RemoteFailure?
        var fewest: Int?
        for index in group.urls.indices {
            do {
                let props = try Answer.decode(
                    LlamaServerDialect.Properties.self,
                    from: try await pool.send(.get("/props"), toReplica: index, seconds: pool.policy.seconds))
                let slots = max(1, props.totalSlots)
                pool.setSlots(slots, of: index)
                fewest = min(fewest ?? slots, slots)
            } catch let error as RemoteFailure {
                failure = error
            }
        }
        if let fewest {
            state.withLock { $0.slots = fewest }
        } else if let failure {
            throw SpecSearchError(failure, from: group.urls[0])
        }
    }

    // MARK: Tokens

    /// The tokens of a problem's prompt, asked for once per problem.
    ///
    /// - Parameter template: The prompt with `{problem}` in it, or `server`; nil for the group's.
    func promptTokens(_ problem: Problem, template: String? = nil) async throws -> [Token] {
        let template = template ?? group.template
        let name = [template, problem.text]
        if let known = state.withLock({ $0.prompts[name] }) { return known }
        let key = Self.routingKey(problem)
        let tokens: [Token]
        if template == "server" {
            switch try await pool.call(
                try codec.chatPrompt(problem.text, model: group.model), key: key, read: { try self.codec.chat($0) })
            {
            case .tokens(let found): tokens = found
            case .text(let text): tokens = try await self.tokens(of: text, key: key)
            }
        } else {
            tokens = try await self.tokens(of: Self.prompt(problem, template: template), key: key)
        }
        guard !tokens.isEmpty else {
            throw SpecSearchError(.badSetting, "The problem is empty.", remedy: "Ask something.")
        }
        state.withLock { state in
            if state.prompts.count >= 4096 { state.prompts = [:] }
            state.prompts[name] = tokens
        }
        return tokens
    }

    /// - Throws: `SpecSearchError` `badSetting` for a template without a place for the problem.
    static func check(template: String) throws {
        guard template == "server" || template.contains("{problem}") else {
            throw SpecSearchError(
                .badSetting, "The chat template \"\(template)\" has no {problem} in it.",
                remedy: "Give one with it, or server for the template of the server's model.")
        }
    }

    /// The prompt's text by a template.
    static func prompt(_ problem: Problem, template: String) -> String {
        template.replacingOccurrences(of: "{problem}", with: problem.text)
    }

    /// The tokens of a text, the beginning-of-text token first where the model has one.
    func tokens(of text: String, key: UInt64, addsBegin: Bool? = nil) async throws -> [Token] {
        try await pool.call(
            try codec.tokenization(text, addsBegin: addsBegin ?? group.addsBeginToken, model: group.model), key: key,
            read: { try self.codec.tokens($0) })
    }

    /// The tokens of a path, prompt first.
    ///
    /// - Throws: `SpecSearchError` `mismatch` for a step without ids, which a text-only server generated.
    func tokens(of path: ReasoningPath, template: String? = nil) async throws -> [Token] {
        if let step = path.thoughts.first(where: { $0.tokens.isEmpty }) {
            throw SpecSearchError(
                .mismatch, "The step \"\(step.text)\" has no token ids, and \(codec.name) needs them.",
                remedy: "A text-only server goes only with other text-only servers and a label reward model.")
        }
        return try await promptTokens(path.problem, template: template) + path.tokens
    }

    /// The log-likelihood of a path's last step by the model's own distribution, at temperature 1 and without filters.
    ///
    /// - Throws: `SpecSearchError`: `unsupported` for text-only servers, `badSetting` for a path without steps.
    func logLikelihood(ofLastStepOf path: ReasoningPath, template: String? = nil) async throws -> Double {
        guard let step = path.thoughts.last else {
            throw SpecSearchError(
                .badSetting, "The path of the problem \"\(path.problem.id)\" has no step.",
                remedy: "Ask about paths with steps.")
        }
        let prompt = Array(try await tokens(of: path, template: template).dropLast(step.tokens.count))
        let request = try codec.likelihood(
            of: step.tokens, ends: step.stop == .endOfSequence, after: prompt, model: group.model)
        return try await pool.call(
            request, key: Self.routingKey(path.problem), tokens: step.tokens.count,
            read: { try self.codec.logProbabilities($0, of: step.tokens, after: prompt) }
        ).reduce(0, +)
    }
}

/// Seconds since an instant.
func seconds(since begin: ContinuousClock.Instant) -> Double { (ContinuousClock.now - begin) / .seconds(1) }
