import ArgumentParser
import SpecSearchCLI
import Testing

/// Models and a machine that are not there.
private let hypothetical = [
    "plan", "--draft-parameters", "1.5e9", "--target-parameters", "72e9", "--prm-parameters", "7e9", "--bandwidth",
    "3350", "--flops", "989", "--acceptance", "0.8", "--token-acceptance", "0.8", "--step-tokens", "60", "--steps", "9",
]

@Suite struct ArgumentTests {
    @Test(arguments: [
        ["solve", "x", "--method", "magic"], ["solve", "x", "--width", "0"], ["solve", "x", "--theta", "1.5"],
        ["solve", "x", "--estimator", "maximum"], ["solve", "x", "--draft", "a.gguf"], ["solve", "  "],
        ["solve", "x", "--example"], ["solve", "x", "--deadline", "0"], ["bench", "--methods", "ar,magic"],
        ["solve", "x", "--search", "dfs"], ["solve", "x", "--iterations", "0"], ["solve", "x", "--lookahead", "-1"],
        ["solve", "x", "--search", "self-consistency", "--lookahead", "1"], ["solve", "x", "--estimator", "gsi:0:1"],
        ["solve", "x", "--rebase-temperature", "0"], ["solve", "x", "--thought-budget", "0"],
        ["solve", "x", "--token-budget", "0"],
        ["bench", "--methods", "ar,ar"], ["bench", "--limit", "0"], ["solve", "x", "--threads", "0"], ["unknown"],
        ["solve", "x", "--margin", "2"],
        ["plan", "--estimator", "gsi"], ["plan", "--judge", "target"], ["solve", "x", "--estimator", "specreason:10"],
        ["solve", "x", "--judge", "nobody"],
        ["solve", "x", "--estimator", "specreason", "--judge", "prm"],
        ["grade", "--mode", "kind"],
        ["solve", "x", "--config", "c", "--models", "m"],
        ["evaluate", "--output", "o", "--config", "c", "--models", "m"],
        ["bench", "--config", "c", "--profile"], ["bench", "--config", "c", "--shape", "openr"],
        ["bench", "--config", "c", "--engine"], ["bench", "--config", "c", "--concurrency", "2"],
        ["tune", "--config", "c"], ["bench", "--set", "a=b"],
        ["grade", "--mode", "kind"], ["plan", "--target-parameters", "72e9"], ["plan", "--no-pilot"],
        ["plan", "--overhead", "1"], ["plan", "--pilot", "0"], ["plan", "--search", "mcts"],
        ["plan", "--acceptance", "1.5"], hypothetical + ["--bandwidth", "-1"], hypothetical + ["--check"],
    ])
    func `Wrong use is refused with status 64 and the usage`(arguments: [String]) {
        do {
            _ = try SpecSearchCommand.parseAsRoot(arguments)
            Issue.record("\(arguments) was accepted")
        } catch {
            #expect(SpecSearchCommand.exitCode(for: error).rawValue == 64)
            #expect(SpecSearchCommand.fullMessage(for: error).contains("Usage: specsearch"))
        }
    }

    @Test(arguments: ["beam", "mcts", "mcts-openr", "best-of-n", "self-consistency", "dvts", "rebase"])
    func `Every search has its name, and the help knows it`(name: String) throws {
        _ = try SpecSearchCommand.parseAsRoot(["solve", "x", "--search", name])
        _ = try SpecSearchCommand.parseAsRoot(["bench", "--search", name])
        var command = try SpecSearchCommand.parseAsRoot(["help", "solve"])
        let help = #expect(throws: (any Error).self) { try command.run() }
        #expect(help.map { SpecSearchCommand.fullMessage(for: $0) }?.contains(name) == true)
    }

    @Test(arguments: [
        ["solve", "x"], ["solve", "--example", "--method", "sps", "--beams", "3", "--estimator", "ucb:1.645"],
        ["bench", "--methods", "ar,sps,specsearch", "--limit", "300", "--seed", "1", "--json"],
        ["solve", "x", "--search", "mcts", "--tree-policy", "uct", "--exploration", "1", "--iterations", "9"],
        ["bench", "--search", "rebase", "--rebase-temperature", "0.1", "--answer", "vote"],
        [
            "solve", "x", "--search", "best-of-n", "--estimator", "rsd", "--thought-budget", "100", "--token-budget",
            "9",
        ],
        ["solve", "x", "--draft", "a", "--target", "b", "--prm", "c"], ["replay", "trace.jsonl"],
        ["solve", "x", "--margin", "0.05"], ["bench", "--margin=-0.05"],
        ["grade"], ["grade", "--mode", "compat", "-"], ["plan", "--check", "--limit", "40"], hypothetical,
        ["solve", "x", "--estimator", "specreason"], ["bench", "--estimator", "specreason:6.5", "--judge", "target"],
        ["solve", "x", "--judge", "target"], ["solve", "x", "--estimator", "gsi:8:0.4"],
    ])
    func `Right use is accepted`(arguments: [String]) throws {
        _ = try SpecSearchCommand.parseAsRoot(arguments)
    }
}
