internal import SpecSearch

/// `usage`: OpenAI's counts are about the text that the client sees; what the models did beyond it stands in `specsearch`.
struct UsageReport: Encodable, Sendable {
    struct Details: Encodable, Sendable {
        var reasoningTokens: Int
        enum CodingKeys: String, CodingKey {
            case reasoningTokens = "reasoning_tokens"
        }
    }

    /// The work behind an answer: tokens that went through each model, and what became of the steps.
    struct Work: Encodable, Sendable {
        var draftTokens: Int
        var targetTokens: Int
        var prmTokens: Int
        var draftOutputTokens: Int
        var targetOutputTokens: Int
        var acceptedSteps: Int
        var rejectedSteps: Int
        var correctedSteps: Int
        var seconds: Double

        enum CodingKeys: String, CodingKey {
            case draftTokens = "draft_tokens"
            case targetTokens = "target_tokens"
            case prmTokens = "prm_tokens"
            case draftOutputTokens = "draft_output_tokens"
            case targetOutputTokens = "target_output_tokens"
            case acceptedSteps = "accepted_steps"
            case rejectedSteps = "rejected_steps"
            case correctedSteps = "corrected_steps"
            case seconds
        }
    }

    var promptTokens: Int
    var completionTokens: Int
    var totalTokens: Int
    var completionTokensDetails: Details
    var specsearch: Work

    enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
        case completionTokensDetails = "completion_tokens_details"
        case specsearch
    }

    init(_ result: SearchResult, _ answer: GenerationAnswer, promptTokens: Int) {
        self.promptTokens = promptTokens
        completionTokens = answer.tokens
        totalTokens = promptTokens + answer.tokens
        completionTokensDetails = Details(reasoningTokens: answer.reasoningTokens)
        let usage = result.usage
        specsearch = Work(
            draftTokens: usage[.draft].evaluatedTokens, targetTokens: usage[.target].evaluatedTokens,
            prmTokens: usage[.rewardModel].evaluatedTokens, draftOutputTokens: usage[.draft].outputTokens,
            targetOutputTokens: usage[.target].outputTokens, acceptedSteps: result.acceptance.kept,
            rejectedSteps: result.acceptance.judged - result.acceptance.kept,
            correctedSteps: result.acceptance.corrections, seconds: result.seconds)
    }
}

/// `specsearch` in a response: how the search went.
struct SearchReport: Encodable, Sendable {
    struct StepReport: Encodable, Sendable {
        var text: String
        var source: String
        var score: Double
        var threshold: Double?
    }

    var method: String
    var search: String
    var end: String
    var finished: Bool
    var answer: String?
    var vote: String?
    var score: Double
    var steps: [StepReport]
    /// Every event, where the request asks for them.
    var trace: [SearchEvent]?

    init(_ result: SearchResult, _ search: Search, trace: [SearchEvent]?) {
        let configuration = search.configuration ?? SearchConfiguration()
        method = configuration.method.rawValue
        self.search = configuration.search.rawValue
        end = result.end.rawValue
        finished = result.isFinished
        answer = result.answer
        vote = result.vote
        score = result.best.score
        steps = result.steps.map {
            StepReport(
                text: $0.thought.text, source: $0.thought.source.rawValue, score: $0.score, threshold: $0.threshold)
        }
        self.trace = trace
    }
}
