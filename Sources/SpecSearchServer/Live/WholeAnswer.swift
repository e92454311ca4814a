internal import SpecSearch
internal import Synchronization

/// An answer that is sent as a whole, while its searches go on.
final class WholeAnswer: GenerationReceiver {
    private struct State {
        var account: GenerationAccount
        var answers: [GenerationAnswer] = []
    }

    private let state: Mutex<State>

    init(_ request: GenerationRequest) { state = Mutex(State(account: GenerationAccount(request))) }

    func begin(problem: Int, prompt: [ModelRole: Int]) { state.withLock { $0.account.begin(prompt: prompt) } }

    func take(_ event: SearchEvent) { state.withLock { $0.account.take(event) } }

    func take(_ result: SearchResult, _ answers: [GenerationAnswer], by search: Search) {
        state.withLock { state in
            state.account.take(result, answers, by: search)
            state.answers += answers
        }
    }

    func form(_ form: any AnswerForm) -> any Encodable & Sendable {
        state.withLock { form.whole($0.answers, $0.account) }
    }
}
