import SpecSearch

/// Which of an engine's models can exchange token ids; the others read one another's thoughts as text.
struct VocabularyPairing: Sendable {
    /// How many ids draft and target share; an error where they share no vocabulary, nil unless there are both.
    private let samplers: Result<Int, SpecSearchError>?
    /// The models whose thoughts a reward model that reads ids has to read as text.
    private let foreignToRewardModel: Set<ModelRole>
    /// Whether the draft has a part of its tokens only, by `tune --trim-draft`.
    private let isTrimmed: Bool

    /// - Parameter rewardModel: Nil for one that reads text anyway.
    init(draft: LlamaModel?, target: LlamaModel?, rewardModel: LlamaModel?) {
        isTrimmed = draft?.metadata(GGUFFile.trimmedKey) != nil
        samplers = draft.flatMap { draft in target.map { Self.common($0, draft) } }
        var foreign: Set<ModelRole> = []
        for (role, model) in [(ModelRole.draft, draft), (.target, target)] {
            if let model, let rewardModel, case .failure = Self.common(model, rewardModel) { foreign.insert(role) }
        }
        foreignToRewardModel = foreign
    }

    /// How many ids draft and target share; nil where they share no vocabulary, or one is absent.
    var commonCount: Int? { try? samplers?.get() }

    /// Whose thoughts a model reads as text.
    func foreignSources(for role: ModelRole) -> Set<ModelRole> {
        if role == .rewardModel { return foreignToRewardModel }
        guard case .failure = samplers else { return [] }
        return [role == .draft ? .target : .draft]
    }

    /// Checks that the draft can propose tokens to the target.
    ///
    /// - Throws: ``SpecSearchError`` `mismatch`, naming the difference.
    func check() throws(SpecSearchError) {
        switch samplers {
        case .success: break
        case .failure(let error):
            throw SpecSearchError(
                .mismatch, error.message + " So the draft cannot propose tokens to the target.",
                remedy: remedy("use the methods specsearch and ar, where the target samples alone."))
        case nil:
            throw SpecSearchError(
                .mismatch, "Token-level speculation needs a draft and a target.", remedy: "Give both models.")
        }
    }

    /// What helps where tokens that both have are needed.
    ///
    /// - Parameter other: What else does.
    func remedy(_ other: String) -> String {
        let ways =
            isTrimmed
            ? ["Give --no-tune: the draft runs with a part of its tokens here, as tune --trim-draft chose"]
            : ["Take draft and target from one family"]
        return (ways + [other]).joined(separator: ", or ")
    }

    private static func common(_ first: LlamaModel, _ second: LlamaModel) -> Result<Int, SpecSearchError> {
        do throws(SpecSearchError) {
            return .success(try Vocabulary.commonCount(first, second))
        } catch {
            return .failure(error)
        }
    }
}
