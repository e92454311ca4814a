import SpecSearch

/// Which of a set's models can exchange token ids; the others read one another's thoughts as text.
struct VocabularyPairing: Sendable {
    /// How many ids draft and target share; an error where they share no vocabulary.
    let writers: Result<Int, EngineError>
    /// The writers whose ids mean nothing to a reward model that reads ids.
    let foreignToRewardModel: Set<ModelRole>

    /// - Parameter rewardModel: Nil for one that reads text anyway.
    init(draft: LlamaModel, target: LlamaModel, rewardModel: LlamaModel?) {
        writers = Self.common(target, draft)
        var foreign: Set<ModelRole> = []
        for (role, model) in [(ModelRole.draft, draft), (.target, target)] {
            if let rewardModel, case .failure = Self.common(model, rewardModel) { foreign.insert(role) }
        }
        foreignToRewardModel = foreign
    }

    /// How many ids the writers share; nil where they share no vocabulary.
    var commonCount: Int? { try? writers.get() }

    /// Whose thoughts a model reads as text.
    func foreignAuthors(for role: ModelRole) -> Set<ModelRole> {
        if role == .rewardModel { return foreignToRewardModel }
        return commonCount == nil ? [role == .draft ? .target : .draft] : []
    }

    /// Why there is no token-level speculation.
    var refusal: EngineError {
        var what = ""
        if case .failure(let error) = writers { what = error.message + " " }
        return EngineError(
            .mismatch, what + "So the draft cannot propose tokens to the target.",
            remedy: "Take both from one family, or use the methods specsearch and ar, where the target writes alone.")
    }

    private static func common(_ first: LlamaModel, _ second: LlamaModel) -> Result<Int, EngineError> {
        do throws(EngineError) {
            return .success(try Vocabulary.commonCount(first, second))
        } catch {
            return .failure(error)
        }
    }
}
