internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// The settings of a search as options, one for each row of ``SearchSetting/all`` except `method`, which commands have in
/// their own ways.
///
/// Only what the user gives is applied, over the defaults; a setting that has no effect is refused.
struct SearchArguments: ParsableArguments {
    @Option(setting: "preset") var preset: String?
    @Option(setting: "search") var search: String?
    @Option(setting: "beams") var beams: String?
    @Option(setting: "width") var width: String?
    @Option(setting: "depth") var depth: String?
    @Flag(help: .setting("all-paths")) var allPaths = false
    @Flag(help: .setting("keep-beam-full")) var keepBeamFull = false
    @Option(setting: "iterations") var iterations: String?
    @Option(setting: "tree-policy") var treePolicy: String?
    @Option(setting: "exploration") var exploration: String?
    @Option(setting: "prior") var prior: String?
    @Option(setting: "rebase-temperature") var rebaseTemperature: String?
    @Option(setting: "lookahead") var lookahead: String?
    @Option(setting: "draft-factor") var draftFactor: String?
    @Option(setting: "draft-waves") var draftWaves: String?
    @Option(setting: "draft-steps") var draftSteps: String?
    @Option(setting: "target-waves") var targetWaves: String?
    @Option(setting: "draft-temperature") var draftTemperature: String?
    @Option(setting: "theta") var theta: String?
    @Option(setting: "estimator") var estimator: String?
    @Option(setting: "margin") var margin: String?
    @Option(setting: "first-threshold") var firstThreshold: String?
    @Option(setting: "router") var router: String?
    @Option(setting: "statistics") var statistics: String?
    @Option(
        help: ArgumentHelp("A file by calibrate, in place of --theta, --estimator and --margin.", valueName: "file"))
    var calibration: String?
    @Option(setting: "correction") var correction: String?
    @Option(setting: "extra-thought") var extraThought: String?
    @Flag(help: .setting("overlap")) var overlap = false
    @Flag(help: .setting("salvage")) var salvage = false
    @Option(setting: "draft-entropy") var draftEntropy: String?
    @Option(setting: "early-rejection") var earlyRejection: String?
    @Option(setting: "early-tokens") var earlyTokens: String?
    @Option(setting: "gsi-beta") var gsiBeta: String?
    @Option(setting: "gsi-threshold") var gsiThreshold: String?
    @Option(setting: "judge") var judge: String?
    @Option(setting: "aggregation") var aggregation: String?
    @Option(setting: "answer") var answer: String?
    @Option(setting: "answer-marker") var answerMarker: String?
    @Option(setting: "temperature") var temperature: String?
    @Option(setting: "top-k") var topK: String?
    @Option(setting: "top-p") var topP: String?
    @Option(setting: "min-p") var minP: String?
    @Option(setting: "max-tokens") var maxTokens: String?
    @Option(setting: "delimiter") var delimiter: String?
    @Option(setting: "seed") var seed: String?
    @Option(setting: "deadline") var deadline: String?
    @Option(setting: "thought-budget") var thoughtBudget: String?
    @Option(setting: "token-budget") var tokenBudget: String?

    /// What the user gave, by the settings' names.
    var given: [String: String] {
        let values: [(String, String?)] = [
            ("preset", preset), ("search", search), ("beams", beams), ("width", width), ("depth", depth),
            ("all-paths", allPaths ? "true" : nil),
            ("keep-beam-full", keepBeamFull ? "true" : nil), ("iterations", iterations), ("tree-policy", treePolicy),
            ("exploration", exploration), ("prior", prior), ("rebase-temperature", rebaseTemperature),
            ("lookahead", lookahead),
            ("draft-factor", draftFactor), ("draft-waves", draftWaves), ("draft-steps", draftSteps),
            ("target-waves", targetWaves), ("draft-temperature", draftTemperature), ("theta", theta),
            ("estimator", estimator),
            ("margin", margin), ("first-threshold", firstThreshold), ("router", router),
            ("statistics", statistics), ("correction", correction), ("extra-thought", extraThought),
            ("overlap", overlap ? "true" : nil), ("salvage", salvage ? "true" : nil),
            ("draft-entropy", draftEntropy), ("early-rejection", earlyRejection), ("early-tokens", earlyTokens),
            ("gsi-beta", gsiBeta), ("gsi-threshold", gsiThreshold), ("judge", judge), ("aggregation", aggregation),
            ("answer", answer), ("answer-marker", answerMarker), ("temperature", temperature), ("top-k", topK),
            ("top-p", topP), ("min-p", minP), ("max-tokens", maxTokens), ("delimiter", delimiter), ("seed", seed),
            ("deadline", deadline),
            ("thought-budget", thoughtBudget), ("token-budget", tokenBudget),
        ]
        return Dictionary(uniqueKeysWithValues: values.compactMap { key, value in value.map { (key, $0) } })
    }

    func validate() throws {
        let isFree = theta == nil && estimator == nil && margin == nil && firstThreshold == nil && router == nil
        guard calibration == nil || isFree else {
            throw ValidationError(
                "--calibration goes without --theta, --estimator, --margin, --first-threshold and --router: it is certified "
                    + "as it is.")
        }
        guard estimator?.hasPrefix("specreason") != true || judge ?? "target" == "target" else {
            throw ValidationError("specreason is a rule for the target's grades: it goes without --judge.")
        }
    }

    /// The settings of a search by one method.
    ///
    /// - Throws: `ValidationError`, naming what is unknown, out of range or without effect.
    func configuration(_ method: String?) throws -> SearchConfiguration {
        var configuration = SearchConfiguration()
        try ValidationError.wrapping {
            if let method { try configuration.apply(["method": method]) }
            try configuration.apply(given)
            try configuration.validate()
        }
        guard method == nil || configuration.method.rawValue == method else {
            throw ValidationError("--preset \(preset ?? "") is a method of its own: it goes without --method.")
        }
        try checkCalibration([configuration])
        return configuration
    }

    /// The settings of a search by one method or, where the user chose neither a method nor anything that the usual one
    /// for these models has no use for, of that one; says so where it is another than usual.
    ///
    /// - Throws: As ``configuration(_:)``, and what reading `--calibration` does.
    func configuration(_ method: String?, for engine: Engine) throws -> SearchConfiguration {
        let configuration = try calibrated(configuration(method))
        guard method == nil, preset == nil, search == nil, judge == nil, calibration == nil else {
            return configuration
        }
        var usual = SearchConfiguration.usual(for: engine)
        guard (try? usual.apply(given)) != nil else { return configuration }
        let missing = [
            (engine.rewardModel == nil, "reward model"), (engine.draft == nil, "draft"),
            (engine.target == nil, "target"),
        ].filter(\.0).map(\.1)
        guard !missing.isEmpty else { return usual }
        Terminal.say(
            "\(engine.defaults.name) has no \(missing.joined(separator: " and no ")): searching by "
                + "--search \(usual.search.rawValue) --method \(usual.method.rawValue).")
        return usual
    }

    /// The settings of searches by several methods, each with those that apply to it.
    ///
    /// - Throws: `ValidationError`, as ``configuration(_:)`` does; a setting is without effect where it is so in all.
    func configurations(_ methods: [SearchMethod]) throws -> [SearchConfiguration] {
        let base = try base()
        let configurations = methods.map { method in
            var configuration = base
            configuration.method = method
            return configuration
        }
        try check(configurations)
        return configurations
    }

    /// All that was given, whether it has an effect or not: what variants change.
    ///
    /// - Parameter usual: What holds where nothing was given, by the settings' names.
    func base(usual: [String: String] = [:]) throws -> SearchConfiguration {
        var configuration = SearchConfiguration()
        try ValidationError.wrapping {
            for setting in SearchSetting.all {
                if let text = given[setting.key] ?? usual[setting.key] {
                    try setting.apply(setting.parse(text), to: &configuration)
                }
            }
            try configuration.validate()
        }
        return configuration
    }

    /// What was given, over what suits the problems.
    ///
    /// - Parameters:
    ///   - isJudged: Whether there is, or may be, a reward model.
    ///   - isTold: Whether the user is told what holds where they said nothing.
    func base(for problems: [GradedProblem], isJudged: Bool, isTold: Bool = true) throws -> SearchConfiguration {
        guard !problems.isEmpty, problems.allSatisfy({ $0.codeTask != nil }) else { return try base() }
        var usual = CodeTask.searchSettings
        if !isJudged { usual["judge"] = StepJudge.examples.rawValue }
        let shown = usual.filter { given[$0.key] == nil }.sorted { $0.key < $1.key }
            .map { "--\($0.key) '\($0.value.replacing("\n", with: "\\n"))'" }
        if isTold, !shown.isEmpty {
            Terminal.say("The answers are programs, so for these problems: \(shown.joined(separator: " ")).")
        }
        return try base(usual: usual)
    }

    /// Refuses what has no effect in any of some searches.
    func check(_ configurations: [SearchConfiguration]) throws {
        guard var first = configurations.first else { return }
        for setting in SearchSetting.all where !configurations.contains(where: setting.applies) {
            // It does not apply there either: the refusal says why.
            if let text = given[setting.key] { try ValidationError.wrapping { try first.apply([setting.key: text]) } }
        }
        try checkCalibration(configurations)
    }

    private func checkCalibration(_ configurations: [SearchConfiguration]) throws {
        guard calibration == nil || configurations.contains(where: \.rejects) else {
            throw ValidationError("calibration has no effect here: it is for the methods auto and specsearch.")
        }
    }

    /// Settings with the rule of `--calibration`, where one is given.
    ///
    /// - Throws: What reading the file does.
    func calibrated(_ configuration: SearchConfiguration) throws -> SearchConfiguration {
        guard let calibration else { return configuration }
        var configuration = configuration
        configuration.rejection = try CalibrationFile(contentsOf: URL(fileURLWithPath: calibration)).policy
        return configuration
    }
}

/// `--methods`: several, side by side.
struct MethodsArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Methods, each compared with those before it.", valueName: "list"))
    var methods = "ar,sps,specsearch"

    func validate() throws { _ = try parsed() }

    /// The methods, each once.
    func parsed() throws -> [SearchMethod] {
        let names = methods.split(separator: ",").map(String.init)
        let parsed = try names.map(Self.parsed)
        guard !parsed.isEmpty, Set(parsed).count == parsed.count else {
            throw ValidationError("--methods names at least one method, and each once.")
        }
        return parsed
    }

    /// The method of a name.
    static func parsed(_ name: String) throws -> SearchMethod {
        guard let method = SearchMethod(rawValue: name) else {
            let known = SearchMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("There is no method \(name): there are \(known).")
        }
        return method
    }
}

extension Option where Value == String? {
    /// An option with the help of a setting.
    init(setting key: String) {
        let isSigned =
            switch SearchSetting.named(key)?.domain {
            case .integer(let range): range.lowerBound < 0
            case .number(let range): range.lowerBound < 0
            case .text: true
            default: false
            }
        // A value may begin with a minus sign.
        self.init(parsing: isSigned ? .unconditional : .next, help: .setting(key), completion: .setting(key))
    }
}

extension ArgumentHelp {
    /// The table's help for a setting.
    static func setting(_ key: String) -> ArgumentHelp {
        guard let setting = SearchSetting.named(key) else { return "" }
        let name =
            switch setting.domain {
            case .integer: "n"
            case .number: "x"
            case .choice, .text, .flag: "name"
            }
        var notes = setting.scope.map { ["for \($0)"] } ?? []
        if let usual = setting.usual, setting.domain != .flag { notes.append("default: \(usual)") }
        return ArgumentHelp(
            "\(setting.help)\(notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")",
            valueName: setting.unit ?? name)
    }
}

extension CompletionKind {
    /// The names that a setting takes.
    static func setting(_ key: String) -> CompletionKind {
        if case .choice(let names)? = SearchSetting.named(key)?.domain { .list(names) } else { .default }
    }
}

extension ValidationError {
    /// Does what may find a setting wrong: that is wrong use of a command.
    static func wrapping(_ body: () throws -> Void) throws {
        do { try body() } catch let error as SpecSearchError { throw ValidationError(error.description) }
    }
}
