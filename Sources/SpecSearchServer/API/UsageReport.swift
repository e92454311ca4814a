internal import SpecSearch

/// `usage`: OpenAI's counts are about the text that the client sees; what the models did beyond it stands in `specsearch`.
struct UsageReport: Encodable, Sendable {
    private struct PromptDetails: Encodable {
        var cachedTokens: Int
        var audioTokens = 0

        enum CodingKeys: String, CodingKey {
            case cachedTokens = "cached_tokens"
            case audioTokens = "audio_tokens"
        }
    }

    private struct CompletionDetails: Encodable {
        var reasoningTokens: Int
        var audioTokens = 0
        var acceptedPredictionTokens = 0
        var rejectedPredictionTokens = 0

        enum CodingKeys: String, CodingKey {
            case reasoningTokens = "reasoning_tokens"
            case audioTokens = "audio_tokens"
            case acceptedPredictionTokens = "accepted_prediction_tokens"
            case rejectedPredictionTokens = "rejected_prediction_tokens"
        }
    }

    /// The work behind the answers: tokens that went through each model, and what became of the steps.
    struct Work: Encodable, Sendable {
        var draftTokens = 0
        var targetTokens = 0
        var prmTokens = 0
        var draftOutputTokens = 0
        var targetOutputTokens = 0
        var acceptedSteps = 0
        var rejectedSteps = 0
        var correctedSteps = 0
        var seconds = 0.0

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

        mutating func add(_ result: SearchResult) {
            let usage = result.usage
            draftTokens += usage[.draft].evaluatedTokens
            targetTokens += usage[.target].evaluatedTokens
            prmTokens += usage[.rewardModel].evaluatedTokens
            draftOutputTokens += usage[.draft].outputTokens
            targetOutputTokens += usage[.target].outputTokens
            acceptedSteps += result.acceptance.kept
            rejectedSteps += result.acceptance.judged - result.acceptance.kept
            correctedSteps += result.acceptance.corrections
            seconds += result.seconds
        }
    }

    /// Tokens of the prompts, each counted once.
    var promptTokens = 0
    /// Of these, those that were still in the model's cache.
    var cachedTokens = 0
    /// Tokens of the answers, the steps before them included.
    var completionTokens = 0
    /// Of these, those of the steps before the answers.
    var reasoningTokens = 0
    var specsearch = Work()

    mutating func add(_ answer: GenerationAnswer) {
        completionTokens += answer.tokens
        reasoningTokens += answer.reasoningTokens
    }

    private enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
        case promptDetails = "prompt_tokens_details"
        case completionDetails = "completion_tokens_details"
        case specsearch
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(promptTokens, forKey: .promptTokens)
        try values.encode(completionTokens, forKey: .completionTokens)
        try values.encode(promptTokens + completionTokens, forKey: .totalTokens)
        try values.encode(PromptDetails(cachedTokens: cachedTokens), forKey: .promptDetails)
        try values.encode(CompletionDetails(reasoningTokens: reasoningTokens), forKey: .completionDetails)
        try values.encode(specsearch, forKey: .specsearch)
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
