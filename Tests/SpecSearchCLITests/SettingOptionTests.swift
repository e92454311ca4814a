import ArgumentParser
import SpecSearch
import SpecSearchCLI
import Testing

/// The table of settings against the options of every command that searches.
@Suite struct SettingOptionTests {
    static let commands: [(name: String, arguments: [String])] = {
        var commands: [(name: String, arguments: [String])] = [
            ("solve", ["x"]), ("bench", []), ("evaluate", ["--output", "o"]), ("calibrate", ["--output", "o"]),
        ]
        #if Server
            commands.append(("serve", []))
        #endif
        return commands
    }()

    /// A method and a search for which a setting has an effect.
    private static func context(of setting: SearchSetting) -> [String: String] {
        // A preset is a method of its own.
        if setting.key == "preset" { return ["method": "specsearch"] }
        if setting.key == "early-tokens" { return ["method": "specsearch", "early-rejection": "0.1"] }
        for method in SearchMethod.allCases {
            for search in SearchKind.allCases {
                var configuration = SearchConfiguration()
                (configuration.method, configuration.search) = (method, search)
                if setting.applies(to: configuration) { return ["method": method.rawValue, "search": search.rawValue] }
            }
        }
        return [:]
    }

    /// A value that a setting takes.
    private static func value(of setting: SearchSetting) -> String? {
        switch setting.domain {
        case .integer(let range): "\(max(1, range.lowerBound))"
        case .number(let range): "\(range.upperBound)"
        case .choice(let names): setting.key == "preset" ? names.first : names.last
        case .text: ["estimator": "ucb:1.5", "router": "-1/2/3/4/5@0.5"][setting.key] ?? "Answer: "
        case .flag: nil
        }
    }

    /// `solve` with one setting, where it has an effect.
    private static func solve(_ setting: SearchSetting, value: String?) -> [String] {
        var settings = context(of: setting)
        settings[setting.key] = nil
        return ["solve", "x"] + settings.sorted { $0.key < $1.key }.flatMap { ["--\($0.key)", $0.value] }
            + ["--\(setting.key)"] + (value.map { [$0] } ?? [])
    }

    @Test(arguments: commands.map(\.name)) func `The options are the settings, in their order`(command: String) throws {
        let options = try Help(command).options(in: "SEARCH").filter { $0 != "calibration" }
        #expect(options == SearchSetting.all.map(\.key).filter { $0 != "method" })
    }

    @Test(arguments: ["solve"]) func `An option has the table's help, unit, scope and default`(command: String) throws {
        let help = try Help(command)
        #expect(help.options(in: "OPTIONS").contains("method"))
        for setting in SearchSetting.all {
            #expect(help.words.contains(Help.words(setting.help)), "\(setting.key)")
            if let unit = setting.unit { #expect(help.words.contains("--\(setting.key) <\(unit)>"), "\(setting.key)") }
            if let scope = setting.scope { #expect(help.words.contains(Help.words(scope)), "\(setting.key)") }
            if let usual = setting.usual, setting.domain != .flag {
                #expect(help.words.contains(Help.words("default: \(usual))")), "\(setting.key)")
            }
        }
    }

    @Test(arguments: SearchSetting.all.map(\.key)) func `A setting is read by its option`(key: String) throws {
        let setting = try SearchSetting.required(key)
        _ = try SpecSearchCommand.parseAsRoot(Self.solve(setting, value: Self.value(of: setting)))
    }

    @Test(
        arguments: SearchSetting.all.map(\.key).filter {
            // These take any text.
            SearchSetting.named($0)?.domain != .flag && !["answer-marker", "delimiter"].contains($0)
        })
    func `A wrong value is refused by the setting's name`(key: String) throws {
        expectRefusal(
            of: Self.solve(try SearchSetting.required(key), value: "nonsense"), "\(key) cannot be \"nonsense\"")
    }

    @Test(arguments: [
        (["solve", "x", "--method", "ar", "--theta", "0.5"], "theta has no effect here"),
        (["solve", "x", "--method", "draft", "--draft-factor", "3"], "draft-factor has no effect here"),
        (["solve", "x", "--gsi-beta", "8"], "gsi-beta has no effect here: it is for the method gsi"),
        (["solve", "x", "--method", "gsi", "--estimator", "mean"], "estimator has no effect here"),
        (["solve", "x", "--search", "mcts", "--beams", "3"], "beams has no effect here"),
        (["solve", "x", "--search", "mcts", "--keep-beam-full"], "keep-beam-full has no effect here"),
        (["solve", "x", "--iterations", "9"], "iterations has no effect here: it is for the searches mcts"),
        (["solve", "x", "--search", "self-consistency", "--lookahead", "1"], "lookahead has no effect here"),
        (["solve", "x", "--method", "sps", "--calibration", "c.json"], "calibration has no effect here"),
        (["bench", "--methods", "ar,sps", "--theta", "0.5"], "theta has no effect here"),
        (["bench", "--gsi-threshold", "0.4"], "gsi-threshold has no effect here"),
        (["evaluate", "--output", "o", "--methods", "ar", "--margin", "0.1"], "margin has no effect here"),
        (["evaluate", "--output", "o", "--variant", "ar: ar, theta=0.5"], "theta has no effect here"),
        (["evaluate", "--output", "o", "--variant", "a: breadth=3"], "no setting \"breadth\""),
        (["evaluate", "--output", "o", "--seed", "1"], "seed has no effect here: give --seeds"),
        (["calibrate", "--output", "o", "--theta", "0.5"], "this command chooses"),
        (["calibrate", "--output", "o", "--gsi-beta", "5"], "gsi-beta has no effect here"),
        (["solve", "x", "--beams", "100000", "--width", "100000"], "beams × width × draft-factor"),
    ])
    func `A setting without effect is refused by name`(arguments: [String], says: String) {
        expectRefusal(of: arguments, says)
    }

    @Test(arguments: [
        ["bench", "--methods", "ar,specsearch", "--theta", "0.5"],
        ["bench", "--methods", "ar,gsi", "--gsi-beta", "8", "--draft-factor", "3"],
        ["evaluate", "--output", "o", "--theta", "0.5"],
        ["evaluate", "--output", "o", "--beams", "3", "--variant", "a: search=mcts", "--variant", "b: width=2"],
        ["evaluate", "--output", "o", "--experiment", "ablations", "--width", "3"],
        ["calibrate", "--output", "o", "--statistics", "union", "--draft-factor", "3"],
    ])
    func `Of several methods, one that has the setting is enough`(arguments: [String]) throws {
        _ = try SpecSearchCommand.parseAsRoot(arguments)
    }

    private func expectRefusal(
        of arguments: [String], _ says: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: (any Error).self, sourceLocation: sourceLocation) {
            _ = try SpecSearchCommand.parseAsRoot(arguments)
        }
        guard let error else { return }
        #expect(SpecSearchCommand.exitCode(for: error).rawValue == 64, sourceLocation: sourceLocation)
        let message = SpecSearchCommand.fullMessage(for: error)
        #expect(message.contains(says), "\(arguments): \(message)", sourceLocation: sourceLocation)
    }
}

/// A command's help.
private struct Help {
    let text: String

    init(_ command: String) throws {
        var help = try SpecSearchCommand.parseAsRoot(["help", command])
        let error = #expect(throws: (any Error).self) { try help.run() }
        text = error.map { SpecSearchCommand.fullMessage(for: $0) } ?? ""
    }

    /// The text on one line.
    var words: String { Self.words(text) }

    static func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The long options of a section, in their order.
    func options(in section: String) -> [String] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix(section) }) else { return [] }
        return lines[(start + 1)...].prefix { !$0.isEmpty }.compactMap { line in
            line.firstMatch(of: /^  --([a-z-]+)/).map { String($0.output.1) }
        }
    }
}
