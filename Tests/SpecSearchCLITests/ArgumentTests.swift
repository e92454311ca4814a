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
        ["solve", "x", "--estimator", "maximum"], ["solve", "x", "--draft-length", "4"], ["solve", "  "],
        ["solve", "x", "--example"], ["solve", "x", "--deadline", "0"], ["bench", "--methods", "ar,magic"],
        ["solve", "x", "--search", "dfs"], ["solve", "x", "--iterations", "0"], ["solve", "x", "--lookahead", "-1"],
        ["solve", "x", "--search", "self-consistency", "--lookahead", "1"], ["solve", "x", "--estimator", "gsi:8:0.4"],
        ["solve", "x", "--rebase-temperature", "0"], ["solve", "x", "--thought-budget", "0"],
        ["solve", "x", "--token-budget", "0"],
        ["bench", "--methods", "ar,ar"], ["bench", "--limit", "0"], ["solve", "x", "--threads", "0"], ["unknown"],
        ["solve", "x", "--margin", "2"],
        ["plan", "--estimator", "gsi"], ["plan", "--judge", "target"], ["solve", "x", "--estimator", "specreason:10"],
        ["solve", "x", "--judge", "nobody"], ["solve", "x", "--program", "f.py"], ["solve", "--program", ""],
        ["solve", "--program", "f.py", "--judge", "confidence"], ["solve", "--program", "f.py", "--preset", "rsd"],
        ["solve", "--program", "f.py", "--calibration", "c"],
        ["solve", "--example", "--program", "f.py"], ["solve", "--input", "i", "--program", "f.py"],
        ["solve", "x", "--estimator", "specreason", "--judge", "prm"],
        ["solve", "x", "--models", "m", "--target", "b"], ["solve", "x", "--chat-template", "gguf"],
        ["solve", "x", "--num-speculative-tokens", "65"], ["solve", "x", "--cache-tokens", "0"],
        ["solve", "x", "--calibration", "c", "--theta", "0.5"],
        ["solve", "x", "--adapter", "a.gguf"], ["solve", "x", "--adapter", "judge:a.gguf"],
        ["solve", "x", "--adapter", "draft:@2"], ["solve", "x", "--config", "c", "--adapter", "draft:a.gguf"],
        ["solve", "x", "--gpu-layers", "-1"], ["bench", "--gpu-layers", "1,2"], ["tune", "--gpu-layers", "draft:x"],
        ["serve", "--main-gpu", "first"], ["models", "check", "m", "--tensor-split", "1,-1"],
        ["solve", "x", "--config", "c", "--models", "m"], ["solve", "x", "--config", "c", "--target", "b"],
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
        ["solve", "x"], ["solve", "--example", "--method", "specsearch", "--beams", "3", "--estimator", "ucb:1.645"],
        ["bench", "--methods", "ar,sps,specsearch", "--limit", "300", "--seed", "1", "--json"],
        ["solve", "x", "--search", "mcts", "--tree-policy", "uct", "--exploration", "1", "--iterations", "9"],
        ["bench", "--search", "rebase", "--rebase-temperature", "0.1", "--answer", "vote"],
        [
            "solve", "x", "--search", "best-of-n", "--estimator", "rsd", "--thought-budget", "100", "--token-budget",
            "9",
        ],
        ["solve", "x", "--draft", "a", "--target", "b", "--prm", "c"], ["replay", "trace.jsonl"],
        ["solve", "x", "--margin", "0.05"], ["bench", "--margin=-0.05"],
        ["solve", "x", "--margin", "-0.05", "--seed", "-1"],
        ["solve", "--program", "f.py"], ["solve", "--program", "f.py", "--resume", "t.jsonl"],
        ["grade"], ["grade", "--mode", "compat", "-"], ["plan", "--check", "--limit", "40"], hypothetical,
        ["solve", "x", "--estimator", "specreason"], ["bench", "--estimator", "specreason:6.5", "--judge", "target"],
        ["solve", "x", "--judge", "target"],
        ["solve", "x", "--method", "gsi", "--gsi-beta", "8", "--gsi-threshold", "0.4"],
        ["solve", "x", "--target", "b", "--method", "ar", "--search", "self-consistency"],
        ["solve", "x", "--draft", "a", "--method", "draft", "--chat-template", "{problem}"],
        ["solve", "x", "--num-speculative-tokens", "0", "--cache-tokens", "8192", "--threads", "2", "--workers", "3"],
        ["calibrate", "--output", "o", "--epsilon", "3"], ["models", "check", "m"], ["report", "a", "b"],
    ])
    func `Right use is accepted`(arguments: [String]) throws {
        _ = try SpecSearchCommand.parseAsRoot(arguments)
    }

    #if Cluster
        @Test func `Models elsewhere are accepted in place of models here`() throws {
            _ = try SpecSearchCommand.parseAsRoot(["solve", "x", "--config", "c", "--set", "target.model=m"])
        }
    #else
        @Test(arguments: [["solve", "x", "--config", "c"], ["doctor", "--config", "c"]])
        func `A build without clusters says which build has them`(arguments: [String]) {
            let error = #expect(throws: (any Error).self) { _ = try SpecSearchCommand.parseAsRoot(arguments) }
            let message = error.map { SpecSearchCommand.fullMessage(for: $0) } ?? ""
            #expect(message.contains("This build has no clusters: make build makes one that has."))
        }
    #endif

    #if !Server
        @Test(arguments: [["serve", "--port", "0"], ["view", "trace.jsonl"], ["serve", "--help"]])
        func `A build without the server says which build has it`(arguments: [String]) {
            let error = #expect(throws: (any Error).self) { _ = try SpecSearchCommand.parseAsRoot(arguments) }
            let message = error.map { SpecSearchCommand.fullMessage(for: $0) } ?? ""
            #expect(message.contains("This build has no server: make build makes one that has."))
        }
    #endif
}
