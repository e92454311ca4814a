internal import Foundation
package import SpecSearch
package import SpecSearchEvaluation
package import SpecSearchLlama

/// The measurement of where a search's time goes, and whether any work was done twice: `specsearch bench --profile`.
package struct ProfileBench {
    /// One variant's figures.
    package struct Row: Encodable {
        package let method: String
        package let problems: Int
        package let profile: Profile
    }

    package struct Profile: Encodable {
        /// Seconds of the searches, and of them those inside forward passes, by model.
        package let seconds: Double
        package let modelSeconds: [ModelRole: Double]
        /// The share of the time outside passes and changes of the KV cache.
        package let outsideEngineShare: Double
        /// The time of the same passes done again by llama.cpp alone ÷ their time in the searches; a model in several
        /// roles is reported under the first.
        package let decodeEfficiency: [ModelRole: Double]
        /// Tokens evaluated ÷ distinct tokens of the tree.
        package let reevaluation: [ModelRole: Double]
        /// The most memory that the process has had so far.
        package let peakMemoryBytes: Int
    }

    private let engine: LlamaEngine

    package init(_ engine: LlamaEngine) { self.engine = engine }

    /// Measures each variant on all problems, each search followed by its passes done again, so that a drift of the
    /// machine's speed cancels.
    package func run(_ variants: [Variant], on problems: [GradedProblem]) async throws -> [Row] {
        let searches = try MeasuredSearch.all(variants, on: engine.engine, problems)
        for problem in problems.prefix(2) { for search in searches { _ = try await account(search, problem) } }
        var accounts = searches.map { _ in Account() }
        for (index, problem) in problems.enumerated() {
            for turn in searches.indices {
                let place = (turn + index) % searches.count
                accounts[place] += try await account(searches[place], problem)
            }
        }
        return zip(searches, accounts).map { search, account in
            let inside = account.modelSeconds.values.reduce(0, +)
            let byModel = Dictionary(
                account.modelSeconds.map { (reported($0.key), $0.value) }, uniquingKeysWith: +)
            return Row(
                method: search.name, problems: problems.count,
                profile: Profile(
                    seconds: account.seconds, modelSeconds: account.modelSeconds,
                    outsideEngineShare: 1 - inside / account.seconds,
                    decodeEfficiency: Self.ratios(account.bareSeconds, byModel),
                    reevaluation: Self.ratios(
                        account.evaluated.mapValues(Double.init), account.distinct.mapValues(Double.init)),
                    peakMemoryBytes: Self.peakMemory()))
        }
    }

    /// The role under which the engine reports the passes of a role's model.
    private func reported(_ role: ModelRole) -> ModelRole {
        ModelRole.allCases.first { engine.models[$0] == engine.models[role] } ?? role
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
            left.bareSeconds.merge(right.bareSeconds, uniquingKeysWith: +)
            left.evaluated.merge(right.evaluated, uniquingKeysWith: +)
            left.distinct.merge(right.distinct, uniquingKeysWith: +)
        }
    }

    private func account(_ search: MeasuredSearch, _ problem: GradedProblem) async throws -> Account {
        let ledger = PathLedger()
        let observed = search.intercepted(by: ledger)
        await engine.measurement.beginRecording()
        let result = try await observed.solve(problem)
        var account = Account(
            seconds: result.seconds, bareSeconds: try await engine.measurement.replayRecording())
        for (role, usage) in result.usage.models {
            account.modelSeconds[role] = usage.seconds
            account.evaluated[role] = usage.evaluatedTokens
        }
        for (role, paths) in ledger.paths {
            account.distinct[role] = try await engine.measurement.distinctTokens(of: paths, for: role)
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

    package static func text(_ rows: [Row]) -> String {
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
                "tokens evaluated ÷ distinct: draft", "target", "prm",
            ],
            rows: rows.map { row in
                [row.method] + cells(row.profile.decodeEfficiency, \.percent)
                    + cells(row.profile.reevaluation) { $0.fixed(3) }
            })
        return (shares.lines + [""] + work.lines).joined(separator: "\n")
    }
}
