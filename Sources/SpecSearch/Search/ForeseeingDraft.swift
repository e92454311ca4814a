internal import Synchronization

/// A draft that has begun what it will probably be asked for, while another model is at work.
///
/// Requests are the whole of what a model's answer depends on, so what was begun is the answer if just that is asked for; what is
/// not asked for is dropped.
final class ForeseeingDraft: LanguageModel {
    private typealias Call = Task<Samples, any Error>
    private let base: any LanguageModel
    private let state = Mutex(State())

    private struct State {
        /// The call of each request that was begun, and its place there.
        var begun: [SampleRequest: (call: Call, place: Int)] = [:]
        /// Calls that nobody asked for; they may not have ended yet.
        var dropped: [Call] = []
    }

    init(_ base: any LanguageModel) { self.base = base }

    var capabilities: ModelCapabilities { base.capabilities }

    /// Begins a call.
    func begin(_ requests: [SampleRequest]) {
        guard !requests.isEmpty else { return }
        let call = Call { [base] in try await base.sample(requests) }
        state.withLock { state in
            for (place, request) in requests.enumerated() {
                if let old = state.begun.updateValue((call, place), forKey: request) { state.dropped.append(old.call) }
            }
        }
    }

    /// Ends what was begun.
    func drop() { _ = take([]) }

    /// Ends what was begun and not asked for, so that nothing is at work when the search is over.
    func end() async {
        drop()
        let calls = state.withLock { $0.dropped }
        for call in calls { _ = await call.result }
    }

    /// What was begun of some requests; all else is dropped.
    private func take(_ requests: [SampleRequest]) -> [SampleRequest: (call: Call, place: Int)] {
        state.withLock { state in
            let known = state.begun.filter { requests.contains($0.key) }
            let used = Set(known.values.map(\.call))
            for call in Set(state.begun.values.map(\.call)).subtracting(used) {
                call.cancel()
                state.dropped.append(call)
            }
            state.begun = [:]
            return known
        }
    }

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        let known = take(requests)
        guard !known.isEmpty else { return try await base.sample(requests) }
        return try await withTaskCancellationHandler {
            let missing = requests.indices.filter { known[requests[$0]] == nil }
            async let asked = missing.isEmpty ? Samples(thoughts: []) : base.sample(missing.map { requests[$0] })
            var answer = Samples(thoughts: Array(repeating: [], count: requests.count))
            for (place, request) in requests.enumerated() {
                guard let begun = known[request] else { continue }
                let found = try await begun.call.value
                if found.thoughts.indices.contains(begun.place) { answer.thoughts[place] = found.thoughts[begun.place] }
            }
            // A call's cost is told once.
            for call in Set(known.values.map(\.call)) { answer.usage += try await call.value.usage }
            let others = try await asked
            for (place, thoughts) in zip(missing, others.thoughts) { answer.thoughts[place] = thoughts }
            answer.usage += others.usage
            return answer
        } onCancel: {
            for begun in known.values { begun.call.cancel() }
        }
    }

    func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try await base.openSession(for: problem)
    }

    func promptTokens(of problem: Problem) async throws -> Int? { try await base.promptTokens(of: problem) }

    func text(of tokens: [Token]) async throws -> String? { try await base.text(of: tokens) }

    func tokenLogProbabilities(of paths: [ReasoningPath], topCount: Int) async throws -> [[TokenLogProbability]]? {
        try await base.tokenLogProbabilities(of: paths, topCount: topCount)
    }

    func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        try await base.nextTokenEntropies(of: paths)
    }

    func logLikelihoods(of paths: [ReasoningPath], sampling: SamplingParameters) async throws -> LogLikelihoods {
        try await base.logLikelihoods(of: paths, sampling: sampling)
    }
}
