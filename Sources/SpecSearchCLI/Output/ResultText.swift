internal import SpecSearch
internal import SpecSearchEvaluation

/// A search's result for people.
struct ResultText {
    private let terminal: Terminal

    init(_ terminal: Terminal) {
        self.terminal = terminal
    }

    func text(_ report: SolveReport) -> String {
        let result = report.result
        var lines = [report.problem.text, ""]
        for (index, step) in result.best.steps.enumerated() {
            let isDraft = step.thought.author == .draft
            let author = terminal.styled(step.thought.author.rawValue.padded(6), isDraft ? .green : .yellow)
            let threshold = step.threshold.map { " ≥ \($0.fixed(3))" }.map { isDraft ? $0 : " / \($0.dropFirst(3))" }
            let score = terminal.styled((step.score.fixed(3) + (threshold ?? "")).padded(13), .dim)
            lines.append("\(String(index + 1).leftPadded(3))  \(author)  \(score)  \(step.thought.text.singleLine)")
        }
        lines += ["", headline(result), "", summary(report.method, result)]
        if let quality = report.quality { lines += QualityText(quality).lines }
        return lines.joined(separator: "\n")
    }

    private func headline(_ result: SearchResult) -> String {
        let answer = result.answer.map { terminal.styled($0, .bold) } ?? "none"
        var notes = ["score \(result.best.score.fixed(3))"]
        if result.paths.count > 1, let vote = result.vote {
            notes.append("vote of \(result.paths.count) paths: \(vote)")
        }
        switch result.end {
        case .finished: break
        case .dead: notes.append("no usable continuation")
        case .depth: notes.append("stopped at the depth limit")
        case .deadline: notes.append("stopped at the deadline")
        case .tokens: notes.append("stopped at the token budget")
        case .thoughts: notes.append("stopped at the budget of thoughts")
        case .cancelled: notes.append("interrupted")
        }
        if !result.isFinished { notes.append("the path is unfinished") }
        return "Answer  \(answer)  \(terminal.styled("(" + notes.joined(separator: "; ") + ")", .dim))"
    }

    private func summary(_ method: SearchMethod, _ result: SearchResult) -> String {
        let named: [(SearchPhase, String)] = [
            (.draft, "drafting"), (.evaluate, "scoring"), (.target, "target's steps"), (.correct, "corrections"),
            (.lookahead, "lookahead"),
        ]
        let spent = named.compactMap { phase, name in
            result.phases[phase].map { "\(name) \($0.fixed(3))" }
        }
        let other = result.seconds - result.phases.values.reduce(0, +)
        var lines = [
            "Time    \(result.seconds.fixed(3)) s by \(method.rawValue): "
                + (spent + ["search \(max(0, other).fixed(3))"]).joined(separator: ", ")
        ]
        let tokens = ModelRole.allCases.compactMap { role -> String? in
            let usage = result.usage[role]
            guard usage.evaluatedTokens > 0 else { return nil }
            return "\(role.rawValue) \(usage.evaluatedTokens.grouped)"
                + (usage.outputTokens > 0 ? " (\(usage.outputTokens.grouped) written)" : "")
        }
        lines.append("Tokens  evaluated: " + tokens.joined(separator: ", "))
        let acceptance = result.acceptance
        if acceptance.judged > 0 {
            let share = Double(acceptance.kept) / Double(acceptance.judged)
            lines.append(
                "Drafts  \(acceptance.judged) judged (\(acceptance.unique) texts), \(share.percent) accepted, "
                    + "\(acceptance.corrections) corrections by the target")
        }
        let target = result.usage[.target]
        if target.proposedTokens > 0 {
            let share = Double(target.acceptedTokens) / Double(target.proposedTokens)
            lines.append("Target  \(share.percent) of \(target.proposedTokens.grouped) proposed tokens accepted")
        }
        return lines.joined(separator: "\n")
    }
}
