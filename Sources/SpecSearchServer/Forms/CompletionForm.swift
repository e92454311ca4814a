internal import Foundation
internal import NIOCore

/// The form of `/v1/chat/completions` and `/v1/completions`.
struct CompletionForm: AnswerForm {
    private let request: GenerationRequest
    private let isChat: Bool
    private let head: Completion
    /// For texts, whose stops may lie anywhere, by choice.
    private var filters: [Int: StopFilter] = [:]

    init(_ request: GenerationRequest, model: String) {
        self.request = request
        isChat = request.form == .chat
        let chat = request.isStreamed ? "chat.completion.chunk" : "chat.completion"
        head = Completion(
            id: RandomName.make(isChat ? "chatcmpl" : "cmpl"), object: isChat ? chat : "text_completion",
            created: Int(Date().timeIntervalSince1970), model: model, choices: [],
            promisesUsage: request.isStreamed && request.includesUsage)
    }

    private var choices: Int { request.problems.count * request.count }

    private func report(_ answer: GenerationAnswer) -> Completion.Choice.Report? {
        choices == 1 ? nil : .init(answer: answer.answer, score: answer.score)
    }

    func whole(_ answers: [GenerationAnswer], _ account: GenerationAccount) -> any Encodable & Sendable {
        var completion = head
        completion.choices = answers.enumerated().map { index, answer in
            var choice = Completion.Choice(index: index, finishReason: answer.finishReason, report: report(answer))
            if isChat {
                let reasoning = answer.reasoningText
                choice.message = Completion.Message(
                    role: "assistant", content: answer.toolCalls.isEmpty ? answer.content : nil,
                    reasoning: reasoning.isEmpty ? nil : reasoning, calls: answer.toolCalls)
                choice.logProbabilities = answer.logProbabilities?.chat
            } else {
                choice.text = answer.text(request.stops)
                choice.logProbabilities = answer.logProbabilities?.completion
            }
            return choice
        }
        completion.usage = account.usage
        completion.specsearch = account.report
        return completion
    }

    // MARK: Parts

    func begin() throws -> [ByteBuffer] {
        guard isChat else { return [] }
        return try (0..<choices).map { try delta(Completion.Message(role: "assistant", content: ""), of: $0) }
    }

    mutating func step(_ text: String, of choice: Int) throws -> [ByteBuffer] {
        if isChat { return [try delta(Completion.Message(reasoning: text), of: choice)] }
        let text = filters[choice, default: StopFilter(request.stops)].pass(text)
        return text.isEmpty ? [] : [try part(Completion.Choice(index: choice, text: text))]
    }

    mutating func end(
        _ answer: GenerationAnswer, of choice: Int, _ account: GenerationAccount
    ) throws -> [ByteBuffer] {
        var parts: [ByteBuffer] = []
        var last = Completion.Choice(index: choice, finishReason: answer.finishReason, report: report(answer))
        if isChat {
            if !answer.content.isEmpty {
                var content = Completion.Choice(index: choice, delta: Completion.Message(content: answer.content))
                content.logProbabilities = answer.logProbabilities?.chat
                parts.append(try part(content))
            }
            if !answer.toolCalls.isEmpty {
                parts.append(try delta(Completion.Message(calls: answer.toolCalls, isPart: true), of: choice))
            }
            last.delta = Completion.Message()
        } else {
            let text = filters[choice, default: StopFilter(request.stops)].pass(answer.content, isLast: true)
            filters[choice] = nil
            if !text.isEmpty { parts.append(try part(Completion.Choice(index: choice, text: text))) }
            last.text = ""
        }
        return parts + [try part(last, report: choice == choices - 1 ? account.report : nil)]
    }

    func finish(_ account: GenerationAccount) throws -> [ByteBuffer] {
        let done = EventStream.event("[DONE]")
        guard request.includesUsage else { return [done] }
        var last = head
        last.usage = account.usage
        return [EventStream.event(try JSON.text(last)), done]
    }

    // No [DONE] after it: that would be success.
    func fail(_ error: APIError) throws -> [ByteBuffer] { [EventStream.event(try JSON.text(error))] }

    private func delta(_ message: Completion.Message, of choice: Int) throws -> ByteBuffer {
        try part(Completion.Choice(index: choice, delta: message))
    }

    private func part(_ choice: Completion.Choice, report: SearchReport? = nil) throws -> ByteBuffer {
        var completion = head
        completion.choices = [choice]
        completion.specsearch = report
        return EventStream.event(try JSON.text(completion))
    }
}
