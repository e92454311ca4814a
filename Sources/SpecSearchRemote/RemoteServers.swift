internal import Foundation
internal import SpecSearch
internal import Synchronization

/// A model that runs on other machines, in one or several replicas.
///
/// ```swift
/// let target = RemoteModel(BackendGroup(urls: ["http://10.0.0.1:8000", "http://10.0.0.2:8000"], dialect: .vllm))
/// try await target.prepare()
/// let sampler = RemoteSampler(target, role: .target)
/// ```
/// Paths go over the wire as token ids, and the servers' own prefix caches do the rest. A problem's calls prefer one
/// replica, where its prefixes are cached.
public final class RemoteModel: Sendable {
    /// Where it runs.
    public let group: BackendGroup
    package let pool: BackendPool
    package let codec: any ServerDialect
    private let state = Mutex(State())

    private struct State {
        var prompts: [String: [Token]] = [:]
        /// The fewest slots of a replica, where servers have slots.
        var slots: Int?
    }

    public init(_ group: BackendGroup, policy: CallPolicy = CallPolicy()) {
        var group = group
        group.urls = group.urls.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.group = group
        pool = BackendPool(group, policy: policy)
        codec = group.dialect.codec
    }

    /// What the calls came to so far.
    public var statistics: CallStatistics { pool.statistics }

    /// The most siblings of one request.
    var siblingLimit: Int { state.withLock(\.slots) ?? 64 }

    /// The places that a call of `count` sequences takes.
    func weight(_ count: Int) -> Int { group.dialect == .llamaServer ? count : 1 }

    /// The key by which a search's calls find the same replica.
    static func routingKey(_ problem: Problem) -> UInt64 { ReplicaSet.hash(problem.id + "\u{0}" + problem.text) }

    /// Asks llama-servers for their slots: they queue without a limit, so the client has to keep it.
    ///
    /// - Throws: `EngineError` `unavailable` where no replica answers.
    public func prepare() async throws {
        guard !group.urls.isEmpty else {
            throw EngineError(.badSetting, "A model has no servers.", remedy: "Give urls in the configuration.")
        }
        guard group.dialect == .llamaServer, group.concurrency == nil else { return }
        var failure: (any Error)?
        var fewest: Int?
        for index in group.urls.indices {
            do {
                let slots = try ServerFacts.slots(
                    try await pool.send(.get("/props"), toReplica: index, seconds: pool.policy.seconds))
                pool.setSlots(slots, of: index)
                fewest = min(fewest ?? slots, slots)
            } catch {
                failure = error
            }
        }
        if let fewest {
            let known = fewest
            state.withLock { $0.slots = known }
        } else if let failure {
            throw (failure as? RemoteFailure)?.engineError(server: group.urls[0]) ?? failure
        }
    }

    // MARK: Prompts

    /// The tokens of a problem's prompt, asked for once per problem.
    func promptTokens(_ problem: Problem) async throws -> [Token] {
        if let known = state.withLock({ $0.prompts[problem.text] }) { return known }
        let key = Self.routingKey(problem)
        let tokens: [Token]
        if group.template == "server" {
            switch try await pool.call(
                try codec.chatPrompt(problem.text, model: group.model), key: key, read: { try self.codec.chat($0) })
            {
            case .tokens(let found): tokens = found
            case .text(let text): tokens = try await self.tokens(of: text, key: key)
            }
        } else {
            tokens = try await self.tokens(of: text(of: problem), key: key)
        }
        guard !tokens.isEmpty else {
            throw EngineError(.badSetting, "The problem is empty.", remedy: "Ask something.")
        }
        state.withLock { state in
            if state.prompts.count >= 4096 { state.prompts = [:] }
            state.prompts[problem.text] = tokens
        }
        return tokens
    }

    /// The prompt's text by the configured template.
    func text(of problem: Problem) -> String {
        group.template.replacingOccurrences(of: "{problem}", with: problem.text)
    }

    /// The tokens of a text, the beginning-of-text token first where the model has one.
    func tokens(of text: String, key: UInt64, addsBegin: Bool? = nil) async throws -> [Token] {
        try await pool.call(
            try codec.tokenization(text, addsBegin: addsBegin ?? group.addsBeginToken, model: group.model), key: key,
            read: { try self.codec.tokens($0) })
    }

    /// The tokens of a path, prompt first.
    ///
    /// - Throws: ``EngineError`` `mismatch` for a step without ids, which a text-only server wrote.
    func tokens(of path: ReasoningPath) async throws -> [Token] {
        if let step = path.thoughts.first(where: { $0.tokens.isEmpty }) {
            throw EngineError(
                .mismatch, "The step \"\(step.text)\" has no token ids, and \(codec.name) needs them.",
                remedy: "A text-only server goes only with other text-only servers and a label reward model.")
        }
        return try await promptTokens(path.problem) + path.tokens
    }
}

/// What servers say about themselves.
enum ServerFacts {
    static func slots(_ props: Data) throws(RemoteFailure) -> Int {
        struct Props: Decodable { var totalSlots: Int }
        return max(1, try Answer.decode(Props.self, from: props).totalSlots)
    }
}
