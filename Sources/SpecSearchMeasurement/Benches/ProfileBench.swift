internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import Synchronization

/// `specsearch bench --profile`: where a search's time goes, and whether any work was done twice.
///
/// Times are of the processor, not of the clock on the wall: with one thread a pass they are the same on a quiet machine,
/// and on a busy one they are still the search's own.
struct ProfileBench {
    /// One method's figures.
    struct Row: Encodable {
        let method: String
        let problems: Int
        let profile: Profile
    }

    struct Profile: Encodable {
        /// Processor seconds of the searches, and of them those inside passes, by model.
        let seconds: Double
        let modelSeconds: [ModelRole: Double]
        /// The share of the time outside passes and changes of the cache.
        let outsideEngineShare: Double
        /// The time of the same passes done again by llama.cpp alone ÷ their time in the searches.
        let decodeEfficiency: [ModelRole: Double]
        /// Tokens evaluated ÷ distinct tokens of the tree.
        let reevaluation: [ModelRole: Double]
        /// The most memory that the process has had so far.
        let peakMemoryBytes: Int
    }

    let engine: LlamaEngine

    /// Each method on all problems, each search followed by its passes done again, so that a drift of the machine's speed
    /// cancels.
    func run(_ searches: [(name: String, search: Search)], _ problems: [GradedProblem]) async throws -> [Row] {
        await engine.measureProcessorTime()
        for problem in problems.prefix(2) { for (_, search) in searches { _ = try await solve(search, problem) } }
        var accounts = searches.map { _ in Account() }
        for (index, problem) in problems.enumerated() {
            for turn in searches.indices {
                let place = (turn + index) % searches.count
                accounts[place] += try await solve(searches[place].search, problem)
                try Task.checkCancellation()
            }
        }
        return zip(searches, accounts).map { search, account in
            let inside = account.modelSeconds.values.reduce(0, +)
            return Row(
                method: search.name, problems: problems.count,
                profile: Profile(
                    seconds: account.seconds, modelSeconds: account.modelSeconds,
                    outsideEngineShare: 1 - inside / account.seconds,
                    decodeEfficiency: Self.ratios(account.bareSeconds, account.modelSeconds),
                    reevaluation: Self.ratios(
                        account.evaluated.mapValues(Double.init), account.distinct.mapValues(Double.init)),
                    peakMemoryBytes: Self.peakMemory()))
        }
    }

    private static func ratios(_ values: [ModelRole: Double], _ others: [ModelRole: Double]) -> [ModelRole: Double] {
        values.reduce(into: [:]) { result, item in
            if let other = others[item.key], other > 0 { result[item.key] = item.value / other }
        }
    }

    private struct Account {
        var seconds = 0.0
        var modelSeconds: [ModelRole: Double] = [:]
        var bareSeconds: [ModelRole: Double] = [:]
        var evaluated: [ModelRole: Int] = [:]
        var distinct: [ModelRole: Int] = [:]

        static func += (left: inout Account, right: Account) {
            left.seconds += right.seconds
            left.modelSeconds.merge(right.modelSeconds, uniquingKeysWith: +)
            left.evaluated.merge(right.evaluated, uniquingKeysWith: +)
            left.distinct.merge(right.distinct, uniquingKeysWith: +)
            left.bareSeconds.merge(right.bareSeconds, uniquingKeysWith: +)
        }
    }

    private func solve(_ search: Search, _ problem: GradedProblem) async throws -> Account {
        let ledger = PathLedger()
        let isSpeculative = search.configuration.method != .ar
        let models = SearchModels(
            draft: search.models.draft.map { LedgerSampler(base: $0, ledger: ledger, roles: [.draft]) },
            target: search.models.target.map {
                LedgerSampler(base: $0, ledger: ledger, roles: isSpeculative ? [.target, .draft] : [.target])
            }, evaluator: LedgerEvaluator(base: search.models.evaluator, ledger: ledger))
        await engine.beginRecording()
        let begin = ConcurrencyBench.processorSeconds()
        let result = try await Search(search.configuration, models: models).run(problem.problem)
        var account = Account()
        account.seconds = ConcurrencyBench.processorSeconds() - begin
        account.bareSeconds = try await engine.replayRecording()
        for (role, usage) in result.usage.models {
            account.modelSeconds[role] = usage.seconds
            account.evaluated[role] = usage.evaluatedTokens
        }
        for (role, paths) in ledger.paths {
            account.distinct[role] = try await engine.distinctTokens(of: paths, for: role)
        }
        return account
    }

    private static func peakMemory() -> Int {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
            return Int(usage.ru_maxrss) * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Int(usage.ru_maxrss)
        #endif
    }

    static func text(_ rows: [Row]) -> String {
        func cells(_ values: [ModelRole: Double], _ format: (Double) -> String) -> [String] {
            ModelRole.allCases.map { values[$0].map(format) ?? "–" }
        }
        let shares = MarkdownTable(
            header: ["share of the time inside", "draft", "target", "prm", "outside the models", "peak memory"],
            rows: rows.map { row in
                [row.method] + cells(row.profile.modelSeconds) { ($0 / row.profile.seconds).percent }
                    + [
                        row.profile.outsideEngineShare.percent,
                        "\((Double(row.profile.peakMemoryBytes) / 1_048_576).fixed(0)) MiB",
                    ]
            })
        let work = MarkdownTable(
            header: [
                "speed of passes against llama.cpp alone", "draft", "target", "prm",
                "tokens evaluated ÷ distinct: draft",
                "target", "prm",
            ],
            rows: rows.map { row in
                [row.method] + cells(row.profile.decodeEfficiency, \.percent)
                    + cells(row.profile.reevaluation) { $0.fixed(3) }
            })
        return (shares.lines + [""] + work.lines).joined(separator: "\n")
    }
}
