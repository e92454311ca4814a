internal import Foundation
public import SpecSearch

/// What one server said of itself and could do when it was asked to.
public struct ServerReport: Sendable, Hashable, Codable {
    /// One ability, tried by a canary call.
    public struct Ability: Sendable, Hashable, Codable {
        public var name: String
        /// Whether this role of the search needs it.
        public var isNeeded: Bool
        public var works: Bool
        /// What was seen, or what went wrong.
        public var detail: String
    }

    public var role: ModelRole
    public var url: String
    public var dialect: Dialect
    /// The models that the server names.
    public var models: [String] = []
    public var contextLength: Int?
    public var slots: Int?
    public var version: String?
    public var abilities: [Ability] = []
    /// Ids of a fixed text, by which the models' vocabularies are compared.
    public var sampleTokens: [Token]?

    /// Whether all that its role needs works.
    public var isFit: Bool { !abilities.isEmpty && abilities.allSatisfy { $0.works || !$0.isNeeded } }
}

/// Asks servers what they can do, by doing it: a capability is never inferred from a name or a URL.
public struct ServerProbe: Sendable {
    /// The text whose tokens are compared between servers.
    static let sample = "Ben has 56 pencils.\n\nfinds 63: 56 + 63 = 119."

    private let model: RemoteModel
    private let role: ModelRole
    private let reward: RemoteRewardModel?

    /// - Parameters:
    ///   - model: The servers to ask.
    ///   - role: What they are for.
    ///   - reward: How scores are read, for a reward model.
    public init(_ model: RemoteModel, role: ModelRole, reward: RemoteRewardModel? = nil) {
        self.model = model
        self.role = role
        self.reward = reward
    }

    /// One report for each replica.
    public func run() async -> [ServerReport] {
        var reports: [ServerReport] = []
        for index in model.group.urls.indices { reports.append(await probe(index)) }
        return reports
    }

    /// Only who each replica says that it is; what does not answer says nothing.
    public func identify() async -> [ServerReport] {
        await withTaskGroup(of: (Int, ServerReport).self) { tasks in
            for (index, url) in model.group.urls.enumerated() {
                tasks.addTask {
                    var report = ServerReport(role: role, url: url, dialect: model.group.dialect)
                    _ = try? await identify(index, &report)
                    return (index, report)
                }
            }
            var reports: [Int: ServerReport] = [:]
            for await (index, report) in tasks { reports[index] = report }
            return model.group.urls.indices.compactMap { reports[$0] }
        }
    }

    private func send(_ request: WireRequest, _ index: Int) async throws -> Data {
        try await model.pool.send(request, toReplica: index, seconds: min(60, model.pool.policy.seconds * 2))
    }

    private func probe(_ index: Int) async -> ServerReport {
        var report = ServerReport(role: role, url: model.group.urls[index], dialect: model.group.dialect)
        func attempt(_ name: String, isNeeded: Bool, _ work: () async throws -> String) async -> Bool {
            do {
                let detail = try await work()
                report.abilities.append(.init(name: name, isNeeded: isNeeded, works: true, detail: detail))
                return true
            } catch {
                let detail = model.group.apiKey?.hidden(in: "\(error)") ?? "\(error)"
                report.abilities.append(.init(name: name, isNeeded: isNeeded, works: false, detail: detail))
                return false
            }
        }
        guard await attempt("answers", isNeeded: true, { try await identify(index, &report) }) else { return report }
        guard model.group.dialect != .openAI else {
            _ = await attempt("writes text", isNeeded: role != .rewardModel) { try await writeText(index) }
            return report
        }
        var prompt: [Token] = []
        guard
            await attempt(
                "tokenises", isNeeded: true,
                {
                    let request = try model.codec.tokenization(
                        Self.sample, addsBegin: model.group.addsBeginToken, model: model.group.model)
                    prompt = try model.codec.tokens(try await send(request, index))
                    report.sampleTokens = prompt
                    guard !prompt.isEmpty else { throw RemoteFailure(.malformed, "no tokens") }
                    return "\(prompt.count) ids"
                })
        else { return report }
        let writes = role != .rewardModel
        var written: [Token] = []
        if reward.map({ if case .classes = $0.reading { false } else { true } }) ?? true {
            _ = await attempt("writes siblings from ids", isNeeded: writes) {
                let first = try await write(prompt, index)
                written = first[0].tokens
                guard !written.isEmpty else { throw RemoteFailure(.malformed, "a text without ids") }
                return "2 of at most 8 tokens"
            }
            _ = await attempt("repeats by seed", isNeeded: false) {
                let (first, second) = (try await write(prompt, index), try await write(prompt, index))
                guard first == second else { throw RemoteFailure(.malformed, "two answers to one seed differ") }
                return first[0] == first[1] ? "the same twice (the siblings are equal, too)" : "the same twice"
            }
        }
        if !writes || reward == nil { await probeScores(index, prompt: prompt, written: written, attempt) }
        return report
    }

    private func probeScores(
        _ index: Int, prompt: [Token], written: [Token],
        _ attempt: (String, Bool, () async throws -> String) async -> Bool
    ) async {
        guard role == .rewardModel else { return }
        let codec = model.codec
        switch reward?.reading {
        case .classes:
            _ = await attempt("scores by a class head", true) {
                let rows = try codec.classRows(
                    try await send(try codec.classification(prompt, model: model.group.model), index))
                return "\(rows.count) rows at the tags of a text without any"
            }
        case .labels, nil:
            _ = await attempt("scores by labels", reward != nil) {
                let (good, bad) = (prompt[prompt.count - 1], prompt[prompt.count - 2])
                guard good != bad else { return "not tried: the sample's last tokens are equal" }
                let score = try codec.labelScore(
                    try await send(
                        try codec.labels(prompt: prompt, good: good, bad: bad, model: model.group.model), index),
                    good: good, bad: bad)
                return String(format: "a share of %.4f", score)
            }
            if reward == nil { fallthrough }
        case .likelihood:
            _ = await attempt("scores by likelihood", reward != nil) {
                let step = written.isEmpty ? Array(prompt.suffix(2)) : Array(written.prefix(4))
                let context = written.isEmpty ? Array(prompt.dropLast(2)) : prompt
                let values = try codec.logProbabilities(
                    try await send(
                        try codec.likelihood(of: step, ends: false, after: context, model: model.group.model), index),
                    of: step, after: context)
                return String(format: "%.4f for %d tokens", exp(values.reduce(0, +)), values.count)
            }
        }
    }

    private func write(_ prompt: [Token], _ index: Int) async throws -> [Completion] {
        let call = GenerationCall(
            model: model.group.model, prompt: prompt, count: 2,
            parameters: SamplingParameters(temperature: 1, maximumTokens: 8), seed: 7, delimiter: "\n\n")
        return try model.codec.completions(try await send(try model.codec.generation(call), index), for: call).siblings
    }

    private func writeText(_ index: Int) async throws -> String {
        var call = GenerationCall(
            model: model.group.model, prompt: [], count: 1,
            parameters: SamplingParameters(temperature: 1, maximumTokens: 8), seed: 7, delimiter: "\n\n")
        call.text = Self.sample
        let data = try await send(try model.codec.generation(call), index)
        return "\(try model.codec.completions(data, for: call).siblings[0].text.utf8.count) bytes"
    }

    private func identify(_ index: Int, _ report: inout ServerReport) async throws -> String {
        struct Models: Decodable {
            struct Model: Decodable {
                var id: String
                var maxModelLen: Int?
            }
            var data: [Model]
        }
        let models = try Answer.decode(Models.self, from: try await send(.get("/v1/models"), index)).data
        report.models = models.map(\.id)
        report.contextLength = models.compactMap(\.maxModelLen).first
        switch model.group.dialect {
        case .llamaServer:
            struct Props: Decodable {
                struct Settings: Decodable { var nCtx: Int? }
                var totalSlots: Int
                var defaultGenerationSettings: Settings?
                var buildInfo: String?
            }
            let props = try Answer.decode(Props.self, from: try await send(.get("/props"), index))
            report.slots = props.totalSlots
            report.contextLength = props.defaultGenerationSettings?.nCtx ?? report.contextLength
            report.version = props.buildInfo
        case .vllm:
            struct Version: Decodable { var version: String }
            report.version = try? Answer.decode(Version.self, from: try await send(.get("/version"), index)).version
        case .sglang, .openAI: break
        }
        if let name = model.group.model, !report.models.isEmpty, !report.models.contains(name) {
            throw RemoteFailure(.rejected, "no model \(name), but \(report.models.joined(separator: ", "))")
        }
        return report.models.joined(separator: ", ")
    }
}
