internal import SpecSearch

extension SearchEvent {
    /// The event as clients may see it: its errors name no places of this machine.
    var forClients: SearchEvent {
        switch self {
        case .lost(var loss):
            loss.message = loss.message.withoutPaths
            loss.remedy = loss.remedy.withoutPaths
            return .lost(loss)
        case .finished(var outcome):
            outcome.lost = outcome.lost?.map { lost in
                var lost = lost
                lost.message = lost.message.withoutPaths
                return lost
            }
            return .finished(outcome)
        default: return self
        }
    }
}

/// The account of a request: what its answer has to tell of its searches, beside the answers.
///
/// No search's tree is kept.
struct GenerationAccount: Sendable {
    private(set) var usage = UsageReport()
    /// Of the first search.
    private(set) var report: SearchReport?
    private var trace: [SearchEvent]?
    /// The size of the current problem's prompt by model, where the models tell.
    private var prompt: [ModelRole: Int] = [:]
    private var isCounted = false

    init(_ request: GenerationRequest) { trace = request.fields.returnsTrace ? [] : nil }

    /// Begins with another problem.
    mutating func begin(prompt: [ModelRole: Int]) {
        self.prompt = prompt
        isCounted = false
    }

    /// Takes an event of a search.
    mutating func take(_ event: SearchEvent) {
        if report == nil { trace?.append(event.forClients) }
        let (role, work): (ModelRole, Usage)
        switch event {
        case .sampled(let call): (role, work) = (call.role, call.usage)
        case .likelihoods(let call): (role, work) = (call.role, call.usage)
        default: return
        }
        if isCounted { return }
        isCounted = true
        // What the first model read before it generated; the rest of the prompt it had read for others.
        let read = work[role].prefillTokens
        let tokens = prompt[role] ?? read
        usage.promptTokens += tokens
        usage.cachedTokens += max(0, tokens - read)
    }

    /// Takes a search's end.
    mutating func take(_ result: SearchResult, _ answers: [GenerationAnswer], by search: Search) {
        usage.specsearch.add(result)
        for answer in answers { usage.add(answer) }
        if report == nil { report = SearchReport(result, search, trace: trace) }
    }
}
