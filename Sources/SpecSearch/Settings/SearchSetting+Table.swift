/// The table of settings.
extension SearchSetting {
    /// All settings of a search, in the order in which people are shown them.
    public static let all: [SearchSetting] = searches + speculation + answers + sampling + budget

    private static let drafting = (
        words: "the methods auto, specsearch and gsi", applies: { @Sendable (it: SearchConfiguration) in it.drafts }
    )
    private static let rejecting = (
        words: "the methods auto and specsearch", applies: { @Sendable (it: SearchConfiguration) in it.rejects }
    )
    private static let guided = (
        words: "the method gsi", applies: { @Sendable (it: SearchConfiguration) in it.method == .gsi }
    )
    private static let iterating = (
        words: "the searches mcts and mcts-openr",
        applies: { @Sendable (it: SearchConfiguration) in it.search == .mcts || it.search == .mctsOpenR }
    )

    private static func `for`(_ search: SearchKind) -> (words: String, applies: @Sendable (SearchConfiguration) -> Bool)
    {
        ("the search \(search.rawValue)", { $0.search == search })
    }

    private static let suiting = "what suits the models"

    private static let searches: [SearchSetting] = [
        SearchSetting(
            "preset", .choice(SearchPreset.allCases.map(\.rawValue)), usual: "none",
            "All that a published method sets, for comparison: rsd, specreason or gsi. Other settings change it.",
            scope: ("that method", { it in it.preset.map { $0.settings["method"] == it.method.rawValue } ?? true }),
            get: { $0.preset.map { .text($0.rawValue) } },
            set: { configuration, value in
                guard let preset = value.text.flatMap(SearchPreset.init) else { return false }
                configuration.preset = preset
                return preset.settings.allSatisfy { key, text in
                    guard let setting = named(key), let value = try? setting.parse(text) else { return false }
                    return (try? setting.apply(value, to: &configuration)) != nil
                }
            }),
        .choice(
            "method", \.method, usual: "specsearch",
            "Who generates the steps: auto, whichever of the next three is the fastest; specsearch; sps, the target with token-level speculation; ar, the target alone; "
                + "draft, the draft alone; gsi, guided speculative inference, for comparison."),
        .choice(
            "search", \.search, usual: "beam",
            "How the tree is searched: beam; mcts, or mcts-openr as the OpenR framework does; best-of-n (beams × width "
                + "chains) and self-consistency (the same, by majority); chain (a single one); dvts (one path in each of the beams' subtrees); "
                + "rebase (beams × width thoughts a depth, shared by score)."),
        .integer(
            "beams", \.beams, 1...most, usual: "2", "Paths that are followed side by side.",
            scope: (
                "all searches but mcts, mcts-openr and chain", { ![.mcts, .mctsOpenR, .chain].contains($0.search) }
            )),
        .integer(
            "width", \.width, 1...most, usual: "6", "Thoughts for each of them at every step.",
            scope: ("all searches but chain", { $0.search != .chain })),
        .integer("depth", \.options.maximumDepth, 1...most, usual: "50", "The most steps of a path."),
        .flag(
            "all-paths", \.options.followsAllPaths,
            "Follow all paths to their ends, though they cannot change the answer any more."),
        .flag(
            "keep-beam-full", \.keepBeamFull, "Give a finished path's beam slot to another path.", scope: `for`(.beam)),
        .optionalInteger(
            "iterations", \.iterations, 1...most, usual: "32, for mcts-openr 4", "Iterations of the tree search.",
            scope: iterating),
        .choice(
            "tree-policy", \.treePolicy, usual: "puct", "How mcts goes down its tree: puct or uct.", scope: `for`(.mcts)
        ),
        .optionalNumber(
            "exploration", \.exploration, 0...1e9, usual: "1.25, for uct 1.414", "How much the tree search explores.",
            scope: iterating),
        .choice(
            "prior", \.prior, usual: "native-logprob",
            "How mcts-openr weighs steps before their first visit: native-logprob, by their tokens' mean log-probability "
                + "as OpenR does, where the models tell it; or uniform.", scope: `for`(.mctsOpenR)),
        .number(
            "rebase-temperature", \.rebaseTemperature, 1e-9...1e9, usual: "0.2", "The temperature of rebase's shares.",
            scope: `for`(.rebase)),
        .integer(
            "lookahead", \.lookahead, 0...64, usual: "0", "Greedy steps beyond each thought that only serve its score.",
            unit: "steps",
            scope: ("searches that look at scores", { $0.search != .selfConsistency })),
    ]

    private static let speculation: [SearchSetting] = [
        .integer(
            "draft-factor", \.draftFactor, 1...1024, usual: "2", "Drafts at every step, as a multiple of the width.",
            scope: drafting),
        .optionalInteger(
            "draft-waves", \.draftWaves, 1...64, usual: "1, for auto the draft factor",
            "Draft in so many parts, the later ones only at nodes where the earlier ones left too few.",
            scope: rejecting),
        .integer(
            "draft-steps", \.draftSteps, 1...64, usual: "1",
            "Draft so many steps of a path before they are scored, in one call; what stands behind a rejected one is dropped. It "
                + "goes on behind single drafts (--draft-factor 1).", unit: "steps",
            scope: (
                "the methods auto and specsearch in chains, best-of-n, self-consistency, dvts and beams of one",
                { $0.rejects && $0.isNarrow }
            )),
        .integer(
            "target-waves", \.targetWaves, 1...64, usual: "1",
            "Sample the target's thoughts of a node in so many parts, the later ones only until the search has as many with the "
                + "full score, 1, as it can use: for judges that know, such as examples.",
            scope: (
                "beam and dvts by the methods auto, specsearch, sps and ar, without lookahead",
                { ($0.rejects || [.sps, .ar].contains($0.method)) && $0.targetMayStop }
            )),
        .optionalNumber(
            "draft-temperature", \.draftTemperature, 0...1e6, usual: "that of the other thoughts",
            "The temperature of drafts, which are judged and need not follow a distribution.", scope: rejecting),
        .number(
            "theta", \.rejection.theta, 0...1, usual: "0.9", "The weight of the threshold so far when it is updated.",
            scope: rejecting),
        SearchSetting(
            "estimator", .text, usual: "max",
            "The estimate of the target's quality that sets the threshold: max, mean, ucb[:z], quantile:q; for comparison "
                + "fixed:x, rsd[:x] (a constant 0.7), specreason[:points] (7 of the target's 9), random:rate, none, "
                + "infinite.",
            scope: rejecting,
            get: { .text($0.rejection.estimator.description) },
            set: { configuration, value in
                guard case .text(let name) = value, let estimator = ThresholdEstimator(name: name) else { return false }
                configuration.rejection.estimator = estimator
                // SpecReason's rule is for the target's grades.
                if name.hasPrefix("specreason") { configuration.judge = .target }
                return true
            }),
        .number(
            "margin", \.rejection.margin, -1...1, usual: "0",
            "How far below the threshold a draft may score and still be kept.", scope: rejecting),
        .optionalNumber(
            "first-threshold", \.rejection.firstThreshold, 0...1, usual: "none",
            "Draft the first step too, and keep what scores at least this; else the target writes it. For problems of one step, "
                + "such as programs.", scope: rejecting),
        SearchSetting(
            "router", .text, usual: "none",
            "Keep drafts below the threshold where the target would hardly do better: what the command router trains on traces.",
            scope: rejecting,
            get: { $0.rejection.router.map { .text($0.description) } },
            set: { configuration, value in
                guard case .text(let text) = value, let router = AdvantageRouter(text) else { return false }
                configuration.rejection.router = router
                return true
            }),
        .choice(
            "statistics", \.rejection.statistics, usual: "union",
            "The scores that the estimate looks at: union (the target's thoughts and the kept drafts) or target-only.",
            scope: rejecting),
        .choice(
            "correction", \.correction, usual: "fill",
            "What the target regenerates: fill (a node's empty slots), all (every rejected draft), cover (what the "
                + "search can still use) or whole (nothing where cover would have nothing, else as much as ar).",
            scope: rejecting),
        .choice(
            "extra-thought", \.extraThought, usual: "when-correcting",
            "When the target generates one thought more: when-correcting, always or never.", scope: rejecting),
        .flag(
            "overlap", \.options.overlaps,
            "Draft the next step of paths that go on while the target still corrects others: for models on servers.",
            scope: ("the methods auto and specsearch without lookahead", { $0.rejects && $0.lookahead == 0 })),
        .flag(
            "salvage", \.salvages,
            "Hand the best rejected draft of a node to the search where it outscores all that the target generated there.",
            scope: rejecting),
        .optionalNumber(
            "draft-entropy", \.draftEntropy, 0...100, usual: "none",
            "Do not draft where the draft's first token has more entropy than this; the target generates the step.",
            unit: "nats",
            scope: ("the methods auto and specsearch without draft-steps", { $0.rejects && $0.draftSteps == 1 })),
        .optionalNumber(
            "early-rejection", \.earlyRejection, 0...1, usual: "none",
            "Give up a draft whose beginning scores more than this below what it has to reach: for reward models that read the "
                + "draft's own states.",
            scope: (
                "the methods auto and specsearch by the judge prm, without overlap and draft-steps",
                { $0.mayRejectEarly }
            )),
        .integer(
            "early-tokens", \.earlyTokens, 1...most, usual: "16",
            "The tokens of a draft that --early-rejection looks at.", unit: "tokens",
            scope: ("--early-rejection", { $0.mayRejectEarly && $0.earlyRejection != nil })),
        .number(
            "gsi-beta", \.gsi.beta, 1e-9...1e9, usual: "20", "How sharply gsi's rewards count.", scope: guided),
        .number(
            "gsi-threshold", \.gsi.threshold, -1e9...1e9, usual: "0.5", "What a draft's tilted reward must reach.",
            scope: guided),
    ]

    private static let answers: [SearchSetting] = [
        .choice(
            "judge", \.judge, usual: "prm",
            "Who scores steps: prm; target, which is asked for a grade; confidence, the probability that a step had for the model "
                + "that wrote it, which costs nothing; likelihood, the same where the draft is sure and else the target's, which reads "
                + "the step; or examples, on which programs are run (for humaneval)."),
        .optionalChoice(
            "aggregation", \.options.aggregation, usual: "what suits the reward model",
            "How the scores of a path's steps rank it: last, min, mean or product."),
        .optionalChoice(
            "answer", \.options.answerRule, usual: "what suits the search",
            "The answer: best (path), vote (by score) or majority."),
        .optionalText(
            "answer-marker", \.options.answerMarker, usual: "what suits the models",
            "The text before an answer; what follows it on its line is the answer. A code fence (three backticks) for programs: "
                + "then it is the code up to the closing fence."),
    ]

    private static let sampling: [SearchSetting] = [
        .optionalNumber(
            "temperature", \.sampling.temperature, 0...1e6, usual: suiting,
            "The sampling temperature; 0 takes the likeliest token."),
        .optionalInteger(
            "top-k", \.sampling.topK, 0...most, usual: suiting, "Sample from the k likeliest tokens only; 0 from all."),
        .optionalNumber(
            "top-p", \.sampling.topP, 1e-9...1, usual: suiting,
            "Sample from the likeliest tokens with this probability together."),
        .optionalNumber(
            "min-p", \.sampling.minP, 0...1, usual: suiting,
            "Sample from tokens at least this likely, as a share of the likeliest."),
        .optionalInteger(
            "max-tokens", \.sampling.maximumTokens, 1...most, usual: suiting, "The most tokens of a step.",
            unit: "tokens"),
        optionalRow(
            "delimiter", \.sampling.delimiter, .text, usual: suiting,
            "The text that ends a step; \\n in it is a line's end.", show: { .text($0) },
            // Shells have no easy way to write a line's end.
            read: { $0.text.flatMap { $0.isEmpty ? nil : $0.replacing("\\n", with: "\n") } }),
        row(
            "seed", \.options.seed, .integer(Int.min...Int.max), usual: "0", "The seed of all random numbers.",
            show: { .integer(Int(truncatingIfNeeded: $0)) }, read: { $0.integer.map { UInt64(bitPattern: Int64($0)) } }),
    ]

    private static let budget: [SearchSetting] = [
        .optionalNumber(
            "deadline", \.options.budget.seconds, 1e-3...1e9, usual: "none",
            "End with the best so far after this time.",
            unit: "seconds"),
        .optionalInteger(
            "thought-budget", \.options.budget.thoughts, 1...(1 << 40), usual: "none",
            "End with the best so far before the search asks for more thoughts.", unit: "thoughts"),
        .optionalInteger(
            "token-budget", \.options.budget.tokens, 1...(1 << 40), usual: "none",
            "End with the best so far once the models have evaluated these.", unit: "tokens"),
    ]
}

extension SearchConfiguration {
    /// Whether the draft model drafts for another to correct.
    var drafts: Bool { rejects || method == .gsi }

    /// Whether drafts are rejected by a threshold.
    package var rejects: Bool { method == .specsearch || method == .auto }
}

// MARK: Kinds of rows

extension SearchSetting {
    private typealias Scope = (words: String, applies: @Sendable (SearchConfiguration) -> Bool)
    private typealias Path<Value> = any WritableKeyPath<SearchConfiguration, Value> & Sendable

    /// A row for one property.
    ///
    /// - Parameters:
    ///   - show: The property's value as a setting; nil where it has none.
    ///   - read: A setting's value as the property's; nil where it is none.
    private static func row<Value>(
        _ key: String, _ path: Path<Value>, _ domain: Domain, unit: String? = nil, usual: String, _ help: String,
        scope: Scope? = nil, show: @escaping @Sendable (Value) -> SettingValue?,
        read: @escaping @Sendable (SettingValue) -> Value?
    ) -> SearchSetting {
        SearchSetting(
            key, domain, unit: unit, usual: usual, help, scope: scope, get: { show($0[keyPath: path]) },
            set: { configuration, value in
                guard let value = read(value) else { return false }
                configuration[keyPath: path] = value
                return true
            })
    }

    /// A row for one property that may be without a value.
    private static func optionalRow<Value>(
        _ key: String, _ path: Path<Value?>, _ domain: Domain, unit: String? = nil, usual: String, _ help: String,
        scope: Scope? = nil, show: @escaping @Sendable (Value) -> SettingValue,
        read: @escaping @Sendable (SettingValue) -> Value?
    ) -> SearchSetting {
        row(
            key, path, domain, unit: unit, usual: usual, help, scope: scope, show: { $0.map(show) },
            // A value of another kind is refused; it does not take the property's value away.
            read: { read($0).map(Optional.some) })
    }

    private static func integer(
        _ key: String, _ path: Path<Int>, _ range: ClosedRange<Int>, usual: String, _ help: String, unit: String? = nil,
        scope: Scope? = nil
    ) -> SearchSetting {
        row(
            key, path, .integer(range), unit: unit, usual: usual, help, scope: scope, show: { .integer($0) },
            read: { $0.integer })
    }

    private static func optionalInteger(
        _ key: String, _ path: Path<Int?>, _ range: ClosedRange<Int>, usual: String, _ help: String,
        unit: String? = nil, scope: Scope? = nil
    ) -> SearchSetting {
        optionalRow(
            key, path, .integer(range), unit: unit, usual: usual, help, scope: scope, show: { .integer($0) },
            read: { $0.integer })
    }

    private static func number(
        _ key: String, _ path: Path<Double>, _ range: ClosedRange<Double>, usual: String, _ help: String,
        scope: Scope? = nil
    ) -> SearchSetting {
        row(key, path, .number(range), usual: usual, help, scope: scope, show: { .number($0) }, read: { $0.number })
    }

    private static func optionalNumber(
        _ key: String, _ path: Path<Double?>, _ range: ClosedRange<Double>, usual: String, _ help: String,
        unit: String? = nil, scope: Scope? = nil
    ) -> SearchSetting {
        optionalRow(
            key, path, .number(range), unit: unit, usual: usual, help, scope: scope, show: { .number($0) },
            read: { $0.number })
    }

    private static func choice<Choice: RawRepresentable & CaseIterable & SendableMetatype>(
        _ key: String, _ path: Path<Choice>, usual: String, _ help: String, scope: Scope? = nil
    ) -> SearchSetting where Choice.RawValue == String {
        row(
            key, path, .choice(Choice.allCases.map(\.rawValue)), usual: usual, help, scope: scope,
            show: { .text($0.rawValue) }, read: { $0.text.flatMap(Choice.init) })
    }

    private static func optionalChoice<Choice: RawRepresentable & CaseIterable & SendableMetatype>(
        _ key: String, _ path: Path<Choice?>, usual: String, _ help: String
    ) -> SearchSetting where Choice.RawValue == String {
        optionalRow(
            key, path, .choice(Choice.allCases.map(\.rawValue)), usual: usual, help, show: { .text($0.rawValue) },
            read: { $0.text.flatMap(Choice.init) })
    }

    private static func optionalText(
        _ key: String, _ path: Path<String?>, usual: String, _ help: String
    ) -> SearchSetting {
        optionalRow(
            key, path, .text, usual: usual, help, show: { .text($0) },
            read: { $0.text.flatMap { $0.isEmpty ? nil : $0 } })
    }

    private static func flag(
        _ key: String, _ path: Path<Bool>, _ help: String, scope: Scope? = nil
    ) -> SearchSetting {
        row(key, path, .flag, usual: "false", help, scope: scope, show: { .flag($0) }, read: { $0.flag })
    }
}

// What a value is, and nil for every other.
extension SettingValue {
    fileprivate var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    fileprivate var text: String? { if case .text(let value) = self { value } else { nil } }

    fileprivate var flag: Bool? { if case .flag(let value) = self { value } else { nil } }

    /// An integer is a number too.
    fileprivate var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .text, .flag: nil
        }
    }
}
