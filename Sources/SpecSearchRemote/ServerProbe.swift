internal import Foundation
public import SpecSearch

/// Canary calls to the servers of one model: asks what they can do by having them do it, as a capability is never inferred
/// from a name or a URL.
///
/// ```swift
/// for report in await ServerProbe(group, role: .target).run() where !report.isFit {
///     print(report.url, report.abilities.filter { !$0.works })
/// }
/// ```
public struct ServerProbe: Sendable {
    private let servers: RemoteServers
    private let role: ModelRole
    private let reading: RemoteRewardModel.Configuration.Reading?

    /// - Parameters:
    ///   - group: The servers to ask.
    ///   - role: What they are for.
    ///   - reading: Where scores stand, for a reward model; nil tries labels and likelihoods, and needs neither.
    ///   - policy: How calls are guarded; of it only the deadline counts here.
    public init(
        _ group: BackendGroup, role: ModelRole, reading: RemoteRewardModel.Configuration.Reading? = nil,
        policy: CallPolicy = CallPolicy()
    ) {
        servers = RemoteServers(group, policy: policy)
        self.role = role
        self.reading = reading
    }

    /// One report for each replica.
    public func run() async -> [ServerReport] {
        var reports: [ServerReport] = []
        for index in servers.group.urls.indices { reports.append(await probe(index)) }
        return reports
    }

    /// Only who each replica says that it is; what does not answer says nothing.
    public func identify() async -> [ServerReport] {
        await withTaskGroup(of: (Int, ServerReport).self) { tasks in
            for index in servers.group.urls.indices {
                tasks.addTask {
                    var report = report(of: index)
                    try? await Replica(servers: servers, index: index).identify(&report)
                    return (index, report)
                }
            }
            var reports: [Int: ServerReport] = [:]
            for await (index, report) in tasks { reports[index] = report }
            return servers.group.urls.indices.compactMap { reports[$0] }
        }
    }

    private func report(of index: Int) -> ServerReport {
        ServerReport(role: role, url: servers.group.urls[index], dialect: servers.group.dialect)
    }

    private func probe(_ index: Int) async -> ServerReport {
        let replica = Replica(servers: servers, index: index)
        let secret = servers.group.apiKey
        var report = report(of: index)
        var identity = report
        let answers: Void? = await report.attempt(
            "answers", isNeeded: true, hiding: secret, { try await replica.identify(&identity) },
            detail: { identity.models.joined(separator: ", ") })
        identity.abilities = report.abilities
        report = identity
        guard answers != nil else { return report }

        let isLanguageModel = role != .rewardModel
        guard servers.group.dialect != .openAI else {
            _ = await report.attempt(
                "generates text", isNeeded: isLanguageModel, hiding: secret, { try await replica.generateText() },
                detail: { "\($0.utf8.count) bytes" })
            return report
        }
        report.sampleTokens = await report.attempt(
            "tokenises", isNeeded: true, hiding: secret, { try await replica.sampleTokens() },
            detail: { "\($0.count) ids" })
        guard let prompt = report.sampleTokens else { return report }
        var step = Array(prompt.suffix(2))
        var context = Array(prompt.dropLast(2))
        if !hasClassHead {
            let siblings = await report.attempt(
                "generates siblings from ids", isNeeded: isLanguageModel, hiding: secret,
                { try await replica.siblings(after: prompt) }, detail: { _ in "2 of at most 8 tokens" })
            if let first = siblings?.first { (step, context) = (Array(first.tokens.prefix(4)), prompt) }
            _ = await report.attempt(
                "repeats by seed", isNeeded: false, hiding: secret,
                { try await replica.repeatedSiblings(after: prompt) },
                detail: { $0[0] == $0[1] ? "the same twice (the siblings are equal, too)" : "the same twice" })
        }
        if role == .rewardModel { await probeScores(replica, &report, prompt: prompt, step: step, context: context) }
        return report
    }

    private var hasClassHead: Bool { if case .classes? = reading { true } else { false } }

    private func probeScores(
        _ replica: Replica, _ report: inout ServerReport, prompt: [Token], step: [Token], context: [Token]
    ) async {
        let secret = servers.group.apiKey
        if hasClassHead {
            _ = await report.attempt(
                "scores by a class head", isNeeded: true, hiding: secret,
                { try await replica.classRows(of: prompt) },
                detail: { "\($0.count) rows at the step tokens of a text without any" })
            return
        }
        if reading != .likelihood {
            let share = { (score: Double?) in
                score.map { String(format: "a share of %.4f", $0) } ?? "not tried: the sample's last tokens are equal"
            }
            _ = await report.attempt(
                "scores by labels", isNeeded: reading != nil, hiding: secret,
                { try await replica.labelScore(after: prompt) }, detail: share)
        }
        if reading == .likelihood || reading == nil {
            _ = await report.attempt(
                "scores by likelihood", isNeeded: reading != nil, hiding: secret,
                { try await replica.logProbabilities(of: step, after: context) },
                detail: { String(format: "%.4f for %d tokens", exp($0.reduce(0, +)), $0.count) })
        }
    }
}

/// One replica, and the canary calls that can be made to it.
private struct Replica {
    /// The text whose tokens are compared between servers.
    static let sample = "Ben has 56 pencils.\n\nfinds 63: 56 + 63 = 119."

    let servers: RemoteServers
    let index: Int

    private var codec: any ServerDialect { servers.codec }
    private var model: String? { servers.group.model }

    private func send(_ request: WireRequest) async throws -> Data {
        try await servers.pool.send(request, toReplica: index, seconds: min(60, servers.pool.policy.seconds * 2))
    }

    /// Asks who it is.
    func identify(_ report: inout ServerReport) async throws {
        struct Models: Decodable {
            struct Model: Decodable {
                var id: String
                var maxModelLen: Int?
            }
            var data: [Model]
        }
        let models = try Answer.decode(Models.self, from: try await send(.get("/v1/models"))).data
        report.models = models.map(\.id)
        report.contextLength = models.compactMap(\.maxModelLen).first
        switch servers.group.dialect {
        case .llamaServer:
            let properties = try Answer.decode(
                LlamaServerDialect.Properties.self, from: try await send(.get("/props")))
            report.slots = properties.totalSlots
            report.contextLength = properties.defaultGenerationSettings?.nCtx ?? report.contextLength
            report.version = properties.buildInfo
        case .vllm:
            struct Version: Decodable { var version: String }
            report.version = try? Answer.decode(Version.self, from: try await send(.get("/version"))).version
        case .sglang, .openAI: break
        }
        if let model, !report.models.isEmpty, !report.models.contains(model) {
            throw RemoteFailure(.rejected, "no model \(model), but \(report.models.joined(separator: ", "))")
        }
    }

    func sampleTokens() async throws -> [Token] {
        let request = try codec.tokenization(Self.sample, addsBegin: servers.group.addsBeginToken, model: model)
        let tokens = try codec.tokens(try await send(request))
        // The other calls take the sample apart.
        guard tokens.count >= 4 else { throw RemoteFailure(.malformed, "only \(tokens.count) ids for ten words") }
        return tokens
    }

    private func call(_ prompt: [Token], count: Int) -> GenerationCall {
        GenerationCall(
            model: model, prompt: prompt, count: count,
            sampling: SamplingParameters(temperature: 1, maximumTokens: 8), seed: 7, delimiter: "\n\n")
    }

    func siblings(after prompt: [Token]) async throws -> [Completion] {
        let call = call(prompt, count: 2)
        let siblings = try codec.completions(try await send(try codec.generation(call)), for: call).siblings
        guard !siblings[0].tokens.isEmpty else { throw RemoteFailure(.malformed, "a text without ids") }
        return siblings
    }

    func repeatedSiblings(after prompt: [Token]) async throws -> [Completion] {
        let (first, second) = (try await siblings(after: prompt), try await siblings(after: prompt))
        guard first == second else { throw RemoteFailure(.malformed, "two answers to one seed differ") }
        return first
    }

    func generateText() async throws -> String {
        var call = call([], count: 1)
        call.text = Self.sample
        return try codec.completions(try await send(try codec.generation(call)), for: call).siblings[0].text
    }

    func classRows(of prompt: [Token]) async throws -> [[Double]] {
        try codec.classRows(try await send(try codec.classification(prompt, model: model)))
    }

    /// The share of the sample's last token against the one before; nil where they are equal.
    func labelScore(after prompt: [Token]) async throws -> Double? {
        let (good, bad) = (prompt[prompt.count - 1], prompt[prompt.count - 2])
        guard good != bad else { return nil }
        let request = try codec.labels(prompt: prompt, good: good, bad: bad, model: model)
        return try codec.labelScore(try await send(request), good: good, bad: bad)
    }

    func logProbabilities(of step: [Token], after context: [Token]) async throws -> [Double] {
        let request = try codec.likelihood(of: step, ends: false, after: context, model: model)
        return try codec.logProbabilities(try await send(request), of: step, after: context)
    }
}
