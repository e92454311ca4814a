internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// A search's result for people.
struct ResultText {
    private let terminal: Terminal
    /// Whether to say what the quality of the result rests on.
    private let isVerbose: Bool

    init(_ terminal: Terminal, isVerbose: Bool = false) {
        self.terminal = terminal
        self.isVerbose = isVerbose
    }

    func text(_ report: SolveReport) -> String {
        let result = report.result
        // Searches without scores have 1 everywhere.
        let isScored = (1..<max(result.tree.count, 1)).contains { result.tree[NodeID($0)].score != nil }
        var lines = report.problem.text.printable.wrapped(terminal.width) + [""]
        for (index, step) in result.steps.enumerated() { lines += text(step, number: index + 1, isScored: isScored) }
        lines += ["", headline(result, isScored: isScored), ""] + summary(report.method, result)
        if isVerbose {
            lines += work(result)
            if let quality = report.quality { lines += QualityText(quality).lines }
        }
        return lines.joined(separator: "\n")
    }

    /// A step on one line where it fits, else its text below, as it is.
    private func text(_ step: Step, number: Int, isScored: Bool) -> [String] {
        let isDraft = step.thought.source == .draft
        let source = terminal.styled(step.thought.source.rawValue.padded(6), isDraft ? .green : .yellow)
        var head = "\(String(number).leftPadded(3))  \(source)"
        var columns = 11
        if isScored {
            // One below it was kept by a router, or salvaged.
            let threshold =
                step.threshold.map { (isDraft ? step.score < $0 ? " < " : " ≥ " : " / ") + $0.fixed(3) } ?? ""
            head += "  " + terminal.styled((step.score.fixed(3) + threshold).padded(13), .dim)
            columns += 15
        }
        let text = step.thought.text.printable.trimmingCharacters(in: .whitespacesAndNewlines)
        if !text.contains("\n"), columns + 2 + text.columns <= max(terminal.width, 100) { return ["\(head)  \(text)"] }
        return [head] + text.wrapped(terminal.width - 5).map { $0.isEmpty ? "" : "     \($0)" }
    }

    private func headline(_ result: SearchResult, isScored: Bool) -> String {
        let answer = result.answer.map { terminal.styled($0.printable, .bold) } ?? "none"
        var notes = isScored ? ["score \(result.best.score.fixed(3))"] : []
        if result.paths.count > 1 {
            if isScored, let vote = result.vote {
                notes.append("vote of \(result.paths.count) paths: \(vote.printable)")
            } else if let answer = result.answer {
                let agreeing = result.paths.count { $0.answer.map { AnswerVote.same($0, answer) } ?? false }
                notes.append("\(agreeing) of \(result.paths.count) paths agree")
            }
        }
        if let count = result.outcome.undecisive { notes.append("\(count) more could not change it") }
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
        let text = notes.isEmpty ? "" : "  " + terminal.styled("(" + notes.joined(separator: "; ") + ")", .dim)
        return "Answer  \(answer)\(text)"
    }

    /// What the search cost, in a few lines for everybody.
    private func summary(_ method: SearchMethod, _ result: SearchResult) -> [String] {
        let named: [(SearchPhase, String)] = [
            (.draft, "drafting"), (.target, "the target's steps"), (.correct, "regeneration"), (.score, "scoring"),
            (.lookahead, "lookahead"),
        ]
        let spent = named.compactMap { phase, name in
            result.phases[phase].map { "\(name) \($0.shortDuration)" }
        }
        var lines = ["Time    \(result.seconds.shortDuration) by \(method.rawValue)\(Self.details(spent))"]
        if let choices = result.choices { lines += [Self.text(choices)] }
        let drafted = result.steps.count { $0.thought.source == .draft }
        let sources = [(drafted, "from the draft"), (result.steps.count - drafted, "from the target")]
            .filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        lines.append("Steps   \(result.steps.count)\(Self.details(sources))")
        let acceptance = result.acceptance
        if acceptance.judged > 0 {
            let share = Double(acceptance.kept) / Double(acceptance.judged)
            let wasted =
                acceptance.wasted > 0 ? ", \(acceptance.wasted.grouped) of them no better than a rejected one" : ""
            let early = acceptance.early > 0 ? " (\(acceptance.early.grouped) by their beginnings)" : ""
            lines.append(
                "Drafts  \(acceptance.judged.grouped) judged\(early), \(share.percent) accepted; the target generated "
                    + "\(acceptance.corrections.grouped) in place of others\(wasted)")
        }
        for lost in result.lost ?? [] {
            let why = "\(lost.code) (\(lost.role.rawValue)): \(lost.message.printable)"
            lines.append("Lost    \(lost.branches) branches, \(why)")
        }
        return lines
    }

    /// What the method auto chose, and why.
    private static func text(_ choices: [MethodChoice]) -> String {
        var counts: [(method: SearchMethod, count: Int)] = []
        for choice in choices {
            if let place = counts.firstIndex(where: { $0.method == choice.method }) {
                counts[place].count += 1
            } else {
                counts.append((choice.method, 1))
            }
        }
        let chosen = counts.map { "\($0.method.rawValue) for \($0.count) of \(choices.count) steps" }
        guard let last = choices.last(where: { $0.costs[.specsearch] != nil }),
            let drafting = last.costs[.specsearch]
        else { return "Method  " + chosen.joined(separator: ", ") }
        let others = last.costs.filter { $0.key != .specsearch }.values.min() ?? 1
        let ratio = drafting / others
        let reason =
            ratio < 1
            ? "drafting costs \(ratio.fixed(2))x of the target's own writing"
            : "drafting would cost \(ratio.fixed(2))x of the target's own writing"
        return "Method  " + chosen.joined(separator: ", ") + "; \(reason)"
    }

    /// What follows a figure; a search that was interrupted early has nothing to say.
    private static func details(_ parts: [String]) -> String {
        parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
    }

    /// What the models did, for those who want to know.
    private func work(_ result: SearchResult) -> [String] {
        let tokens = ModelRole.allCases.compactMap { role in
            let count = result.usage[role].evaluatedTokens
            return count > 0 ? "\(role.rawValue) \(count.grouped)" : nil
        }
        let generated = [ModelRole.draft, .target].compactMap { role in
            let count = result.usage[role].outputTokens
            return count > 0 ? "\(role.rawValue) \(count.grouped)" : nil
        }
        let other = max(0, result.seconds - result.phases.values.reduce(0, +))
        var lines = [
            "Tokens  generated\(generated.isEmpty ? ": none by a whole step" : Self.details(generated))",
            "Work    tokens evaluated: \(tokens.joined(separator: ", ")); outside the models \(other.shortDuration)",
        ]
        let target = result.usage[.target]
        if target.proposedTokens > 0 {
            let share = Double(target.acceptedTokens) / Double(target.proposedTokens)
            lines.append(
                "        the target accepted \(share.percent) of \(target.proposedTokens.grouped) proposed tokens")
        }
        if result.acceptance.judged > 0 { lines.append("        the drafts were \(result.acceptance.unique) texts") }
        return lines
    }
}

extension Double {
    /// Seconds as people say them, short ones to the millisecond.
    fileprivate var shortDuration: String { self < 10 ? "\(fixed(3)) s" : self < 100 ? "\(fixed(1)) s" : duration }
}
